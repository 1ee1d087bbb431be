"""A server for requests, and a canary that no request may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.http_server import HttpServer, Script

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer({"/": Script(body=b"hello", headers={"X-Seen": "1", "Set-Cookie": "a=b"})}) as running:
        yield running


@pytest.fixture
def canary() -> Iterator[HttpServer]:
    with HttpServer({"/": Script(body=b"internal")}) as running:
        yield running
