"""A server that is asked, and a canary that nobody may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.http_server import HttpServer, Script, serving

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with serving({"/": Script(body=b"hello", headers={"X-Seen": "1", "Set-Cookie": "a=b"})}) as running:
        yield running


@pytest.fixture
def canary() -> Iterator[HttpServer]:
    with serving({"/": Script(body=b"internal")}) as running:
        yield running
