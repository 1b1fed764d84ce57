"""The answer room: what is a question for the bot, what it answers, with which proof, and what members make of it."""
