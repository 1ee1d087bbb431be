"""A Redis of the tests' own, on loopback alone, which keeps nothing: the service must not miss it."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import redis

from tests.parts.program import folder, program, running
from tests.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a server until the block ends and return its address."""
    server = program("redis-server", package="Redis (redis-server)")
    port = free_port()
    url = f"redis://127.0.0.1:{port}"
    with folder() as place:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(place)]
        with running([server, *options], place / "log", lambda: _answers(url)):
            yield url


def flush(url: str) -> None:
    """Forget everything, as a Redis that was started anew has."""
    with redis.Redis.from_url(url) as client:
        client.flushall()


def _answers(url: str) -> bool:
    with suppress(redis.RedisError), redis.Redis.from_url(url, socket_timeout=2) as client:
        return bool(client.ping())
    return False
