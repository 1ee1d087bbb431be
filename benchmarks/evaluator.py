"""The other side of the service in benchmarks: posts tasks and notes when each callback came."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.doubles.http_server import HttpServer, Script
from tests.processes import wait_for
from tests.service import task

if TYPE_CHECKING:
    from tests.doubles.http_server import Asked
    from tests.service import Service


class Evaluator(HttpServer):
    """Listens on loopback. `posted` and `told` hold moments by nonce, of a callback the first."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: dict[str, datetime] = {}
        self.told: dict[str, datetime] = {}
        self.ids: dict[str, str] = {}

    def answer(self, asked: Asked) -> Script:
        """Note a callback."""
        self.told.setdefault(json.loads(asked.body)["nonce"], asked.at)
        return Script()

    def post(self, service: Service, nonce: str, **changes: Any) -> None:
        """Post the first round of a task of its own, again until it is accepted."""
        self.posted[nonce] = datetime.now(UTC)
        self.ids[nonce] = service.post({**task(f"bench-{nonce}", 1, nonce, self.url("/notify")), **changes})

    def wait(self, seconds: float) -> bool:
        """Wait until every round that was posted is told; False when the time ran out."""
        return wait_for(lambda: self.told.keys() >= self.posted.keys(), seconds)

    def seconds(self, nonce: str) -> float:
        """Return how long one took from its POST to its callback."""
        return (self.told[nonce] - self.posted[nonce]).total_seconds()

    def last(self) -> float:
        """Return the seconds from the first POST to the last callback."""
        return (max(self.told.values()) - min(self.posted.values())).total_seconds()
