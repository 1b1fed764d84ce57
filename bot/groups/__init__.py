"""The communities: which chats belong to which, who comes and goes, how a chat is set up, what is kept of a member."""
