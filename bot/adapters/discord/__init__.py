"""Discord, as the house meets it."""
