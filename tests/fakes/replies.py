"""A page with its README, the well-formed reply that brings it, and the plan that comes before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from engine.prompts.parsing.edits import Edit
from engine.prompts.replies import format_edits, format_files, mark
from engine.prompts.sections import boundary_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.domain.model_call import Message

PAGE = b"<!DOCTYPE html>\n<html><head><title>T</title></head><body><h1 id='out'>7</h1></body></html>\n"
README = b"""# T

## Summary

A page that shows a seven.

## Setup

Serve the folder with any static file server.

## Usage

Open the page and read it.

## Code explanation

`index.html` holds the whole page.

## License

MIT
"""


def page_reply(files: Mapping[str, bytes] | None = None) -> Callable[[Sequence[Message]], str]:
    """Return a well-formed reply with these files (a page and a README unless told) for whatever boundary the prompt
    names."""
    chosen = {"index.html": PAGE, "README.md": README} if files is None else files

    def reply(messages: Sequence[Message]) -> str:
        boundary = boundary_of(messages)
        return format_files(chosen, boundary) + mark(boundary, "complete", len(chosen)) + "\n"

    return reply


def plan_reply(*files: Mapping[str, object], **parts: object) -> str:
    """Return an answer with a plan: the page, these files and these other parts."""
    return json.dumps({"files": [{"path": "index.html", "source": "write"}, *files], **parts})


def edit_reply(
    edits: Mapping[str, Sequence[tuple[str, str]]], files: Mapping[str, bytes] | None = None, *, deleted: str = ""
) -> Callable[[Sequence[Message]], str]:
    """Return a well-formed reply with edits of shown files, each a pair of old and new text, and with whole files."""

    def reply(messages: Sequence[Message]) -> str:
        boundary = boundary_of(messages)
        pairs = {path: [Edit(old, new) for old, new in found] for path, found in edits.items()}
        closing = mark(boundary, "complete", len(edits) + len(files or {}))
        deletion = f"{mark(boundary, 'delete', deleted)}\n" if deleted else ""
        return f"{format_edits(pairs, boundary)}{format_files(files or {}, boundary)}{deletion}{closing}\n"

    return reply
