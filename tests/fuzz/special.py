"""What may stand where a file is expected and is no mutated one: no files at all, odd names, claims, bombs, code."""

import io
import os
import pickle
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from PIL import Image

Special = Callable[[Path, bytes], object]
"""Puts it at the path; given the valid file's bytes. What lies elsewhere is returned as a path."""

_SIDE = 65535
_RUN = ("touch ran",)


def _pipe(path: Path, _: bytes) -> None:
    os.mkfifo(path)


def _socket(path: Path, _: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # a socket's name has at most 107 bytes
        made.bind(path.name)
        os.chdir(before)


def _link(target: str) -> Special:
    return lambda path, _: path.symlink_to(target)


def _content(data: bytes) -> Special:
    return lambda path, _: path.write_bytes(data)


def _sparse(path: Path, _: bytes) -> None:
    with path.open("wb") as file:
        file.truncate(2**36)


def _unreadable(path: Path, valid: bytes) -> None:
    path.write_bytes(valid)
    path.chmod(0)


def _named(stem: str) -> Special:
    """The valid file under another name."""

    def write(path: Path, valid: bytes) -> Path:
        odd = path.with_name(stem + path.suffix)
        odd.write_bytes(valid)
        return odd

    return write


def _too_long(path: Path, _: bytes) -> Path:
    return path.with_name("n" * 300 + path.suffix)


def _picture(name: str, *fields: tuple[int, int]) -> bytes:
    """A picture of a few hundred bytes that claims 65535 x 65535 pixels in the fields (place, bytes) of its header."""
    stream = io.BytesIO()
    Image.new("P" if name == "GIF" else "RGB", (16, 16)).save(stream, name)
    data = bytearray(stream.getvalue())
    start = data.index(b"\xff\xc0") if name == "JPEG" else 0
    for at, width in fields:
        data[start + at : start + at + width] = _SIDE.to_bytes(width, "little")
    return bytes(data)


def _png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, rows: int = 1) -> bytes:
    """A PNG of zeros with correct checksums and so many of its rows."""
    row = bytes(1 + 3 * width * depth // 8)
    packed = zlib.compressobj(9)
    pixels = b"".join(packed.compress(row) for _ in range(rows)) + packed.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b""))
    body = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def _bomb() -> bytes:
    """64 MiB of zeros, packed."""
    return zlib.compress(bytes(2**26), 9)


def _tiff(*tags: tuple[int, int, int, int]) -> bytes:
    """A little-endian TIFF of these tags: number, type, count, value."""
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0\x08\0\0\0" + directory + bytes(4)


_TIFF_OF = ((256, 4, 1, _SIDE), (257, 4, 1, _SIDE), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8))


def _exr() -> bytes:
    """An OpenEXR header of 2 billion rows and columns, and nothing else."""
    box = struct.pack("<iiii", 0, 0, 2**31 - 2, 2**31 - 2)
    channels = b"".join(name + b"\0" + struct.pack("<iiii", 1, 0, 1, 1) for name in (b"B", b"G", b"R")) + b"\0"
    attributes = (
        (b"channels", b"chlist", channels), (b"compression", b"compression", b"\0"), (b"dataWindow", b"box2i", box),
        (b"displayWindow", b"box2i", box), (b"lineOrder", b"lineOrder", b"\0"),
        (b"pixelAspectRatio", b"float", struct.pack("<f", 1)), (b"screenWindowCenter", b"v2f", bytes(8)),
        (b"screenWindowWidth", b"float", struct.pack("<f", 1)),
    )  # fmt: skip
    body = b"".join(name + b"\0" + kind + b"\0" + struct.pack("<i", len(v)) + v for name, kind, v in attributes)
    return b"\x76\x2f\x31\x01\x02\0\0\0" + body + b"\0"


def _npy(shape: str, dtype: str = "'<f8'", order: str = "False", data: bytes = bytes(64)) -> bytes:
    header = f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + data


def _safetensors(header: bytes, *, length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + bytes(64)


def _zip(entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


class _Runs:
    """Its pickle calls a function of the system."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, _RUN


def _of_torch(content: bytes, **options: int) -> bytes:
    return _zip({"a/data.pkl": content, "a/version": b"3\n", "a/byteorder": b"little"}, **options)


def _npz(content: bytes) -> bytes:
    return _zip({"params.npy": _npy("(1,)", "'|O'", data=content), "../../ran.npy": _npy("(8,)")})


_ALIASES = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
_GLOBAL = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x09touch ran\x85R."
_ESCAPES = "\x1b]0;owned\x07\x1b[2J\x1b[31m[bold]:skull:[/bold][/]\r\n"

SPECIAL: dict[str, Special] = {
    # No file.
    "missing": lambda path, _: None,
    "empty": lambda path, _: path.touch(),
    "a folder": lambda path, _: path.mkdir(),
    "a pipe": _pipe,
    "a socket": _socket,
    "an endless device": _link("/dev/zero"),
    "an empty device": _link("/dev/null"),
    "a terminal": _link("/dev/tty"),
    "a file of the system without a size": _link("/proc/self/mem"),
    "all memory of the system as a file": _link("/proc/kcore"),
    "a link to the folder above": _link(".."),
    "a link to nothing": _link("nothing"),
    "a loop of links": lambda path, _: path.symlink_to(path.name),
    "a file below a file": lambda path, valid: path.write_bytes(valid) and path / "below.png",
    "a file that may not be read": _unreadable,
    "64 GiB of zeros on 0 blocks": _sparse,
    # Names.
    "a name that is too long": _too_long,
    "a name that is no text": _named(os.fsdecode(b"a\xff\xfe")),
    "a name of two lines": _named("a\nfailed: b"),
    "a name that speaks to the terminal": _named(_ESCAPES.strip().replace("/", "")),
    "a name that looks like markup": _named("[bold red]a[]:warning:*?"),
    "a name that looks like an option": _named("--overwrite"),
    # Claims.
    "a huge JPEG": _content(_picture("JPEG", (5, 2), (7, 2))),
    "a huge BMP": _content(_picture("BMP", (18, 4), (22, 4))),
    "a huge GIF": _content(_picture("GIF", (6, 2), (8, 2))),
    "a huge PNG": _content(_png(_SIDE, _SIDE)),
    "a huge PNG of 16 bits": _content(_png(_SIDE, _SIDE, depth=16)),
    "a huge TIFF": _content(_tiff(*_TIFF_OF, (277, 3, 1, 1), (278, 4, 1, _SIDE), (279, 4, 1, 64))),
    "a TIFF of a billion channels": _content(_tiff(*_TIFF_OF, (277, 4, 1, 10**9), (279, 4, 2**31, 8))),
    "EXIF of four billion entries": _content(_tiff(*_TIFF_OF, (34665, 4, 1, 8), (37500, 7, 2**32 - 1, 8))),
    "a huge OpenEXR": _content(_exr()),
    "a huge Radiance picture": _content(b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 99999999 +X 99999999\n" + bytes(64)),
    "a huge array": _content(_npy("(1099511627776,)")),
    "an array whose size overflows": _content(_npy("(4294967296, 4294967296, 16)", order="True")),
    "an array of a negative size": _content(_npy("(-1,)")),
    "an array of a deep header": _content(_npy("(" * 500 + ")" * 500)),
    "an array of dates": _content(_npy("(8,)", "'<M8[ns]'")),
    "a safetensors header of 8 EiB": _content(_safetensors(b"{}", length=2**63 - 1)),
    "safetensors that overlap": _content(_safetensors(
        b'{"a":{"dtype":"F32","shape":[16],"data_offsets":[0,64]},"b":{"dtype":"F32","shape":[8],"data_offsets":[0,32]}}'
    )),
    "safetensors whose sizes overflow": _content(_safetensors(
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,64]}}'
    )),
    # Bombs.
    "a PNG of 400 megapixels of zeros": _content(_png(20_000, 20_000, rows=1000)),
    "a PNG with a packed profile": _content(_png(16, 16, (b"iCCP", b"a\0\0" + _bomb()), rows=16)),
    "a PNG with a packed text": _content(_png(16, 16, (b"zTXt", b"a\0\0" + _bomb()), rows=16)),
    "a packed checkpoint": _content(_of_torch(bytes(2**26), compression=zipfile.ZIP_DEFLATED)),
    "an archive of 20,000 files": _content(_zip({str(number): b"" for number in range(20_000)})),
    "YAML of a hundred billion values": _content(_ALIASES.encode()),
    "a megabyte of zeros": _content(bytes(2**20)),
    "a megabyte of brackets": _content(b"[" * 2**20),
    "a megabyte of braces": _content(b'{"a":' * (2**20 // 5)),
    "a megabyte of one line": _content(b"x" * 2**20),
    "a megabyte of commas": _content(b"a,b\n" + b"," * 2**20),
    "a megabyte of digits": _content(b'{"a": ' + b"9" * 2**20 + b"}"),
    # Text that is not what it seems.
    "bytes that are no text": _content(bytes(range(256)) * 4),
    "text in UTF-16": _content("a,b\n1,2\n".encode("utf-16")),
    "text with zeros": _content(b"a,b\n1\0,2\0\n"),
    "words to the terminal": _content(_ESCAPES.encode() * 9),
    "JSON of no numbers": _content(b'{"a": NaN, "b": Infinity, "c": 1e400, "best": -Infinity}'),
    "JSON with a name twice": _content(b'{"format": 1, "format": 2, "best": 1, "best": 2}'),
    "formulas of a spreadsheet": _content(b"scene,epoch\n=cmd|'/c calc'!A1,@SUM(1)\n"),
    # Code.
    "a script": _content(b"#!/bin/sh\ntouch ran\n"),
    "a pickle that would run": _content(b"cos\nsystem\n(S'touch ran'\ntR."),
    "a later pickle that would run": _content(_GLOBAL),
    "a pickle of every protocol": _content(b"".join(pickle.dumps(_Runs(), protocol) for protocol in range(6))),
    "a checkpoint that would run": _content(_of_torch(pickle.dumps({"state_dict": _Runs()}, 2))),
    "a checkpoint that builds what runs": _content(_of_torch(b"\x80\x02ctorch\njit\ncbuiltins\neval\nU\x011\x85Rb.")),
    "a checkpoint with four billion memos": _content(_of_torch(b"\x80\x02}r\xff\xff\xff\xff.")),
    "a text of 16 EiB in a pickle": _content(_of_torch(b"\x80\x04\x8d" + b"\xff" * 8 + b".")),
    "TorchScript": _content(_of_torch(b"\x80\x02}.").replace(b"byteorder", b"code/a.py")),
    "arrays that would run": _content(_npz(_GLOBAL)),
    "YAML that would run": _content(b"seed: !!python/object/apply:os.system [touch ran]\n"),
    "YAML that names a function": _content(b"data: {_target_: os.system, _args_: [touch ran]}\nseed: 1\n"),
    "YAML that asks the system": _content(b"data: ${oc.env:HOME}\nseed: ${python:1}\na: ${oc.create:${hydra:run}}\n"),
}  # fmt: skip
