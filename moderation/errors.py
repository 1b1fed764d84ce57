"""The one base of the errors that an operator is meant to read."""


class XiaoerError(Exception):
    """A fault told in one line: what is wrong, where, and how to mend it. The CLI prints it without a traceback."""
