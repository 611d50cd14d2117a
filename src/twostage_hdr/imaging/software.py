"""The name that written files carry."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def software_tag() -> str:
    """Name and version of this program, as put into the Software field of files."""
    try:
        return f"twostage-hdr {version('twostage-hdr')}"
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "twostage-hdr"
