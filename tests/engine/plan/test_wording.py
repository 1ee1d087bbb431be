"""Predicates in words."""

from __future__ import annotations

from typing import Any

import pytest

from engine.plan.predicates import JsonSchema
from engine.plan.wording import in_words, rule_in_words
from tests.engine.plan.deciding.test_decide import PREDICATES
from tests.little_time import little_time

NESTED = {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}, "required": ["next"]}}}


@pytest.mark.parametrize(
    ("predicate", "said"),
    [
        ({"kind": "exists", "path": "a.txt"}, "a.txt is there and is not empty"),
        ({"kind": "absent", "path": "result.json"}, "result.json is not in the repository"),
        ({"kind": "equals_attachment", "path": "uid.txt"}, "uid.txt is the attachment of its name, byte for byte"),
        ({"kind": "differs_from_attachment", "path": "a.py", "attachment": "b.py"},
            "a.py is not the attachment b.py as it came: it was changed"),
        ({"kind": "contains", "path": "a", "texts": ["x", "y", "z"]}, "a contains 'x', 'y' and 'z'"),
        ({"kind": "contains", "path": "a", "texts": ["x" * 301]}, f"a contains '{'x' * 300}' …"),
        ({"kind": "lacks", "path": "a", "texts": ["x", "y"], "ignore_case": True},
            "a does not contain 'x' or 'y', in capitals or not"),
        ({"kind": "words", "path": "ashravan.txt", "min": 300, "max": 400}, "ashravan.txt has 300 to 400 words"),
        ({"kind": "words", "path": "about.md", "min": 3, "max": 3}, "about.md has exactly 3 words"),
        ({"kind": "words", "path": "a", "min": 1}, "a has at least 1 word"),
        ({"kind": "words", "path": "a"}, "a has any number of words"),
        ({"kind": "lines", "path": "a", "max": 1}, "a has at most 1 line"),
        ({"kind": "headings", "path": "a.md", "names": ["A", "B"], "min": 3},
            "a.md has the headings 'A' and 'B' and at least 3 headings"),
        ({"kind": "headings", "path": "a.md", "names": "A"}, "a.md has the heading 'A'"),
        ({"kind": "json_schema", "path": "a.json", "definition": {}}, "a.json is valid JSON"),
        ({"kind": "json_value", "path": "a.json", "pointer": "/max/fy", "compare": "greater", "value": "2020"},
            "a.json holds at /max/fy a value greater than '2020'"),
        ({"kind": "json_value", "path": "a.json", "pointer": "/max/val", "compare": "at_least", "other": "/min/val"},
            "a.json holds at /max/val a value of at least the value at /min/val"),
        ({"kind": "json_value", "path": "a.json", "pointer": "/name", "value": "Caterpillar Inc."},
            "a.json holds at /name 'Caterpillar Inc.'"),
        ({"kind": "json_value", "path": "a.json", "pointer": "", "value": True}, "a.json holds at its top true"),
        ({"kind": "csv_columns", "path": "a.csv", "columns": ["id", "name"]},
            "a.csv is CSV with exactly the columns id, name, in this order"),
        ({"kind": "csv_equals", "path": "data.csv", "workbook": "data.xlsx", "sheet": "S"},
            "data.csv holds the rows of the sheet 'S' of data.xlsx as CSV"),
        ({"kind": "xml", "path": "a.xml", "root": "rss", "counts": [{"element": "item", "min": 3, "max": 5}]},
            "a.xml is well-formed XML whose root is <rss> with 3 to 5 <item> elements"),
        ({"kind": "svg", "path": "a.svg"}, "a.svg is an SVG image that draws something"),
        ({"kind": "links", "to": ["about.md", "pelican.svg"]}, "index.html links about.md and pelican.svg"),
        ({"kind": "licence_mit"}, "LICENSE holds the text of the MIT licence"),
        ({"kind": "readme_sections", "names": ["Setup"]}, "README.md has a section with text on each of Setup"),
        ({"kind": "served", "path": "a"}, "a is served by the published site"),
        ({"kind": "page", "expression": "a()"}, "on the page as it opens: a() is true"),
        ({"kind": "page", "expression": "a()",
            "steps": [{"do": "fill", "selector": "#a", "value": "x"},
                {"do": "press", "selector": "#a", "value": "Enter"}, {"do": "wait", "value": "300"}]},
         "after filling #a with 'x', pressing Enter in #a and waiting 300 ms: a() is true"),
        ({"kind": "page", "expression": "a()",
            "steps": [{"do": "open", "value": "?x=1"}, {"do": "reload"},
                {"do": "select", "selector": "#s", "value": "EUR"}, {"do": "press", "value": "Tab"}]},
         "after opening the page with ?x=1, reloading the page, selecting 'EUR' in #s and pressing Tab: a() is true"),
    ],
)  # fmt: skip
def test_a_predicate_is_a_plain_sentence(predicate: dict[str, Any], said: str) -> None:
    assert in_words(PREDICATES.validate_python(predicate)) == said


def test_below_a_files_name_its_path_is_left_out() -> None:
    predicate = PREDICATES.validate_python({"kind": "words", "path": "a.txt", "min": 300, "max": 400})
    assert rule_in_words(predicate) == "has 300 to 400 words"


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"type": "object", "required": ["city", "lat"],
            "properties": {"city": {"const": "Bangalore"}, "lat": {"type": "number", "minimum": -90, "maximum": 90},
                "note": {"type": ["string", "null"]}}},
         'JSON of the form {city: "Bangalore", lat: number from -90 to 90, note?: string or null}'),
        ({"required": ["a", "b"], "properties": {"b": {"enum": ["x", 1]}}, "additionalProperties": False},
            'JSON of the form {a, b: "x" or 1} and no other field'),
        ({"type": "array", "minItems": 5, "maxItems": 5, "items": {"properties": {"id": {"type": "integer"}}}},
            "JSON: array of exactly 5 {id?: integer}"),
        ({"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "string"}},
            "JSON: array of at least 2 different strings"),
        ({"minItems": 1, "maxItems": 1, "items": {"pattern": "^a$", "maxLength": 3}},
            "JSON: array of exactly 1 string (of at most 3 characters, like ^a$)"),
        ({"prefixItems": [{"type": "string", "minLength": 1}, {"type": "number", "exclusiveMinimum": 0}]},
            "JSON: [string (not empty), number above 0]"),
        ({"type": "array"}, "JSON: array"),
        ({"additionalProperties": {"type": "string", "format": "date"}},
            "JSON of the form {any name: string (as date)}"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "JSON: string or null"),
        ({"allOf": [{"required": ["a"]}, {"required": ["b"]}]}, "JSON of the form {a} and {b}"),
        (NESTED, "JSON of the form {next: n}"),
        ({"$ref": "#/$defs/none"}, "JSON: none"),
        ({"$ref": "#"}, "JSON: the same form again"),
        ({"required": ["a", "b" * 500]}, f"JSON of the form {{a, {'b' * 395}…"),
        ({"type": 5, "properties": 7, "required": {}, "enum": "x", "anyOf": 1}, "JSON: 5"),
        ({"not": {}}, "JSON: any value"),
    ],
    ids=range(16),
)  # fmt: skip
def test_a_schema_reads_as_briefs_write_forms(definition: dict[str, Any], said: str) -> None:
    predicate = {"kind": "json_schema", "path": "a", "definition": definition}
    assert in_words(PREDICATES.validate_python(predicate)) == f"a is {said}"


def test_a_large_schema_is_cut_and_takes_little_time() -> None:
    fields = {f"a{n}": {"$ref": "#/$defs/b"} for n in range(80)}
    inner = {f"b{n}": {"anyOf": [{"$ref": "#"}] * 5} for n in range(80)}
    definition = {"properties": fields, "$defs": {"b": {"properties": inner}}}
    with little_time():
        said = in_words(PREDICATES.validate_python({"kind": "json_schema", "path": "a", "definition": definition}))
    assert len(said) < 440


def test_the_words_of_a_schema_are_the_same_in_whatever_order_a_database_keeps_its_fields() -> None:
    fields = {"lat": {"type": "number"}, "city": {"type": "string"}, "b": {}, "a": {}}
    there, back = dict(fields.items()), dict(reversed(fields.items()))
    asked = [JsonSchema(definition={"properties": one, "required": ["city", "lat"]}) for one in (there, back)]
    assert {rule_in_words(one) for one in asked} == {"is JSON of the form {city: string, lat: number, a?, b?}"}
