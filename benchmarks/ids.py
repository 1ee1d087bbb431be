"""How many of the ids that a request names a model's page has, with and without the line of the prompt that lists them.

`python -m benchmarks.ids` asks the model of LLM_API_KEY, LLM_BASE_URL and LLM_MODEL for each page twice, by the same seed where the server takes one.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.prompts import generate_prompt, ids_to_write

from benchmarks.measurement import opening
from benchmarks.suite.tasks import HALVES, load_tasks
from engine.adapters.openai_author import OpenAIAuthor
from engine.core.brief import AttachedFile, Brief
from engine.core.checks import parse_check
from engine.core.named_ids import has_id, named_ids
from engine.core.replies import mark, parse_reply
from engine.errors import EngineError
from engine.ports import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BOUNDARY = "395e1301ca70"

#: A page of plain words, which has no use for its ids: those are forgotten first.
WORDS = Brief(
    "",
    "words",
    1,
    "",
    "Make a one-page site about city bicycles: a heading #title that says 'City Bikes', a short paragraph #intro on why bicycles are good for "
    "cities, and a list #tips of three tips for cyclists.",
    tuple(
        parse_check(f"js: {expression}")
        for expression in (
            "document.querySelector('#title').textContent.includes('City Bikes')",
            "document.querySelectorAll('#tips li').length === 3",
        )
    ),
    (),
)


@dataclass
class Arm:
    """One of the two prompts, and what came of it."""

    name: str
    named: int = 0
    there: int = 0
    pages: int = 0
    whole: int = 0


def briefs(half: str) -> Iterator[Brief]:
    """Yield the first rounds of a half of the suite, and the page of words."""
    yield WORDS
    for task in load_tasks():
        asked = task.rounds[0]
        attached = tuple(AttachedFile(name, "", content) for name, content in asked.attachments.items())
        if task.half == half:
            yield Brief("", task.name, 1, "", asked.brief, asked.checks, attached)


def messages(brief: Brief, *, listed: bool) -> list[Message]:
    """Return the prompt, or the same without the line that lists the ids."""
    *before, last = generate_prompt(brief, boundary=BOUNDARY).messages
    line = ids_to_write(brief, {})
    return [*before, last if listed else Message(last.role, last.content.replace(line, ""), last.images)]


def author(seed: int) -> OpenAIAuthor:
    """Return the model, which stops where the page has ended."""
    stop = [mark(BOUNDARY, "file", "README.md")]
    model, key = os.environ.get("LLM_MODEL", ""), os.environ.get("LLM_API_KEY", "")
    if not model or not key:
        sys.exit("set LLM_API_KEY, LLM_MODEL and, unless it is OpenAI's, LLM_BASE_URL")
    url, extra = os.environ.get("LLM_BASE_URL") or None, {"seed": seed, "stop": stop}
    return OpenAIAuthor(api_key=key, base_url=url, models=[model], extra=extra)


def page_of(text: str) -> str:
    """Return the page in a reply that ends where the next file would begin."""
    found = parse_reply(f"{text}\n", BOUNDARY, finish_reason="stop").files.get("index.html", b"").decode()
    return found or "\n".join(re.findall(r"<[^>]*>", text))


def asked(arms: Sequence[Arm], brief: Brief, seed: int, seconds: float) -> None:
    """Ask for a page once in each way."""
    ids = named_ids(brief.text, brief.checks)
    for arm in arms:
        model = author(seed)
        try:
            reply = model.write(messages(brief, listed=arm is arms[1]), model=model.models[0], seconds=seconds)
        except EngineError as error:
            sys.exit(f"{brief.task}: {error.message}")
        page = page_of(reply.text)
        missing = [name for name in ids if not has_id(page, name)]
        arm.named, arm.there = arm.named + len(ids), arm.there + len(ids) - len(missing)
        arm.pages, arm.whole = arm.pages + 1, arm.whole + (not missing)
        print(f"{brief.task}, seed {seed}, {arm.name}: {len(ids) - len(missing)} of {len(ids)}", flush=True)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ids", description=__doc__)
    parser.add_argument("--half", choices=HALVES, default="tune")
    parser.add_argument("--tasks", help="names, separated by commas; `words` is the page of plain words")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=300, help="of one call of the model")
    options = parser.parse_args()
    opening("ids that an element of the page's source has, over the ids that the request names")
    arms = (Arm("without the line"), Arm("with it"))
    for seed in range(1, options.seeds + 1):
        for brief in briefs(options.half):
            if not options.tasks or brief.task in options.tasks.split(","):
                asked(arms, brief, seed, options.seconds)
    for arm in arms:
        print(f"{arm.name}: {arm.there} of {arm.named} ids, {arm.whole} of {arm.pages} pages have all of theirs")


if __name__ == "__main__":
    main()
