import os
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
