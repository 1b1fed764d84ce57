"""Judging a message: the checks, the trained classifier, and what weighs what."""
