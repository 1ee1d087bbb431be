"""An answer as a stream of events."""

from __future__ import annotations

import json
import re
from typing import Any


def events(body: object, *, with_usage: bool) -> list[bytes]:
    """Return a chat completion as the events of a stream, its text a word each; a body that is none as one event.

    https://developers.openai.com/api/reference/resources/chat/subresources/completions/streaming-events
    """
    if isinstance(body, list):  # an answer, and what comes in the place of its end
        return [*events(body[0], with_usage=False)[:-2], *map(_event, body[1:])]
    if not isinstance(body, dict) or not body.get("choices") or not body["choices"][0].get("message"):
        return [_event(body), b"data: [DONE]\n\n"]
    choice = body["choices"][0]
    head = {**body, "object": "chat.completion.chunk", "usage": None}
    pieces = choice["message"].get("content")
    pieces = re.findall(r"\s*\S+\s*$|\s*\S+", pieces) if isinstance(pieces, str) else [[part] for part in pieces or ()]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": piece} for piece in pieces or [None]]
    deltas[0] |= {name: value for name, value in choice["message"].items() if name != "content"}
    rest = {name: value for name, value in choice.items() if name not in {"message", "finish_reason"}}
    chunks = [{**rest, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({**rest, "delta": {}, "finish_reason": choice["finish_reason"]})
    usage = [_event({**head, "choices": [], "usage": body["usage"]})] if with_usage and body.get("usage") else []
    return [*(_event({**head, "choices": [chunk]}) for chunk in chunks), *usage, b"data: [DONE]\n\n"]


def _event(body: object) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()
