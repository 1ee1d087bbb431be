"""A slow server is given up in time."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from engine.adapters.http.guard import GuardedHttp
from engine.errors import Transient
from tests.doubles.http_server import HttpServer, Script
from tests.engine.adapters.http.asking import get

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize("script", [Script(hang=True), Script(head_drip=0.05), Script(body=b"x" * 500, drip=0.05)])
def test_slow_answer_is_given_up_at_the_deadline(server: HttpServer, script: Script) -> None:
    server.scripts["/slow"] = script
    begun = time.monotonic()
    with pytest.raises(Transient, match="timed_out"):
        get(GuardedHttp(allow_private=True), server.url("/slow"), seconds=0.4)
    assert time.monotonic() - begun < 8


def test_redirects_share_one_deadline(server: HttpServer) -> None:
    server.scripts["/slow"] = Script(302, {"Location": "/slow"}, body=b"x" * 8, drip=0.25)
    begun = time.monotonic()
    with pytest.raises(Transient, match="timed_out"):
        get(GuardedHttp(allow_private=True), server.url("/slow"), seconds=0.5)
    assert time.monotonic() - begun < 6


def test_server_that_reads_nothing_is_given_up_at_the_deadline() -> None:
    http = GuardedHttp(allow_private=True)
    with socket.create_server(("127.0.0.1", 0)) as silent_server:
        url = f"http://127.0.0.1:{silent_server.getsockname()[1]}/"
        begun = time.monotonic()
        with pytest.raises(Transient, match="timed_out"):
            http.request("POST", url, body=bytes(50_000_000), seconds=0.4, max_bytes=10)
    assert time.monotonic() - begun < 25


def test_handshake_that_never_comes_is_given_up_within_the_connect_time() -> None:
    http = GuardedHttp(allow_private=True)
    with socket.create_server(("127.0.0.1", 0)) as silent_server:
        url = f"https://127.0.0.1:{silent_server.getsockname()[1]}/"
        begun = time.monotonic()
        with pytest.raises(Transient, match="timed_out"):
            http.request("GET", url, seconds=30, connect_seconds=0.3, max_bytes=10)
    assert time.monotonic() - begun < 25


def test_resolver_that_hangs_is_given_up_within_the_connect_time() -> None:
    release = threading.Event()

    def stuck(_: str) -> Sequence[str]:
        release.wait(30)
        return ["127.0.0.1"]

    with pytest.raises(Transient, match="timed_out"):
        GuardedHttp(allow_private=True, resolve=stuck).request(
            "GET", "http://slow.example/", seconds=30, connect_seconds=0.2, max_bytes=10
        )
    release.set()
