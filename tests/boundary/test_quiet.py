import os
import subprocess
import sys
import threading

import pytest

from twostage_hdr.boundary.quiet import quiet_libraries


def test_what_a_library_in_c_writes_is_not_seen(capfd):
    os.write(2, b"before\n")
    with quiet_libraries():
        os.write(2, b"noise\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"


def test_standard_error_returns_after_a_failure_and_after_nested_and_parallel_readers(capfd):
    inside = threading.Barrier(2)

    def read() -> None:
        with quiet_libraries():
            inside.wait()
            os.write(2, b"noise\n")

    thread = threading.Thread(target=read)
    thread.start()
    with pytest.raises(ValueError), quiet_libraries():
        raise ValueError(inside.wait())
    thread.join()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_of_standard_output_only_the_reading_threads_words_are_lost(capsys):
    with quiet_libraries():
        print("noise")
        other = threading.Thread(target=print, args=("a result",))
        other.start()
        other.join()
    print("afterwards")
    assert capsys.readouterr().out == "a result\nafterwards\n"


def test_what_a_library_in_c_prints_to_standard_output_is_not_seen_either(capfd):
    with quiet_libraries():
        os.write(1, b"noise\n")
        other = threading.Thread(target=print, args=("a result",))
        other.start()
        other.join()
    print("afterwards", flush=True)
    assert capfd.readouterr().out == "a result\nafterwards\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_what_other_threads_print_below_a_progress_bar_arrives(stream):
    program = """
import sys, threading
from rich.console import Console
from rich.progress import Progress
from twostage_hdr.boundary.quiet import quiet_libraries
console = Console(force_terminal=True, width=80)
with Progress(console=console) as bar:
    bar.add_task("reading")
    with quiet_libraries():
        words = Console(stderr=True) if sys.argv[1] == "stderr" else console
        other = threading.Thread(target=words.print, args=("a result",))
        other.start()
        other.join()
"""
    done = subprocess.run([sys.executable, "-c", program, stream], capture_output=True, text=True, check=True)
    assert "a result" in done.stdout + done.stderr


def test_standard_error_is_kept_for_the_threads_that_do_not_read(capfd):
    with quiet_libraries():
        print("noise", file=sys.stderr)
        os.write(2, b"noise\n")
        other = threading.Thread(target=lambda: print("failed: a.jpg", file=sys.stderr))
        other.start()
        other.join()
    print("afterwards", file=sys.stderr, flush=True)
    assert capfd.readouterr().err == "failed: a.jpg\nafterwards\n"
