"""The one exception that a user's mistake raises, and the word before what a user must not overlook."""

WARNING = "warning: "
"""Begins a note that a user must not overlook: the command line gives it a line of its own."""


class InputError(ValueError):
    """Input from outside (a file, a folder, a setting) that cannot be used.

    The message is one line, `subject: seen; cure`. The command line prints it without a traceback and exits with
    code 2.

    Args:
        subject: the file, or the setting with its value.
        seen: what is wrong with it, with the value seen.
        cure: what to do instead; empty where `seen` says what was expected.
    """

    def __init__(self, subject: object, seen: str = "", cure: str = "") -> None:
        self.subject, self.seen, self.cure = str(subject), seen, cure
        super().__init__(self.subject, seen, cure)  # all three, so that it survives pickling between processes

    def __str__(self) -> str:
        """The line that the command prints."""
        problem = f"{self.subject}: {self.seen}" if self.seen else self.subject
        return f"{problem}; {self.cure}" if self.cure else problem
