"""The request as it is sent, the parts of an answer that are read, and invalid answers."""

from __future__ import annotations

import gzip
import socket
from typing import TYPE_CHECKING

import pytest

from engine.adapters.http.guard import GuardedHttp
from engine.errors import Permanent, Transient
from tests.doubles.http_server import HttpServer, Script
from tests.engine.adapters.http.asking import get

if TYPE_CHECKING:
    from pathlib import Path


def test_answer_holds_status_headers_and_body(server: HttpServer) -> None:
    answer = get(GuardedHttp(allow_private=True), server.url())
    assert (answer.status, answer.body, answer.url, answer.truncated) == (200, b"hello", server.url(), False)
    assert answer.headers["x-seen"] == "1"
    assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"


def test_proxies_of_the_environment_are_ignored(
    server: HttpServer, canary: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, canary.url())
    assert get(GuardedHttp(allow_private=True), server.url()).body == b"hello"
    assert canary.connections == 0


def test_body_is_cut_at_the_limit_and_says_so(server: HttpServer) -> None:
    server.scripts["/big"] = Script(body=b"x" * 300_000)
    http = GuardedHttp(allow_private=True)
    cut = get(http, server.url("/big"), max_bytes=1000)
    whole = get(http, server.url("/big"), max_bytes=300_000)
    assert (len(cut.body), cut.truncated, len(whole.body), whole.truncated) == (1000, True, 300_000, False)


def test_a_body_is_written_to_a_file_up_to_the_limit(server: HttpServer, tmp_path: Path) -> None:
    server.scripts["/big"] = Script(body=b"x" * 300_000)
    http = GuardedHttp(allow_private=True)
    for limit, written, truncated in ((300_000, 300_000, False), (1000, 1000, True)):
        with (tmp_path / str(limit)).open("w+b") as file:
            answer = http.request("GET", server.url("/big"), seconds=5, max_bytes=limit, into=file)
            assert (answer.body, answer.truncated, file.tell()) == (b"", truncated, written)


def test_compression_bomb_is_cut_at_the_limit(server: HttpServer) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    server.scripts["/bomb"] = Script(body=bomb, headers={"Content-Encoding": "gzip"})
    answer = get(GuardedHttp(allow_private=True), server.url("/bomb"), max_bytes=1000)
    assert (answer.body, answer.truncated) == (bytes(1000), True)
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_closed_port_is_transient() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(Transient, match="connect_failed"):
        get(GuardedHttp(allow_private=True), f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "raw",
    [
        b"not http\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000,
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    ],
)
def test_answer_that_is_no_whole_http_is_transient(server: HttpServer, raw: bytes) -> None:
    server.scripts["/raw"] = Script(raw=raw)
    with pytest.raises(Transient, match=r"bad_answer|connection_lost"):
        get(GuardedHttp(allow_private=True), server.url("/raw"))


def test_header_that_is_no_header_is_never_sent(server: HttpServer) -> None:
    with pytest.raises(Permanent, match="bad_request"):
        GuardedHttp(allow_private=True).request(
            "GET", server.url(), headers={"X": "a\r\nB: c"}, seconds=5, max_bytes=10
        )
    assert not server.asked
