from __future__ import annotations

import pytest

from engine.domain.checks import Check, Kind, parse_check


@pytest.mark.parametrize(
    ("raw", "check"),
    [
        ("js: document.title", Check(Kind.JS, "document.title")),
        ("  JS:1 < 2 ", Check(Kind.JS, "1 < 2")),
        ({"js": " document.title "}, Check(Kind.JS, "document.title")),
        ({"js": "document.title", "name": "title", "points": 2}, Check(Kind.JS, "document.title")),
        (" !!document.querySelector('#x')\n", Check(Kind.JS, "!!document.querySelector('#x')")),
        ("document.title is 'Hello'", Check(Kind.PROSE, "document.title is 'Hello'")),
        (" Repo has MIT license ", Check(Kind.PROSE, "Repo has MIT license")),
        ("json is shown", Check(Kind.PROSE, "json is shown")),
        ("1 < 2", Check(Kind.PROSE, "1 < 2")),
        ({"js": 1}, Check(Kind.UNKNOWN, "{'js': 1}")),
        ({"name": "title"}, Check(Kind.UNKNOWN, "{'name': 'title'}")),
        (None, Check(Kind.UNKNOWN, "None")),
    ],
)
def test_an_entry_is_an_expression_a_sentence_or_kept_as_it_is(raw: object, check: Check) -> None:
    assert parse_check(raw) == check
