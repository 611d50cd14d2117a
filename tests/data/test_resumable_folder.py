import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from twostage_hdr.data.resumable_folder import exclusive_lock
from twostage_hdr.errors import InputError

BUSY = InputError("folder", "busy", "wait")


def test_a_lock_is_held_until_its_process_ends(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from twostage_hdr.data.resumable_folder import exclusive_lock\n"
        "with exclusive_lock(Path(sys.argv[1]), ValueError('busy')): pass"
    )
    other = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with exclusive_lock(tmp_path / "lock", BUSY):
        assert "busy" in subprocess.run(other, capture_output=True, text=True).stderr
    assert subprocess.run(other, capture_output=True, text=True).returncode == 0


def test_a_link_in_its_place_is_not_followed_and_a_pipe_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("worth keeping")
    (tmp_path / "lock").symlink_to("mine.txt")
    with pytest.raises(OSError, match=os.strerror(errno.ELOOP)), exclusive_lock(tmp_path / "lock", BUSY):
        pass
    assert (tmp_path / "mine.txt").read_text() == "worth keeping"
    os.mkfifo(tmp_path / "pipe")
    with exclusive_lock(tmp_path / "pipe", BUSY):
        pass
