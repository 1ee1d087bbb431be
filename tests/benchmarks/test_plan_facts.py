"""The language of facts: which of a plan are right, which wrong, and what is no fact."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from benchmarks.suite.plan_facts import Fact
from engine.plan.schema import RequestPlan

FACT: TypeAdapter[Any] = TypeAdapter(Fact)

PLAN: dict[str, Any] = {
    "files": [
        {"path": "a.txt", "source": "write", "predicates": [{"kind": "words", "min": 3, "max": 5}]},
        {"path": "b.csv", "source": "converted", "origin": "book.xlsx", "sheet": "May"},
        {"path": "c.txt", "source": "attachment"},
        {"path": "out.json", "source": "workflow_output"},
        {
            "path": "index.html",
            "source": "write",
            "predicates": [{"kind": "page", "expression": "document.querySelector('#chart svg')"}],
        },
    ],
    "absent": ["old.css", "build/"],
    "data": [{"url": "https://example.org/today", "name": "today.json", "at_run_time": True}],
    "pages": "workflow",
    "checks": [
        {
            "number": 1,
            "predicates": [
                {"kind": "json_schema", "path": "d.json", "definition": {"type": "object", "required": ["x"]}}
            ],
        },
        {"number": 2, "predicates": [{"kind": "contains", "path": "e.md", "texts": ["One  two", "three"]}]},
        {"number": 3, "why_not": "a matter of taste"},
        {
            "number": 4,
            "predicates": [{"kind": "xml", "path": "f.xml", "counts": [{"element": "item", "min": 2, "max": 2}]}],
        },
        {"number": 5, "predicates": [{"kind": "links", "to": ["./a.txt", "b.csv"]}]},
        {
            "number": 6,
            "predicates": [
                {"kind": "csv_columns", "path": "b.csv", "columns": ["day", "rain"]},
                {"kind": "licence_mit"},
            ],
        },
        {"number": 7, "predicates": [{"kind": "json_value", "path": "d.json", "pointer": "/on", "value": False}]},
        {"number": 8, "predicates": [{"kind": "page", "expression": "document.querySelector('a[href=\"c.txt\"]')"}]},
        {"number": 9, "predicates": [{"kind": "absent", "path": "old.css"}]},
    ],
    "tests": [
        {
            "says": "It grows",
            "predicates": [
                {
                    "kind": "page",
                    "steps": [{"do": "fill", "selector": "#name", "value": "Ada"}, {"do": "click", "selector": "#add"}],
                    "expression": "document.querySelector('#list').textContent.includes('Ada')",
                }
            ],
        }
    ],
}

RIGHT: list[dict[str, Any]] = [
    {"file": "a.txt", "source": "write"},
    {"file": "a.txt", "source": ["computed", "write"]},
    {"file": "b.csv", "source": "converted", "origin": "book.xlsx", "sheet": "May"},
    {"file": "a.txt", "predicate": {"kind": "words", "min": 3, "max": 5}},
    {"file": "a.txt", "predicate": {"kind": "words", "min": 3}},
    {"file": "e.md", "predicate": {"kind": "contains", "texts": "three"}},
    {"absent": "old.css"},
    {"absent": "build/index.html"},
    {"absent": "out.json"},
    {"unplanned": "g.txt"},
    {"kept": "g.txt"},
    {"kept": "c.txt"},
    {"data": "https://example.org/today"},
    {"data": "https://example.org/today", "at_run_time": True, "name": "today.json"},
    {"no_data": "https://example.org/docs"},
    {"pages": "workflow"},
    {"check": 1, "decided_by": "json_schema"},
    {"check": 1, "decided_by": {"kind": "json_schema", "path": "d.json", "accepts": [{"x": 1}], "rejects": [{}, []]}},
    {"check": 1, "decided_by": {"kind": "exists", "path": "d.json"}},
    {"check": 2, "decided_by": {"kind": "contains", "path": "e.md", "texts": "one two"}},
    {"check": 2, "decided_by": {"one_of": ["svg", {"kind": "contains", "texts": ["three"]}]}},
    {"check": 2, "decided": True},
    {"check": 3, "decided": False},
    {"check": 4, "decided_by": {"kind": "xml", "counts": [{"element": "item", "max": 2}]}},
    {"check": 5, "decided_by": {"kind": "links", "path": "index.html", "to": ["a.txt", "b.csv"]}},
    {"check": 6, "decided_by": {"all_of": ["licence_mit", {"kind": "csv_columns", "columns": ["day", "rain"]}]}},
    {"check": 6, "decided_by": {"kind": "exists", "path": "LICENSE"}},
    {"check": 7, "decided_by": {"kind": "json_value", "pointer": "/on", "compare": "equals", "value": False}},
    {"check": 8, "decided_by": {"kind": "links", "path": "index.html", "to": "c.txt"}},
    {"check": 9, "decided_by": {"kind": "absent", "path": "old.css"}},
    {"test_mentions": ["name", "list"], "steps": ["fill", "click"]},
    {"test_mentions": "chart"},
]

WRONG: list[dict[str, Any]] = [
    {"file": "a.txt", "source": "attachment"},
    {"file": "g.txt", "source": "write"},
    {"file": "b.csv", "source": "converted", "origin": "other.xlsx"},
    {"file": "b.csv", "source": "converted", "sheet": "June"},
    {"file": "a.txt", "predicate": {"kind": "words", "min": 3, "max": 6}},
    {"file": "a.txt", "predicate": {"kind": "words", "min": 3, "max": None}},
    {"file": "c.txt", "predicate": {"kind": "words", "min": 3, "max": 5}},
    {"absent": "a.txt"},
    {"absent": "builder.py"},
    {"unplanned": "a.txt"},
    {"kept": "a.txt"},
    {"kept": "old.css"},
    {"data": "https://example.org/today", "at_run_time": False},
    {"data": "https://example.org/today", "name": "other.json"},
    {"data": "https://example.org/tomorrow"},
    {"no_data": "https://example.org/today"},
    {"pages": "branch"},
    {"check": 1, "decided_by": {"kind": "json_schema", "path": "e.json"}},
    {"check": 1, "decided_by": {"kind": "json_schema", "path": "d.json", "accepts": [{"x": 1}, []]}},
    {"check": 1, "decided_by": {"kind": "json_schema", "path": "d.json", "rejects": [{"x": "text"}]}},
    {"check": 2, "decided_by": {"kind": "json_schema", "path": "d.json", "accepts": [{"x": 1}]}},
    {"check": 2, "decided_by": {"kind": "contains", "path": "e.md", "texts": "two"}},
    {"check": 2, "decided_by": {"one_of": ["svg", {"kind": "contains", "texts": ["four"]}]}},
    {"check": 2, "decided": False},
    {"check": 3, "decided": True},
    {"check": 99, "decided": False},
    {"check": 99, "decided_by": "svg"},
    {"check": 4, "decided_by": {"kind": "xml", "counts": [{"element": "item", "min": 3}]}},
    {"check": 5, "decided_by": {"kind": "links", "path": "other.html", "to": "a.txt"}},
    {"check": 6, "decided_by": {"all_of": ["licence_mit", "svg"]}},
    {"check": 6, "decided_by": {"kind": "csv_columns", "columns": ["rain", "day"]}},
    {"check": 6, "decided_by": {"kind": "csv_columns", "columns": ["day"]}},
    {"check": 7, "decided_by": {"kind": "json_value", "value": 0}},
    {"check": 8, "decided_by": {"kind": "links", "path": "index.html", "to": "d.txt"}},
    {"check": 9, "decided_by": {"kind": "exists", "path": "old.css"}},
    {"test_mentions": "nam"},
    {"test_mentions": ["name", "list"], "steps": "reload"},
    {"test_mentions": ["chart", "list"]},
]


@pytest.mark.parametrize("fact", RIGHT, ids=str)
def test_a_fact_that_the_plan_states_is_right(fact: dict[str, Any]) -> None:
    assert FACT.validate_python(fact).holds(RequestPlan.model_validate(PLAN))


@pytest.mark.parametrize("fact", WRONG, ids=str)
def test_a_fact_that_the_plan_does_not_state_is_wrong(fact: dict[str, Any]) -> None:
    assert not FACT.validate_python(fact).holds(RequestPlan.model_validate(PLAN))


@pytest.mark.parametrize(
    "fact",
    [
        {"check": 1, "decided_by": "beautiful"},
        {"check": 1, "decided_by": {"kind": "svg", "min": 2}},
        {"check": 1, "decided_by": {"kind": "words", "mentions": "x"}},
        {"check": 0, "decided": True},
        {"file": "a.txt", "source": "borrowed"},
        {"file": "a.txt"},
        {"absent": "a.txt", "kept": "a.txt"},
    ],
    ids=str,
)
def test_a_fact_of_another_form_is_refused(fact: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        FACT.validate_python(fact)


@pytest.mark.parametrize(
    "definition",
    [{"type": "odd"}, {"$ref": "https://example.org/schema.json"}, {"$ref": "#"}, {"pattern": "("}],
    ids=str,
)
def test_a_schema_that_decides_nothing_makes_the_fact_wrong(definition: dict[str, Any]) -> None:
    reading = {"number": 1, "predicates": [{"kind": "json_schema", "path": "d.json", "definition": definition}]}
    fact = {"check": 1, "decided_by": {"kind": "json_schema", "path": "d.json", "accepts": ["x"]}}
    assert not FACT.validate_python(fact).holds(RequestPlan.model_validate({"checks": [reading]}))
