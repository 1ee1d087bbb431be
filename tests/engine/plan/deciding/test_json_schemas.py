"""JSON files against JSON Schemas that a model wrote, some of them hostile."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from engine.plan.deciding import json_schemas
from tests.engine.plan.deciding.test_decide import FAIL, PASS, UNVERIFIABLE, decided
from tests.little_time import LARGE, little_time

if TYPE_CHECKING:
    from engine.domain.checks import Verdict

HELD = (PASS, "JSON of that form")
RESTAURANT = {
    "type": "object",
    "required": ["city", "lat"],
    "properties": {"city": {"const": "Bangalore"}, "lat": {"type": "number", "minimum": -90, "maximum": 90}},
}


def checked(definition: dict[str, Any], document: Any) -> tuple[Verdict, str]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return decided({"kind": "json_schema", "path": "f", "definition": definition}, {"f": content})


@pytest.mark.parametrize(
    ("definition", "document", "expected"),
    [
        (RESTAURANT, {"city": "Bangalore", "lat": 12.97, "more": 1}, HELD),
        (RESTAURANT, {"city": "Bangalore", "lat": "12.97"}, (FAIL, "$.lat: '12.97' is not of type 'number'")),
        (RESTAURANT, {"lat": 91}, (FAIL, "'city' is a required property; $.lat: 91 is greater than the maximum of 90")),
        ({}, b"[]", (PASS, "JSON")),
        ({}, b"[1,", (FAIL, "it is no JSON: Expecting value (line 1)")),
        ({"type": "integer"}, b"1.0", HELD),
        ({"type": "number"}, True, (FAIL, "True is not of type 'number'")),
        ({"type": "array", "minItems": 2}, [1], (FAIL, "[1] is too short")),
        ({"items": {"type": "object", "required": ["id"]}}, [{"id": 1}, {}],
            (FAIL, "$[1]: 'id' is a required property")),
        ({"items": {"type": "string"}}, list(range(9)),
            (FAIL, "; ".join(f"$[{n}]: {n} is not of type 'string'" for n in range(6)))),
        ({"items": False}, [1], (FAIL, "$[0]: 1 should not be valid under {}")),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"a": 1, "b": 2},
            (FAIL, "further fields are not allowed: 'b'")),
        ({"additionalProperties": {"type": "string"}}, {"a": 1}, (FAIL, "$.a: 1 is not of type 'string'")),
        ({"patternProperties": {r"^\d{4}$": {"type": "number"}}, "additionalProperties": False}, {"2020": 1, "21": 1},
            (FAIL, "further fields are not allowed: '21'")),
        ({"patternProperties": {r"^\d{4}$": {"type": "number"}}}, {"2020": "1"},
            (FAIL, "$['2020']: '1' is not of type 'number'")),
        ({"pattern": r"^\d{4}-\d\d$"}, "2024-05", HELD),
        ({"pattern": r"^\d{4}-\d\d$"}, "2024-5", (FAIL, r"'2024-5' does not match '^\\d{4}-\\d\\d$'")),
        ({"pattern": "b"}, "abc", HELD),
        ({"multipleOf": 0.01}, 19.99, HELD),
        ({"multipleOf": 0.01}, 19.999, (FAIL, "19.999 is not a multiple of 0.01")),
        ({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], (FAIL, "its items are not all different")),
        ({"uniqueItems": True}, [1, True, "1", [1]], HELD),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"n": {"type": "number"}},
            "items": {"$ref": "#/definitions/n"}}, [1, "x"], (FAIL, "$[1]: 'x' is not of type 'number'")),
        ({"$id": "https://example.org/a", "$defs": {"n": {"type": "number"}}, "items": {"$ref": "#/$defs/n"}}, [1],
            HELD),
        ({"type": "string"}, ["x" * 500], (FAIL, "['" + "x" * 58 + " … " + "x" * 74 + "'] is not of type 'string'")),
    ],
)  # fmt: skip
def test_a_document_is_held_against_a_schema(
    definition: dict[str, Any], document: Any, expected: tuple[Verdict, str]
) -> None:
    assert checked(definition, document) == expected


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"type": "objekt"}, "'objekt' is not valid"),
        ({"$ref": "https://127.0.0.1:9/schema.json"}, "Unresolvable: https://127.0.0.1:9/schema.json"),
        ({"$ref": "file:///etc/passwd"}, "Unresolvable"),
        ({"$ref": "#/$defs/none"}, "/$defs/none"),
        ({"$ref": "#"}, "recursive without end"),
        ({"$dynamicRef": "#a"}, "it uses $dynamicRef"),
        ({"unevaluatedProperties": False}, "it uses unevaluatedProperties"),
        ({"propertyNames": {"pattern": "("}}, "the pattern '(' is not known here: unclosed group"),
        ({"propertyNames": {"pattern": "^(?!a)"}}, "look-around"),
        ({"propertyNames": {"pattern": "(?x)a { 9 }"}}, "sets flags"),
        ({"propertyNames": {"pattern": "a{3000}"}}, "repeats too much"),
        ({"propertyNames": {"pattern": "(a{50}){50}"}}, "repeats too much"),
        ({"propertyNames": {"pattern": "a" * 201}}, "too long"),
        ({"allOf": [{"propertyNames": {"pattern": f"a|{n}"}} for n in range(31)]}, "more than 30 patterns"),
        ({"properties": {"a0": {"multipleOf": 2}}}, "InvalidOperation"),
    ],
)
def test_a_schema_that_cannot_be_used_decides_nothing(definition: dict[str, Any], said: str) -> None:
    names = {f"a{n}": 1 for n in range(1, 40)}
    verdict, seen = checked(definition, json.dumps(names | {"a0": 0}).replace('"a0": 0', '"a0": 1e999').encode())
    assert verdict is UNVERIFIABLE
    assert seen.startswith("the schema cannot be used: ")
    assert said in seen


def doubling(levels: int) -> dict[str, Any]:
    """Return a schema that checks a value 2^levels times."""
    forms = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$ref": "#/$defs/d0", "$defs": forms | {f"d{levels}": {"type": "array"}}}


ROWS = [{"id": n, "name": f"n{n}", "tags": ["a", "b"]} for n in range(1_000)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("definition", "document"),
    [
        (doubling(60), []),
        ({"anyOf": [{"type": "string"}] * 500}, ROWS),
        ({"anyOf": [False] * 900}, ROWS),
        ({"allOf": [{"not": False}] * 600}, ROWS),
        ({"allOf": [{"uniqueItems": True}] * 500}, ROWS),
        ({"allOf": [{"contains": {}}] * 900}, ROWS),
        ({"items": {"enum": list(range(3_000))}}, [0, 1, 2] * 2_000),
        ({"$schema": "http://json-schema.org/draft-07/schema#",
            "allOf": [{"$schema": "http://json-schema.org/draft-07/schema#", "pattern": "[ab]*a[ab]{1500}[cd]"}]},
            "ab" * 100_000),
        ({"items": {"pattern": "^[ab]*a[ab]{500}.*$|^ab"}}, ["ab" * 500] * 1_000),
        ({"items": {"$ref": "#"}}, b"[" * 900 + b"]" * 900),
    ],
    ids=range(10),
)  # fmt: skip
def test_a_schema_that_asks_for_more_work_than_is_allowed_decides_nothing(
    definition: dict[str, Any], document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_schemas, "_MOST_WORK", 400_000)
    with little_time():
        assert checked(definition, document)[0] is UNVERIFIABLE


@pytest.mark.slow
def test_the_work_that_is_allowed_takes_little_time() -> None:
    with little_time(LARGE):
        assert checked(doubling(60), [])[0] is UNVERIFIABLE


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a|a)*$", "(x+x+)+y|^(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a_pattern_that_backtracks_elsewhere_is_decided_at_once(pattern: str) -> None:
    with little_time():
        assert checked({"pattern": pattern}, "a" * 100_000 + "!")[0] is FAIL


@pytest.mark.slow
def test_an_error_is_reported_although_the_rest_would_take_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_schemas, "_MOST_WORK", 400_000)
    slow = {"allOf": [{"contains": {}}] * 900}
    assert checked({"properties": {"a": {"type": "number"}, "b": slow}}, {"a": "x", "b": ROWS}) == (
        FAIL,
        "$.a: 'x' is not of type 'number'",
    )
