"""What reads a stranger's or a model's text takes time in proportion to it: no text may hold a worker or the web.

`little_time` bounds the CPU seconds. What is worse than linear takes minutes for these texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.checks.gates import gate_results
from engine.checks.own_rules import own_results
from engine.checks.readme_review import readme_defects
from engine.checks.review import review_result
from engine.checks.source_rules import source_results
from engine.checks.workflows import workflow_results
from engine.domain.checks import parse_check
from engine.domain.paths import attachment_name
from engine.inputs.data_uris import parse_data_uri
from engine.plan.fallback import fallback_plan
from engine.plan.reading import read_plan
from engine.prompts.libraries import named_in
from engine.prompts.named_ids import named_ids
from engine.prompts.replies import parse_reply
from engine.site.readme import missing_readme_parts
from engine.steps.planning import request_of
from tests.engine.steps.inputs import BRIEF, changed
from tests.little_time import LARGE, little_time

if TYPE_CHECKING:
    from collections.abc import Callable

PUMPS = [
    "-", " ", "\n", "<", "<!--", "a/", "http://a ", "(", "[", "{", '"', "'", "`", "\\", "=", "# ", "* ", "1,", ".", "/",
    "/*", "<a ", "<script>", "<script ", "<title>", "&lt;", "a. ", "|", "_", "${", "<think>", "</think>\n", "```\n",
    "```html\n", "- a\n", "# a\n", "<p>", "<meta ", "../", "existing ", "rest of the ", "=== 7f3a file a\n",
    "a: ", "\r",
]  # fmt: skip
CHECKS = [
    parse_check("document.title === 'A'"),
    parse_check("document.scripts[0].textContent.includes('a')"),
    parse_check("parseFloat(document.getElementById('total').textContent) > 0"),
]
SIZE = 200_000


def page(text: str) -> None:
    files = {"index.html": text.encode(), "README.md": text.encode(), "app.js": text.encode(), "a.css": text.encode()}
    gate_results(files, secret_in=lambda _: None)
    own_results(files)
    source_results(files, CHECKS)
    review_result(files)


def prose(text: str) -> None:
    check = parse_check(text)
    brief = changed(BRIEF, text=text, checks=(check,))
    fallback_plan(request_of(brief, {}, allow_private=False, missing=()))
    named_in(text)
    named_ids([check])


def readme(text: str) -> None:
    missing_readme_parts(text)
    list(readme_defects(text, ["index.html"]))


def data_uri(text: str) -> None:
    for head in ("data:;base64,", "data:text/csv,", "data:"):
        try:
            parse_data_uri(head + text)
        except ValueError:
            continue


def plan(text: str) -> None:
    request = request_of(BRIEF, {}, allow_private=False, missing=())
    for around in (text, f'{{"files": [{{"path": "a", "what": "{text}', f"<think>{text}"):
        read_plan(around, request)


def reply(text: str) -> None:
    for finish_reason in ("stop", "length"):
        parse_reply(text, "7f3a", finish_reason=finish_reason, shown={"index.html": "<p>"})


READERS: dict[str, Callable[[str], object]] = {
    "page": page,
    "prose": prose,
    "readme": readme,
    "data URI": data_uri,
    "plan": plan,
    "reply": reply,
    "name": lambda text: attachment_name(text, 1, ()),
    "workflow": lambda text: workflow_results(
        {".github/workflows/a.yml": text.encode()}, planned=[".github/workflows/a.yml"], publishes=True
    ),
}


#: Each took 38 s or more at SIZE when it was reported.
HISTORIC = [("prose", "-"), ("prose", "http://a "), ("name", "a/"), ("readme", "\n"), ("page", "<!--")]


@pytest.mark.parametrize(("reader", "pump"), HISTORIC)
def test_the_texts_that_once_took_minutes_take_seconds(reader: str, pump: str) -> None:
    with little_time(LARGE):
        READERS[reader](pump * (SIZE // len(pump)))


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("pump", PUMPS)
def test_no_text_takes_long(reader: str, pump: str) -> None:
    with little_time(LARGE):
        READERS[reader](pump * (SIZE // len(pump)))
