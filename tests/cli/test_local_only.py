"""The local page's guard by itself; with gradio behind it in test_app."""

import asyncio
from pathlib import Path

import pytest

from twostage_hdr.cli.local_only import UPLOAD_AT_MOST, UPLOADS_AT_ONCE, LocalOnly, foreign

HERE = {"host": "127.0.0.1:7860"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, None),
        ({"host": "localhost"}, None),
        ({"host": "[::1]:7860"}, None),
        ({"origin": "http://127.0.0.1:7860"}, None),
        ({"sec-fetch-site": "same-origin"}, None),
        ({"host": "rebound.example:7860"}, 421),
        ({"host": "127.0.0.1.rebound.example"}, 421),
        ({"host": ""}, 421),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:8000"}, 403),
        ({"origin": "http://127.0.0.1:7860.evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
    ],
)
def test_only_the_page_itself_is_answered(headers, status):
    refusal = foreign({"method": "POST"}, HERE | headers)
    assert (refusal[0] if refusal else None) == status


def _request(guard: LocalOnly, **headers: str) -> list[dict]:
    async def ask() -> list[dict]:
        sent: list[dict] = []

        async def send(message):
            sent.append(message)

        named = HERE | {name.replace("_", "-"): value for name, value in headers.items()}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/gradio_api/upload",
            "headers": [(name.encode(), value.encode()) for name, value in named.items()],
        }
        await guard(scope, None, send)
        return sent

    return asyncio.run(ask())


@pytest.mark.parametrize(
    ("length", "status"),
    [({}, 411), ({"content_length": "1e3"}, 411), ({"content_length": str(UPLOAD_AT_MOST + 1)}, 413)],
)
def test_an_upload_without_length_or_too_large_is_refused_unread(tmp_path: Path, length, status):
    assert _request(LocalOnly(None, tmp_path), **length)[0]["status"] == status


def test_uploads_beyond_a_few_wait_for_their_turn(tmp_path: Path):
    inside = most = 0

    async def app(scope, receive, send):
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.01)
        inside -= 1

    async def many() -> None:
        guard = LocalOnly(app, tmp_path)
        headers = [(b"host", b"localhost"), (b"content-length", b"5")]
        scope = {"type": "http", "method": "POST", "path": "/gradio_api/upload", "headers": headers}
        await asyncio.gather(*(guard(scope, None, None) for _ in range(20)))

    asyncio.run(many())
    assert most == UPLOADS_AT_ONCE


def test_a_foreign_websocket_is_closed(tmp_path: Path):
    async def ask() -> list[dict]:
        sent: list[dict] = []

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"localhost:1"), (b"origin", b"http://evil.example")]
        await LocalOnly(None, tmp_path)({"type": "websocket", "path": "/", "headers": headers}, None, send)
        return sent

    assert [message["type"] for message in asyncio.run(ask())] == ["websocket.close"]
