"""Which state of the sources made a result."""

import subprocess
from pathlib import Path

import twostage_hdr


def commit() -> str:
    """The checkout's commit, `-dirty` with changes; "unknown" in an installed package or without git."""
    folder = Path(twostage_hdr.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return told.stdout.strip() or "unknown"
