"""Training the judge: the lessons and the corpus, the linear model and the network."""
