"""The one exception that a user's mistake raises."""


class InputError(ValueError):
    """Input from outside (a file, a folder, a setting) that cannot be used.

    The message is one line that names the file or setting, the value seen and the cure; the command line prints it
    without a traceback and exits with code 2.
    """
