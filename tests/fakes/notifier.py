"""An evaluator that answers as it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.domain.http import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping


class FakeNotifier:
    """Plays statuses, answers and errors in order, then 200 for ever; `sent` keeps what arrived.

    An error in `lost` comes after the arrival.
    """

    def __init__(self, *answers: int | Answer | BaseException) -> None:
        self.answers = list(answers)
        self.lost: list[BaseException] = []
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        said = self.answers.pop(0) if self.answers else 200
        if isinstance(said, BaseException):
            raise said
        self.sent.append((url, body, dict(headers)))
        if self.lost:
            raise self.lost.pop(0)
        return Answer(said, {}, b"", url) if isinstance(said, int) else said
