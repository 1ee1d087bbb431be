"""Clients that POST without a pause, each over one connection that is kept open: as little Python as possible between
two requests."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Answers:
    """What came back: seconds of each 200, and everything else as a sentence."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lasted: float = 0.0

    def per_second(self) -> float:
        return len(self.seconds) / self.lasted


def post_for(port: int, clients: int, seconds: float, body: Callable[[], bytes]) -> Answers:
    """POST to /handle_task with so many clients at once for so many seconds; what is under way then is waited for."""
    return asyncio.run(_all(port, clients, seconds, body))


async def _all(port: int, clients: int, seconds: float, body: Callable[[], bytes]) -> Answers:
    answers, began = Answers(), time.monotonic()
    await asyncio.gather(*(_client(port, began + seconds, body, answers) for _ in range(clients)))
    answers.lasted = time.monotonic() - began
    return answers


async def _client(port: int, until: float, body: Callable[[], bytes], answers: Answers) -> None:
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while time.monotonic() < until:
        content, began = body(), time.monotonic()
        try:
            streams = streams or await asyncio.open_connection("127.0.0.1", port)
            status, keep = await asyncio.wait_for(_post(*streams, content), 60)
        except (OSError, EOFError, TimeoutError) as error:
            answers.errors.append(repr(error))
            streams = None
            continue
        if status == 200:
            answers.seconds.append(time.monotonic() - began)
        else:
            answers.errors.append(f"status {status}")
        if not keep:
            streams[1].close()
            streams = None
    if streams:
        streams[1].close()


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> tuple[int, bool]:
    """Return the status, and whether the connection may be used again."""
    head = (
        b"POST /handle_task HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    writer.write(head % len(content) + content)
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    await reader.readexactly(int(answer.partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
    return int(answer[9:12]), b"connection: close" not in answer
