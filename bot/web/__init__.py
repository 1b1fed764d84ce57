"""What the community page and the moderators' console share: serving, the guard at the door, pages and their look."""
