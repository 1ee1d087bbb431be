"""Callbacks to the evaluator, as the Notifier port."""

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
    """POSTs a callback through the guard."""

    def __init__(self, http: GuardedHttp) -> None:
        self._http = http

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST JSON once, following 307 and 308, and return the answer, whatever its status, with at most 16 KB of its body.

        A status that came in time counts, however slow the body behind it: the evaluator has been told.
        Raises Permanent(address_refused), Transient otherwise.
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
