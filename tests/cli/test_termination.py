"""Signals that ask the process to end."""

import os
import signal

import pytest

from twostage_hdr.cli.termination import clean_termination


@pytest.fixture(autouse=True)
def default_handler():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


def test_the_request_is_an_exit_with_the_signals_code_and_the_default_comes_back():
    with pytest.raises(SystemExit) as leaving, clean_termination():
        os.kill(os.getpid(), signal.SIGTERM)
    assert leaving.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_is_ignored_stays_ignored():
    """As nohup has it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with clean_termination():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
