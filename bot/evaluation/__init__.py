"""How well questions are answered: whole knowledge folders asked, not a reader alone."""
