from __future__ import annotations

from typing import get_args

import pytest

from engine.domain.brief import AttachedFile, Brief, EarlierRound
from engine.domain.checks import Check, Kind, parse_check
from engine.plan.predicates import AnyPredicate
from engine.plan.reading import read_plan
from engine.plan.schema import FileSource, RequestPlan, response_schema
from engine.prompts.plan import RULES, asks_for_plan, plan_prompt, reminder_prompt
from engine.prompts.sections import boundary_of
from engine.steps.planning import request_of

BRIEF = Brief(
    "a@example.com", "tip", 2, "n", "A page titled Tip.",
    (parse_check("js: document.title === 'Tip'"), parse_check("It looks good")),
    (AttachedFile("rates.csv", "text/csv", b"a,b\n1,2\n"),), (EarlierRound(1, "The first brief."),),
    (Check(Kind.EARLIER, "1 === 1"),),
)  # fmt: skip


def test_every_kind_of_predicate_and_every_source_is_explained():
    kinds = [member.model_fields["kind"].default for member in get_args(get_args(AnyPredicate)[0])]
    assert len(kinds) > 15
    for name in (*kinds, *FileSource, *RequestPlan.model_fields):
        assert f'"{name}"' in RULES or f"{name}:" in RULES, name


def test_the_example_in_the_rules_is_a_plan_that_is_read_without_an_error():
    example = RULES[RULES.index('{"files": [{"path": "index.html"') :].partition("\n\n")[0]
    checks = tuple(
        map(parse_check, ('js: document.title === "Tip"', "The total for 50 and 10 percent is 55", "It looks good"))
    )
    brief = Brief(
        "a@example.com", "tip", 1, "n", "#bill #tip #total", checks, (AttachedFile("rates.csv", "text/csv", b"a"),)
    )
    reading = read_plan(example, request_of(brief, (), allow_private=False))
    assert (reading.errors, reading.refused) == ((), ())
    assert len(reading.plan.reading(1).predicates[0].steps) == 2


def test_the_prompt_has_the_request_with_numbered_checks_and_the_earlier_rounds():
    prompt = plan_prompt(BRIEF, boundary="b0", present=["index.html", "old.json"])
    text = prompt.messages[-1].content
    assert boundary_of(prompt.messages) == "b0"
    for part in (
        "A page titled Tip.",
        "1. js: document.title",
        "2. It looks good",
        "rates.csv",
        "The first brief.",
        "1. js: 1 === 1",
        "index.html, old.json",
    ):
        assert part in text, part
    assert asks_for_plan(prompt.messages)


def test_the_reminder_names_each_error_and_shows_the_answer():
    first = plan_prompt(BRIEF, boundary="b0")
    again = reminder_prompt(first, "{}", ["files is missing or empty.", "pages is neither."])
    assert again.messages[: len(first.messages)] == first.messages
    assert again.messages[-2].content == "{}"
    assert "- files is missing or empty.\n- pages is neither." in again.messages[-1].content
    assert asks_for_plan(again.messages)


def _objects(node: object):
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for value in node.values():
            yield from _objects(value)
    if isinstance(node, list):
        for value in node:
            yield from _objects(value)


def test_the_schema_is_in_the_strict_subset_of_structured_outputs():
    found = list(_objects(response_schema()))
    assert len(found) > 20
    for one in found:
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])


@pytest.mark.parametrize("keyword", ["oneOf", "const", "default", "maxLength", "minItems", "discriminator"])
def test_the_schema_has_no_keyword_that_structured_outputs_refuse(keyword):
    def keywords(node: object):
        if isinstance(node, dict):
            for name, value in node.items():
                yield from [] if name in {"properties", "$defs"} else [name]
                yield from keywords(list(value.values()) if name in {"properties", "$defs"} else value)
        if isinstance(node, list):
            for value in node:
                yield from keywords(value)

    assert keyword not in set(keywords(response_schema()))
