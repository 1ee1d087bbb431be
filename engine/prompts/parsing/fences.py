"""Removes the Markdown fence that models put around a whole file, although the prompt forbids it."""

from __future__ import annotations

import re

_FENCE = re.compile(r"(?:`{3,}|~{3,})[ \t]*([\w.+-]*)[ \t]*")


def strip_fence(path: str, body: str) -> str:
    """Return a file's text without its outer fence. Fences inside stay.

    A Markdown file may begin or end with a fence of its own, so it loses only a pair marked `markdown`. Another file
    loses either half.
    """
    lines = body.split("\n")
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if not filled:
        return body
    first, last = filled[0], filled[-1]
    opening, closing = _FENCE.fullmatch(lines[first]), _FENCE.fullmatch(lines[last])
    closes = closing is not None and not closing[1] and last > first
    if _is_markdown(path):
        opens = opening is not None and opening[1].lower() in {"markdown", "md"}
        return "\n".join([*lines[first + 1 : last], ""]) if opens and closes else body
    start = first + 1 if opening else 0
    return "\n".join([*lines[start:last], ""]) if closes else "\n".join(lines[start:])


def guard_fence(path: str, body: str) -> str:
    """Put a fence around `body` (which ends with a line end) if `strip_fence` would remove one of its own fences."""
    if strip_fence(path, body) == body:
        return body
    return f"```{'markdown' if _is_markdown(path) else ''}\n{body}```\n"


def _is_markdown(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown"))
