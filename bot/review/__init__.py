"""The moderators' desk as the bot keeps it: cases laid, cards shown, decisions carried out and taken back."""
