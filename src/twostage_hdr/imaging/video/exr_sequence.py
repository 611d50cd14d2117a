"""Frames as a folder of OpenEXR files, which appears under its name only when complete."""

import re
import shutil
from pathlib import Path
from types import TracebackType

from twostage_hdr.errors import InputError
from twostage_hdr.imaging.atomic import remove_leftovers, temporary_sibling
from twostage_hdr.imaging.exr import exr_writer
from twostage_hdr.imaging.pixel_arrays import LinearPixels
from twostage_hdr.imaging.result_format import DEFAULTS, Result, ResultOptions

_LEFT_BY_FILE_MANAGERS = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))


class ExrSequence:
    """`clip_exr/clip.000001.exr` and so on, numbered from 1.

    Args:
        folder: the folder to make; one of such frames that is there is replaced at the end.
        stem: what the files' names begin with.
        options: of the files.
    """

    def __init__(self, folder: Path, stem: str, options: ResultOptions = DEFAULTS) -> None:
        self.folder, self._stem, self._options = folder, stem, options
        self._growing = temporary_sibling(folder)
        self._count = 0

    def __enter__(self) -> "ExrSequence":
        if self.folder.is_symlink() or (self.folder.exists() and not self.folder.is_dir()):
            kind = "a link" if self.folder.is_symlink() else "a file"
            raise InputError(self.folder, f"is {kind}", "the frames need a folder of that name")
        frame = re.compile(rf"{re.escape(self._stem)}\.\d{{6,}}\.exr")
        for path in self.folder.iterdir() if self.folder.exists() else ():
            if not frame.fullmatch(path.name) and path.name not in _LEFT_BY_FILE_MANAGERS:
                raise InputError(path, "is no frame of an earlier run, its folder would be replaced", "move it away")
        remove_leftovers(self.folder.parent)
        self._growing.mkdir()
        return self

    def write(self, linear: LinearPixels, *, pixel_aspect: float = 1.0) -> None:
        """Adds a frame of linear Rec. 709 pixels, whose width / height is `pixel_aspect`."""
        self._count += 1
        path, (height, width) = self._growing / f"{self._stem}.{self._count:06d}.exr", linear.shape[:2]
        target = Result(paths=[path], width=width, height=height, options=self._options)
        with exr_writer(target, pixel_aspect=pixel_aspect) as file:
            file.write_rows(linear)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                if self.folder.exists():
                    shutil.rmtree(self.folder)
                self._growing.rename(self.folder)
        finally:
            shutil.rmtree(self._growing, ignore_errors=True)
