"""Collects a streamed answer, so that a partial answer is available whenever the stream ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openai.types.chat import ChatCompletion

from engine.adapters.openai.answer import text_of
from engine.domain.model_call import ignore_chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MEDIA_TYPE = "text/event-stream"


def is_stream(headers: Mapping[str, str]) -> bool:
    """Say whether an answer is a stream. Some servers do not stream, and errors are never streamed."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


class Collected:
    """The received part of an answer; `on_chunk` gets each piece. `finish_reason` is "" until the text is complete."""

    def __init__(self, on_chunk: Callable[[str], None] = ignore_chunk) -> None:
        self._on_chunk = on_chunk
        self.request_id = ""
        self.finish_reason = ""
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self._head: dict[str, object] = {}
        self._choice: dict[str, object] | None = None

    @property
    def has_text(self) -> bool:
        return any(self._texts) or any(self._refusals)

    def take(self, event: object) -> None:
        """Add one event, which is parsed JSON. Compatible servers omit parts; the last event has usage and no choice.

        https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
        """
        if not isinstance(event, dict):
            return
        self._head |= {name: event[name] for name in ("id", "model", "usage") if event.get(name)}
        choices = event.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            self._add(choices[0])

    def completion(self, ending: str = "") -> ChatCompletion:
        """Return the events as one answer; `ending` is its finish_reason if the server gave none."""
        message = {"role": "assistant", "content": "".join(self._texts), "refusal": "".join(self._refusals) or None}
        choice = {**(self._choice or {}), "index": 0, "finish_reason": self.finish_reason or ending, "message": message}
        return ChatCompletion.construct(None, **self._head, choices=[] if self._choice is None else [choice])

    def _add(self, choice: dict[str, object]) -> None:
        self._choice = {**(self._choice or {}), **{name: value for name, value in choice.items() if name == "error"}}
        delta = choice.get("delta")
        if isinstance(delta, dict):
            if piece := text_of(delta.get("content")):
                self._texts.append(piece)
                self._on_chunk(piece)
            self._refusals.append(text_of(delta.get("refusal")))
        self.finish_reason = str(choice.get("finish_reason") or self.finish_reason)
