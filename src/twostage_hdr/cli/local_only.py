"""Who may talk to the local page: itself, in a browser on this machine, with uploads of a bounded size and number."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeAlias

UPLOAD_AT_MOST = 512 * 2**20
"""Bytes of one upload; a photograph of 400 megapixels as JPEG has some 200 MB."""
UPLOADS_AT_ONCE = 4
"""Further ones wait."""
KEPT_AT_MOST = 1000
"""Uploads and results in the folder of a session."""
_HOSTS = frozenset(("127.0.0.1", "localhost", "[::1]"))

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class LocalOnly:
    """ASGI middleware that refuses what a foreign page, or a name that leads here by DNS, has the browser send.

    Args:
        app: what is guarded.
        folder: where uploads and results are kept.
    """

    def __init__(self, app: App, folder: Path) -> None:
        self._app, self._folder = app, folder
        self._uploads = asyncio.Semaphore(UPLOADS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, or answers it with why not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = foreign(scope, headers)
        upload = scope["type"] == "http" and scope["path"].rstrip("/").endswith("/upload")
        if refusal is None and upload:
            refusal = self._too_much(headers)
        if refusal is not None:
            await _answer(scope, send, *refusal)
        elif upload:
            async with self._uploads:
                await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _too_much(self, headers: dict[str, str]) -> tuple[int, str] | None:
        length = headers.get("content-length", "")
        if not length.isdecimal():
            return 411, "an upload must say its length"
        if int(length) > UPLOAD_AT_MOST:
            return 413, f"an upload of {length} bytes, at most {UPLOAD_AT_MOST} are taken: use the command line"
        kept = sum(1 for _ in self._folder.iterdir())
        if kept >= KEPT_AT_MOST or shutil.disk_usage(self._folder).free < 2 * int(length):
            return 507, f"no room for more in {self._folder} ({kept} entries): start the app again, which empties it"
        return None


def foreign(scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
    """Status and reason if a request did not come from the page itself; names of headers in lower case.

    The host must be this machine by its own name: a foreign name that leads here (DNS rebinding) is not. The origin,
    where a browser gives one, must be the page's. Following a link to the page is allowed.
    """
    host = headers.get("host", "")
    if host.rpartition(":")[0] not in _HOSTS and host not in _HOSTS:
        return 421, "this page answers to 127.0.0.1 and localhost only"
    origin = headers.get("origin")
    if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
        return 403, "requests of other pages are refused"
    arriving = scope.get("method") == "GET" and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and not arriving:
        return 403, "requests of other pages are refused"
    return None


async def _answer(scope: Scope, send: Send, status: int, reason: str) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": reason})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reason.encode()})
