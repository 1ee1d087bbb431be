"""Other hosts on loopback: the check browser asks it as its mirror (`<mirror>/host/path`), so that a page's addresses
stay those of the brief."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.doubles.http_server import HttpServer, Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.doubles.http_server import Asked


class OtherHosts(HttpServer):
    """Answers the addresses in `answers` with their JSON and everything else with 404, which a check sees as out of
    reach."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: Mapping[str, object] = {}

    def answer(self, asked: Asked) -> Script:
        """Answer an address."""
        found = self.answers.get(f"https://{asked.path.partition('?')[0].lstrip('/')}")
        if found is None:
            return Script(404)
        return Script(headers={"content-type": "application/json"}, body=json.dumps(found).encode())
