"""What the community knows: documents, the passages cut from them, the search over those, and their shelf."""
