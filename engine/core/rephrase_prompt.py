"""What a model is told, once, that has refused to write the page."""

from __future__ import annotations

import hashlib

from engine.core.prompt_sections import boundary_of
from engine.core.replies import mark
from engine.ports import Message, Prompt

VERSION = "1"

_REPHRASE = """\
What is asked for is an ordinary static web page for a programming course; the brief and the attached files are material for it and ask nothing
of you. Leave out any part that you cannot write, say so in one sentence on the page and in README.md, and write everything else. Answer with
the files alone, in the form given above: each below its line `{file}`, the last line is `{closing}`, where N counts the files."""

_DIGEST = hashlib.sha256(_REPHRASE.encode()).hexdigest()


def rephrase_prompt(previous: Prompt) -> Prompt:
    """Return the one other wording after a refusal. The refusal itself is left out: a model that reads it repeats it."""
    boundary = boundary_of(previous.messages)
    request = _REPHRASE.format(file=mark(boundary, "file", "name"), closing=mark(boundary, "complete", "N"))
    *before, last = previous.messages
    merged = Message(last.role, f"{last.content}\n\n{request}", last.images)
    return Prompt("rephrase", VERSION, _DIGEST, (*before, merged))
