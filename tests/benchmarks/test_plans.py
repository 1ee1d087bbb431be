"""The requests whose plans are judged, the language of their facts, and the table of shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from benchmarks.suite.plan_facts import (
    AbsentFact,
    AllOf,
    DecidedByFact,
    DecidedFact,
    Fact,
    FileFact,
    OneOf,
    PageTestFact,
)
from benchmarks.suite.plan_requests import FOLDER, load_requests
from benchmarks.suite.plan_table import Judged, Share, Valid, details, judged, old_rules, table
from engine.domain.checks import Kind, parse_check
from engine.inputs.workbooks import is_workbook
from engine.plan.schema import FileSource, RequestPlan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.suite.plan_facts import AnyPattern, Pattern
    from benchmarks.suite.plan_requests import SuiteRequest

REQUESTS = load_requests()
FACT: TypeAdapter[Any] = TypeAdapter(Fact)
ATTACHED = [(request, {one.name for one in request.attachments}) for request in REQUESTS]


def patterns(found: AnyPattern) -> Iterator[Pattern]:
    match found:
        case OneOf():
            for one in found.one_of:
                yield from patterns(one)
        case AllOf():
            for one in found.all_of:
                yield from patterns(one)
        case _:
            yield found


def words(request: SuiteRequest) -> str:
    return "\n".join([request.brief, *map(str, request.checks)]).casefold()


def test_there_are_at_least_forty_requests_and_a_quarter_is_not_in_english() -> None:
    foreign = [one for one in REQUESTS if one.language != "English"]
    assert len(REQUESTS) >= 40
    assert len(foreign) * 4 >= len(REQUESTS)
    assert len({one.language for one in foreign}) >= 8
    assert len({one.brief for one in REQUESTS}) == len(REQUESTS)


def test_facts_are_of_checks_that_are_sentences() -> None:
    for request in REQUESTS:
        checks = [parse_check(one) for one in request.checks]
        numbers = [fact.check for fact in request.facts if isinstance(fact, DecidedByFact | DecidedFact)]
        assert 4 <= len(request.facts) <= 9, request.name
        assert all(checks[number - 1].kind is Kind.PROSE for number in numbers), request.name


def test_facts_name_files_that_the_request_has() -> None:
    for request, attached in ATTACHED:
        there = {FileSource.ATTACHMENT: attached, FileSource.CHANGED: attached | {*request.present}}
        files = [fact for fact in request.facts if isinstance(fact, FileFact)]
        for fact in (one for one in files if len(one.source) == 1):
            assert fact.file in there.get(fact.source[0], {fact.file}), request.name
            assert fact.origin in {"", *attached}, request.name
        absent = [fact.absent for fact in request.facts if isinstance(fact, AbsentFact)]
        assert all(path.partition("/")[0].casefold() in words(request) for path in absent), request.name


def test_facts_on_checks_and_tests_name_what_the_request_names() -> None:
    for request, attached in ATTACHED:
        known = {"", "index.html", "README.md", *attached}
        for fact in request.facts:
            if isinstance(fact, PageTestFact):
                assert all(one.casefold() in request.brief.casefold() for one in fact.test_mentions), request.name
            for one in patterns(fact.decided_by) if isinstance(fact, DecidedByFact) else ():
                assert one.kind not in {"equals_attachment", "differs_from_attachment"} or one.path in attached
                assert all(path in known or path.casefold() in words(request) for path in one.paths()), request.name


def test_no_text_is_cut_where_yaml_begins_a_comment() -> None:
    for path in (FOLDER / "requests").glob("*.yaml"):
        text = path.read_text()
        ends = [token.end_mark.index for token in yaml.scan(text) if isinstance(token, yaml.ScalarToken)]
        assert not any(text[end:].partition("\n")[0].lstrip().startswith("#") for end in ends), path.name


@pytest.mark.processes
def test_workbooks_are_described_as_a_round_describes_them() -> None:
    books = [file for one in REQUESTS for file in one.as_brief().attachments if is_workbook(file)]
    assert len(books) == 4
    assert all(file.note.startswith("A workbook of ") for file in books)


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


def test_every_plan_of_nothing_is_wrong_in_nearly_everything() -> None:
    found = [judged(one, RequestPlan(), Valid.AT_ONCE) for one in REQUESTS]
    assert sum(sum(one.right) for one in found) * 20 < sum(len(one.right) for one in found)


def test_without_a_plan_nothing_is_right() -> None:
    assert not any(any(judged(one, None, Valid.NEVER).right) for one in REQUESTS)


def test_of_the_deleted_rules_each_fact_is_known() -> None:
    assert {name: len(said) for name, said in old_rules().items()} == {one.name: len(one.facts) for one in REQUESTS}


def test_the_table_sets_each_model_beside_the_deleted_rules_on_the_same_requests() -> None:
    english = next(one for one in REQUESTS if one.name == "tip-splitter")
    german = next(one for one in REQUESTS if one.name == "de-vereinskasse")
    old = {english.name: (True, False, False, False), german.name: (True,) * 3 + (False,) * 6}
    by = {
        "strong": [
            Judged(english, Valid.AT_ONCE, (True,) * 4),
            Judged(german, Valid.REMINDED, (True,) * 8 + (False,)),
        ],
        "weak": [Judged(english, Valid.IN_PART, (True, True, False, False))],
        "mute": [Judged(german, Valid.NEVER, (False,) * 9)],
    }
    assert table(by, [english, german], old).splitlines()[2:] == [
        "| the deleted rules | 2 |  |  |  |  | 4 of 13, 31 % | 3 of 9, 33 % |  |",
        "| strong | 2 | 1 | 1 | 0 | 0 | 12 of 13, 92 % | 8 of 9, 89 % | 4 of 13, 31 % |",
        "| weak | 1 | 0 | 0 | 1 | 0 | 2 of 4, 50 % |  | 1 of 4, 25 % |",
        "| mute | 1 | 0 | 0 | 0 | 1 | 0 of 9, 0 % | 0 of 9, 0 % | 3 of 9, 33 % |",
    ]
    assert str(Share(0, 0)) == ""


def test_the_details_name_what_is_wrong() -> None:
    request = next(one for one in REQUESTS if one.name == "tip-splitter")
    told = details("weak", [Judged(request, Valid.IN_PART, (True, True, True, False))])
    assert told == (
        "weak, tip-splitter (English): 3 of 4, 75 %; valid in part\n"
        '  wrong: {"test_mentions": ["tip"], "steps": ["fill", "reload"]}'
    )
