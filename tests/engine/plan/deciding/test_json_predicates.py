"""Predicates about single values of a JSON file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.plan.deciding.json_predicates import parse_json, value_at
from tests.engine.plan.deciding.test_decide import FAIL, PASS, UNVERIFIABLE, decided

if TYPE_CHECKING:
    from engine.domain.checks import Verdict

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
DOCUMENT = {
    "entityName": "Caterpillar Inc.",
    "max": {"val": 531, "fy": "2024"},
    "min": {"val": 500.0, "fy": "2021"},
    "tags": ["a", 2, None],
    "on": True,
    "none": None,
    "": {"a/b": 1, "m~n": 2},
}


def compared(pointer: str, compare: str, value: Any = None, other: str | None = None) -> tuple[Verdict, str]:
    predicate = {
        "kind": "json_value",
        "path": "f",
        "pointer": pointer,
        "compare": compare,
        "value": value,
        "other": other,
    }
    return decided(predicate, {"f": json.dumps(DOCUMENT).encode()})


@pytest.mark.parametrize(
    ("pointer", "compare", "value", "holds"),
    [
        ("/entityName", "equals", "Caterpillar Inc.", True),
        ("/entityName", "equals", "caterpillar inc.", False),
        ("/entityName", "differs", "x", True),
        ("/entityName", "contains", "Inc", True),
        ("/entityName", "contains", "inc", False),
        ("/max/val", "equals", 531, True),
        ("/max/val", "equals", 531.0, True),
        ("/max/val", "equals", "531", False),
        ("/max/fy", "equals", 2024, False),
        ("/min/val", "equals", 500, True),
        ("/on", "equals", True, True),
        ("/on", "equals", 1, False),
        ("/none", "equals", None, True),
        ("/none", "differs", 0, True),
        ("/max/val", "greater", 530, True),
        ("/max/val", "greater", 531, False),
        ("/max/val", "at_least", 531, True),
        ("/max/val", "at_most", "1e3", True),
        ("/max/val", "less", "99", False),
        ("/max/fy", "greater", "2020", True),
        ("/max/fy", "greater", "999", True),
        ("/max/fy", "greater", 2020.5, True),
        ("/entityName", "greater", "B", True),
        ("/entityName", "greater", 5, False),
        ("/on", "greater", 0, False),
        ("/none", "less", 1, False),
        ("/tags", "contains", 2, True),
        ("/tags", "contains", 2.0, True),
        ("/tags", "contains", "2", False),
        ("/tags", "contains", None, True),
        ("/max", "contains", "val", False),
        ("/tags/0", "equals", "a", True),
        ("//a~1b", "equals", 1, True),
        ("//m~0n", "equals", 2, True),
    ],
)
def test_a_value_compares_as_its_kind_does(pointer: str, compare: str, value: Any, holds: bool) -> None:
    assert compared(pointer, compare, value)[0] is (PASS if holds else FAIL)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("/max/val", "greater", 9_000), (FAIL, "/max/val is 531, not greater than 9000")),
        (("/max/fy", "equals", 2024), (FAIL, "/max/fy is '2024', not equal to 2024")),
        (("/max/fy", "differs", "2024"), (FAIL, "/max/fy is '2024', not different from '2024'")),
        (("/tags", "contains", "b"), (FAIL, "/tags does not contain 'b'")),
        (("/max", "contains", "b"), (FAIL, "/max is {\"val\": 531, \"fy\": \"2024\"}, in which 'b' cannot be")),
        (("/max/val", "at_least", None, "/min/val"), (PASS, "/max/val is 531")),
        (("/min/val", "at_least", None, "/max/val"),
            (FAIL, "/min/val is 500, not at least 531, the value at /max/val")),
        (("/max/val", "equals", None, ""), (FAIL, "/max/val is 531, not equal to null")),
        (("/max/total", "equals", 1), (FAIL, "nothing is at /max/total")),
        (("/tags/3", "equals", 1), (FAIL, "nothing is at /tags/3")),
        (("/tags/00", "equals", 1), (FAIL, "nothing is at /tags/00")),
        (("/tags/-", "equals", 1), (FAIL, "nothing is at /tags/-")),
        (("/tags/" + "9" * 200, "equals", 1), (FAIL, "nothing is at /tags/" + "9" * 200)),
        (("/on/x", "equals", 1), (FAIL, "nothing is at /on/x")),
        (("/max/val", "equals", None, "/nowhere"), (FAIL, "nothing is at /nowhere")),
        (("max.val", "equals", 1), (UNVERIFIABLE, "'max.val' is no JSON Pointer")),
        (("/a~2", "equals", 1), (UNVERIFIABLE, "'/a~2' is no JSON Pointer")),
        (("/max/val", "equals", None, "max"), (UNVERIFIABLE, "'max' is no JSON Pointer")),
        (("/max/val", "greater", None), (UNVERIFIABLE, "nothing can be greater than null")),
        (("/max/val", "less", float("nan")), (UNVERIFIABLE, "nothing can be less than NaN")),
    ],
)  # fmt: skip
def test_what_was_seen_is_said(arguments: tuple[Any, ...], expected: tuple[Verdict, str]) -> None:
    assert compared(*arguments) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbf1", (PASS, "the document is 1")),
        (b"1.0", (PASS, "the document is 1")),
        (b"NaN", (FAIL, "it is no JSON: NaN is none of its values")),
        (b"[1,\n2,]", (FAIL, "it is no JSON: Expecting value (line 2)")),
        (b'"\xff"', (FAIL, "it is no JSON: it is not UTF-8")),
        (b"[" * 100_000, (FAIL, "it is no JSON that can be read: it is nested too deeply")),
        (b"9" * 100_000, (FAIL, "the document is Infinity, not equal to 1")),
        (b"1e400", (FAIL, "the document is Infinity, not equal to 1")),
        (b"", (FAIL, "it is no JSON: Expecting value (line 1)")),
    ],
)
def test_what_is_no_json_does_not_hold(content: bytes, expected: tuple[Verdict, str]) -> None:
    assert decided({"kind": "json_value", "path": "f", "pointer": "", "value": 1}, {"f": content}) == expected


@pytest.mark.parametrize("compare", ["equals", "contains", "greater"])
def test_a_document_that_is_nested_too_deeply_to_be_compared_raises_nothing(compare: str) -> None:
    predicate = {"kind": "json_value", "path": "f", "pointer": "", "compare": compare, "value": 1}
    found = {decided(predicate, {"f": b"[" * depth + b"]" * depth})[0] for depth in range(100, 1_100)}
    assert found <= {FAIL, UNVERIFIABLE}


def test_infinite_numbers_have_an_order() -> None:
    predicate = {"kind": "json_value", "path": "f", "pointer": "", "compare": "greater", "value": 1e300}
    assert decided(predicate, {"f": b"9" * 5_000})[0] is PASS


def places(value: Any, pointer: str = "") -> list[tuple[str, Any]]:
    """Return every value of a document with its JSON Pointer."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [places(one, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}") for key, one in entries]
    return [(pointer, value), *(place for found in inner for place in found)]


@given(JSON)
def test_a_pointer_leads_to_its_value_and_a_document_is_read_as_it_was_written(document: Any) -> None:
    assert parse_json(json.dumps(document).encode()) == document
    for pointer, value in places(document):
        assert value_at(document, pointer) is value
