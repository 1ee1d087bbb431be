"""What one does without this service: a single plain prompt, the reply's first HTML block is the page, nothing is
checked or repaired."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from benchmarks.suite.engine_run import Made, Usage
from engine.domain.model_call import Message
from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.suite.tasks import SuiteRound
    from engine.ports import Author

_FIRST = """\
Write a single index.html for this brief.

{brief}

These checks will be run in the page:
{checks}

{files}Answer with the complete index.html in one ```html block."""

_LATER = """\
This is the present index.html:

```html
{page}
```

Change it for this brief, and keep what it does.

{brief}

These checks will be run in the page:
{checks}

{files}Answer with the complete new index.html in one ```html block."""

_BLOCK = re.compile(r"```html[^\n]*\n(.*?)(?:^```|\Z)", re.IGNORECASE | re.DOTALL | re.MULTILINE)
_PAGE = re.compile(r"(?:<!doctype html|<html\b).*?(?:</html>|\Z)", re.IGNORECASE | re.DOTALL)
_LONGEST = 20_000


def write_page(author: Author, model: str, asked: SuiteRound, tree: Mapping[str, bytes], *, seconds: float) -> Made:
    """Return the page beside its attachments; in a later round without a usable answer the present page stays."""
    begun = time.monotonic()
    note, said, usage = "", "", Usage(calls=1)
    try:
        reply = author.write([Message("user", prompt(asked, tree))], model=model, seconds=seconds)
        said = reply.text
        used = reply.usage
        usage = Usage(1, used.input or 0, used.output or 0, used.cost, time.monotonic() - begun)
    except EngineError as error:
        note = error.message
        usage = Usage(1, seconds=time.monotonic() - begun)
    page = first_page(said)
    if not page:
        note = note or "the reply holds no HTML"
    made = {**tree, **asked.attachments, **({"index.html": page.encode()} if page else {})}
    return Made(made, made, usage, note, (said,))


def prompt(asked: SuiteRound, tree: Mapping[str, bytes]) -> str:
    """Return the one prompt: attachments are pasted whole where they are text, else named."""
    page = tree.get("index.html", b"").decode("utf-8", "replace")
    return (_LATER if page else _FIRST).format(
        page=page,
        brief=asked.brief,
        checks="\n".join(f"- {check.text}" for check in asked.checks),
        files="".join(_shown(name, content) for name, content in asked.attachments.items()),
    )


def first_page(reply: str) -> str:
    """Return the reply's first HTML block, else its first page, "" where it holds none."""
    found = _BLOCK.search(reply)
    if found:
        return found[1]
    page = _PAGE.search(reply)
    return page[0] if page else ""


def _shown(name: str, content: bytes) -> str:
    if b"\0" in content or len(content) > _LONGEST:
        return f"Beside index.html lies {name} ({len(content)} bytes).\n\n"
    return f"Beside index.html lies {name}:\n\n{content.decode('utf-8', 'replace')}\n\n"
