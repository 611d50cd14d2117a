"""The console command in a process of its own, forked, so that imports cost nothing."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path


def start(arguments: Sequence[str], log: Path, errors: Path | None = None, *, folder: Path | None = None) -> int:
    """Starts the command; what it prints is appended to the log, errors to a file of their own if there is one.

    Returns:
        The process, which leads a group of its own.
    """
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for descriptor, path in ((1, log), (2, errors or log)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
        sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
        os.chdir(folder or Path.cwd())
        sys.argv = ["twostage-hdr", *arguments]
        from twostage_hdr.cli.main import main

        main()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def finish(process: int) -> int:
    """Waits for it; the exit code, negative for the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
