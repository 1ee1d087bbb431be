"""The port Notifier: POSTs callbacks to the evaluator through the guard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.adapters.http.guard import GuardedHttp
    from engine.domain.http import Answer

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
KEPT_BYTES = 16 * 1024


class HttpNotifier:
    def __init__(self, http: GuardedHttp) -> None:
        self._http = http

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST JSON once, follow 307 and 308, and return an answer of any status with at most 16 KB of its body.

        A status in time is an answer even if its body is late, because the evaluator has received the callback.
        Raises Permanent(address_refused), or Transient.
        """
        return self._http.request(
            "POST",
            url,
            headers={"Content-Type": "application/json", **headers},
            body=body,
            seconds=ANSWER_SECONDS,
            connect_seconds=CONNECT_SECONDS,
            max_bytes=KEPT_BYTES,
            redirects="preserve",
            partial=True,
        )
