"""The console command as a process of its own, which leaves without tearing Python down."""

import atexit
import io
import os
import sys
import warnings
from pathlib import Path


def main() -> None:
    """The verbs; imported here, so that Ctrl-C is one line from the first moment on."""
    from twostage_hdr.cli.main import main as verbs

    verbs()


def console() -> None:
    """Runs the verb and leaves with its exit code.

    With all of PyTorch alive, Python's teardown takes a third of a second, and OpenImageIO's bindings report as leaks
    what it destroys out of order. So the process ends after the exit functions of the libraries: the one registered
    first, before any library is imported, is called last.
    """
    status = 1  # of an exception that nobody handles
    # Somewhere to write, if the shell gave none (`>&-`), and no name that its encoding cannot write.
    nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error does
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"  # without a line of our source

    def leave() -> None:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except OSError:  # the reader has gone, or the disk is full
            os._exit(status or 1)
        os._exit(status)

    atexit.register(leave)
    try:
        main()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        raise
    except KeyboardInterrupt:  # before typer, which makes an exit of it, is there
        status = 130  # as in shells
        print("interrupted", file=sys.stderr)
        sys.exit(status)
    status = 0
