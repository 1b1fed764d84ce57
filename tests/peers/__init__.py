"""Real servers that stand on the other side of a socket in tests."""
