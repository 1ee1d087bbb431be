"""Parsers of strangers' and models' bytes: any input gives a value or the documented error. More of it in `slow`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.adapters.openai.events import BrokenJson, EventReader
from engine.checks.endings import early_end
from engine.checks.placeholders import placeholders
from engine.domain.model_call import answer_span, lone_closing_end
from engine.inputs.data_uris import parse_data_uri
from engine.plan.reading import read_plan
from engine.prompts.replies import format_files, mark, parse_reply
from engine.steps.planning import request_of
from tests.engine.steps.inputs import BRIEF

if TYPE_CHECKING:
    from collections.abc import Callable

BOUNDARY = "7f3a9c"
WORDS = st.sampled_from([
    f"=== {BOUNDARY} file index.html\n", f"=== {BOUNDARY} edit a.css\n", f"=== {BOUNDARY} old\n",
    f"=== {BOUNDARY} new\n", f"=== {BOUNDARY} complete 1\n", "<think>", "</think>", "<|channel|>final<|message|>",
    "```html\n", "```\n", "<html>", "</html>", "<script>", "</script>", "<!--", "-->", "{", "}", "[", "]", '"', "'",
    "`", "${", "/*", "*/", "//", "\\", '"files": ', '"path": "a"', "data: ", "event: x\n", "\n", "\r\n", "\r", ",",
    "base64", ";", "%", "é", "\ud800", "\0",
])  # fmt: skip
TEXT = st.lists(WORDS | st.text(max_size=8), max_size=40).map("".join)
REQUEST = request_of(BRIEF, {}, allow_private=False, missing=())


def reply(text: str) -> None:
    for finish_reason in ("stop", "length"):
        parsed = parse_reply(text, BOUNDARY, finish_reason=finish_reason, shown={"a.css": "p {}\n"})
        assert not set(parsed.lost) & parsed.files.keys()


def plan(text: str) -> None:
    reading = read_plan(text, REQUEST)
    assert reading.plan or reading.errors


def data_uri(text: str) -> None:
    with suppress(ValueError):
        parse_data_uri(f"data:{text}")


def events(text: str) -> None:
    reader = EventReader()
    content = text.encode("utf-8", "surrogatepass")
    by_bytes = [value for at in range(len(content)) for value in reader.feed(content[at : at + 1])] + [*reader.end()]
    whole = EventReader()
    assert shown([*whole.feed(content), *whole.end()]) == shown(by_bytes)


def shown(found: list[tuple[str, object]]) -> list[tuple[str, str]]:
    return [(name, "broken" if isinstance(value, BrokenJson) else repr(value)) for name, value in found]


def thoughts(text: str) -> None:
    start, end = answer_span(text)
    assert 0 <= start <= end <= len(text)
    assert 0 <= lone_closing_end(text) <= len(text)


def files(text: str) -> None:
    for path in ("index.html", "a.js", "a.css", "a.json", "a.svg", "a.py"):
        early_end(path, text.encode("utf-8", "replace").decode())
        list(placeholders(path, text))


PARSERS: dict[str, Callable[[str], object]] = {
    "reply": reply,
    "plan": plan,
    "data URI": data_uri,
    "events": events,
    "thoughts": thoughts,
    "files": files,
}


@pytest.mark.parametrize("parser", PARSERS)
def test_any_text_gives_a_value_or_the_documented_error(parser: str) -> None:
    settings(max_examples=40)(given(TEXT)(PARSERS[parser]))()


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS)
def test_many_texts_give_a_value_or_the_documented_error(parser: str) -> None:
    settings(max_examples=500)(given(TEXT)(PARSERS[parser]))()


@given(st.text(alphabet=st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=80))
@settings(max_examples=40)
def test_a_file_that_is_sent_comes_back(text: str) -> None:
    sent = {"notes.txt": (text if text.endswith("\n") or not text else f"{text}\n").encode()}
    answer = f"{format_files(sent, BOUNDARY)}{mark(BOUNDARY, 'complete', 1)}\n"
    assert parse_reply(answer, BOUNDARY).files == sent
