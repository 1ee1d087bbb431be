from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.formats.json_outline import json_lines_outline, json_outline
from tests.little_time import little_time

FILINGS = {
    "entity": "X",
    "units": {
        "shares": [{"val": 5, "fy": 2020, "end": "2020-01-02"}, {"val": None, "fy": 2021}, {"val": 7, "fy": 2021}]
    },
}


def test_a_list_of_objects_is_described_field_by_field() -> None:
    found = json_outline('[{"id": 1, "name": "a", "ok": true}, {"id": 2, "name": "b", "ok": true}]')
    assert found.shape == "JSON: [2 of {id: number, name: text, ok: true/false}]"
    assert found.fields == [
        "Fields of the 2 entries:",
        "- id: integer, 1 to 2",
        '- name: text, 2 different: "a", "b"',
        "- ok: true/false, always true",
    ]
    assert found.fault == ""


def test_a_list_inside_is_described_by_its_path_with_what_is_null_or_missing() -> None:
    assert json_outline(json.dumps(FILINGS)).fields == [
        "Fields of the 3 entries of units.shares:",
        "- val: integer, 5 to 7 (2 times); null (1 time)",
        "- fy: integer, 2020 to 2021, ascending, 2 different",
        "- end: text (date), always 2020-01-02; missing in 2",
    ]


def test_objects_inside_of_entries_are_described_by_their_paths() -> None:
    entries = [{"a": {"b c": 1, "d": [1, 2]}, "n": "x"}, {"a": {"b c": 2, "d": []}, "n": 1}, 7]
    assert json_outline(json.dumps(entries)).fields == [
        "Fields of the 2 objects among the 3 entries:",
        '- a["b c"]: integer, 1 to 2',
        "- a.d: list of 0 to 2 values",
        '- n: text, always "x" (1 time); integer, always 1 (1 time)',
    ]


def test_lists_inside_of_entries_are_described_together_by_their_path() -> None:
    orders = [{"id": 1, "items": [{"price": 2}, {"price": 5}]}, {"id": 2, "items": [{"price": 9, "gift": True}]}]
    assert json_outline(json.dumps({"orders": orders})).fields == [
        "Fields of the 2 entries of orders:",
        "- id: integer, 1 to 2",
        "- items: list of 1 to 2 values",
        "Fields of the 3 entries of orders[].items:",
        "- price: integer, 2 to 9, ascending, all different",
        "- gift: true/false, always true; missing in 2",
    ]


def test_rows_that_are_lists_are_described_by_their_places() -> None:
    table = [["NAME", "POP"], ["Alabama", "5024279"], ["Alaska", "733391"]]
    assert json_outline(json.dumps(table)).fields == [
        "Fields of the 3 entries, each a list:",
        '- [0]: text, 3 different: "NAME", "Alabama", "Alaska"',
        '- [1]: text, 3 different: "POP", "5024279", "733391"',
    ]


def test_an_object_with_a_value_for_each_key_is_described_as_a_list() -> None:
    rates = {f"2024-01-{day:02}": {"usd": day / 2, "note": None} for day in range(1, 31)}
    assert json_outline(json.dumps({"rates": rates})).fields == [
        'Fields of the 30 values of rates, by its keys "2024-01-01" to "2024-01-30":',
        "- usd: number, 0.5 to 15.0, ascending, all different",
        "- note: null",
    ]
    numbers = json_outline(json.dumps({"days": list(range(40)), "one": {str(n): n for n in range(25)}})).fields
    assert numbers == [
        "The 40 values of days: integer, 0 to 39, ascending, all different",
        'The 25 values of one, by its keys "0" to "24": integer, 0 to 24, ascending, all different',
    ]


def test_other_json_is_described_by_its_shape() -> None:
    text = '{"rates": [1.5, 2], "empty": [], "none": null, "deep": {"a": {"b": {"c": {"d": 1}}}}}'
    found = json_outline(text)
    assert (
        found.shape == "JSON: {rates: [2 of number], empty: array of 0, none: null, deep: {a: {b: {c: object of 1}}}}"
    )
    assert found.fields == []


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ('{"a": 1,}', "line 1, column", "a comma before the closing bracket"),
        ("[1,\n2,\n]", "line", "a comma before the closing bracket"),
        ("{'a': 1}", "line 1, column 2", "a single quotation mark"),
        ("{\n  a: 1}", "line 2, column 3", "a key without quotation marks"),
        ('{"a": None}', "line 1, column 7", "a word that is no value of JSON"),
        ('// all\n{"a": 1}', "line 1, column 1", "a comment"),
        ('{"a": [1, 2', "line 1, column 12", "the end of the file"),
        ('{"a": "b', "line 1, column 7", "a string that is not closed"),
        ('show({"a": 1})', "line 1, column 1", "a function call"),
        ('const data = {"a": 1};', "line 1, column 1", "a script that holds the data"),
        ("<!doctype html>", "line 1, column 1", "markup"),
        ('{"a": "b\nc"}', "line 1, column 9", "a line break or control character"),
        ('{"a": 1} {"b": 2}', "line 1, column 10", "a second value"),
        ("[1 2]", "line 1, column 4", "no comma"),
        ('{"a" 1}', "line 1, column 6", "no colon"),
        ('"\\x"', "line 1, column 2", "a backslash"),
        ("nope", "line 1, column 1", "something else than JSON"),
    ],
)
def test_a_syntax_error_is_reported_with_its_place_and_the_text_there(text: str, place: str, what: str) -> None:
    fault = json_outline(text).fault
    assert fault.startswith(f"does not parse as JSON: {place}")
    assert what in fault


def test_nan_is_found_and_the_rest_described() -> None:
    found = json_outline('[{"v": 1.5, "w": "NaN"},\n {"v": NaN}, {"v": -Infinity}]')
    assert found.fault.startswith("holds NaN or Infinity 2 times, first in line 2, column 8.")
    assert found.fields[1] == "- v: number, always 1.5 (1 time); NaN or Infinity (2 times)"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a": ' + "9" * 5_000 + "}", "", "  \n"])
def test_what_cannot_be_read_has_a_fault_and_no_shape(text: str) -> None:
    found = json_outline(text)
    assert found.fault
    assert not found.shape


LINES = '{"a": 1}\n\n{"a": 2, "b": "x"}\n'


def test_json_lines_are_described_field_by_field() -> None:
    found = json_lines_outline(LINES)
    assert found.shape.startswith("JSON Lines: 2 lines, each a JSON value of its own")
    assert found.fields == ["Fields of the 2 lines:", "- a: integer, 1 to 2", '- b: text, always "x"; missing in 1']
    assert json_outline(LINES).shape.startswith("It is called JSON, but it is JSON Lines: 2 lines,")


def test_a_line_that_does_not_parse_is_named() -> None:
    assert json_lines_outline('{"a": 1}\n{"a": \'x\'}').fault.startswith(
        "is called JSON Lines, but line 2 does not parse: column 7 has a single quotation mark"
    )


def test_many_and_long_fields_stay_within_bounds() -> None:
    wide = [{f"field {number} {'x' * 100}": "y" * 1_000 for number in range(300)}] * 3
    found = json_outline(json.dumps(wide))
    assert len("\n".join([found.shape, *found.fields])) < 4_000
    assert found.fields[-1].startswith("- and 2")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.integers(0, 40))
def test_any_json_whole_or_cut_is_described(value: object, cut: int) -> None:
    text = json.dumps(value)
    assert json_outline(text).shape
    for part in (text[: len(text) - cut], text[cut:]):
        found = json_outline(part)
        assert found.shape or found.fault


@pytest.mark.parametrize(
    ("text", "value", "what"),
    [
        ("[1, // one\n 2 /* two */]", [1, 2], ["comments"]),
        (
            '{"a": "it // stays, /* too */", "b": 1,}',
            {"a": "it // stays, /* too */", "b": 1},
            ["commas before a closing bracket"],
        ),
        ('[NaN, -Infinity, "NaN"]', [None, None, "NaN"], ["NaN or Infinity"]),
        (
            "{'a': None, 'b': True, 'c': False}",
            {"a": None, "b": True, "c": False},
            ["None", "True", "False", "single quotation marks"],
        ),
        ('{a: 1, $b: "x: y"}', None, None),
        ('{a: 1, b_2: "x: y"}', {"a": 1, "b_2": "x: y"}, ["keys without quotation marks"]),
        (
            '[12345678901234567890, 0.12345678901234567, "12345678901234567890"]',
            ["12345678901234567890", 0.12345678901234567, "12345678901234567890"],
            ["whole numbers above 2^53"],
        ),
        ("[undefined, None]", [None, None], ["None", "undefined"]),
        (
            '{"a": 1, // c\n "id": 12345678901234567890}',
            {"a": 1, "id": "12345678901234567890"},
            ["comments", "whole numbers above 2^53"],
        ),
    ],
)
def test_what_writers_take_for_json_is_read_after_fixes(text: str, value: object, what: list[str] | None) -> None:
    found = json_outline(text)
    assert found.fault
    assert found.value == value
    assert [fix.what for fix in found.fixes] == (what or [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1e-1234567890123456, 0.1234567890123456789]", [0.0, 0.1234567890123456789]),
        (
            "[-9007199254740993, 123456789012345, 1234567890123456.5]",
            ["-9007199254740993", 123456789012345, 1234567890123456.5],
        ),
        ("[NaN, 9007199254740993]", [None, "9007199254740993"]),
        ("[12345678901234567890, 100000000000000000000]", ["12345678901234567890", "100000000000000000000"]),
        ("[1" + "0" * 320 + "]", ["1" + "0" * 320]),
    ],
)
def test_only_whole_numbers_become_texts(text: str, value: object) -> None:
    assert json_outline(text).value == value


@pytest.mark.parametrize(
    "text", ['{"t": 1700000000000000}', "[9000000000000000, 9007199254740992]", "[100000000000000000000, -5e20]"]
)
def test_whole_numbers_that_javascript_holds_exactly_stay_numbers(text: str) -> None:
    found = json_outline(text)
    assert (found.fault, found.fixes, found.value) == ("", (), json.loads(text))


NO_CONSTANT = "JSON has no such value, so JSON.parse of such a"
ROUNDED = "holds whole numbers above 2^53, which JavaScript's numbers may round"
TWICE = 'has an object with two keys "a", of which JSON.parse keeps the last'


@pytest.mark.parametrize(
    ("text", "split", "value", "faults"),
    [
        ('{"id": NaN}', "lines", [{"id": None}], [f"{NO_CONSTANT} line throws"]),
        ('{"id": 1}\n{"id": -Infinity}\n', "lines", [{"id": 1}, {"id": None}], ["line 2, column 8"]),
        ('{"id": 1234567890123456789}\n[]', "lines", [{"id": "1234567890123456789"}, []], [ROUNDED]),
        ('{"a": 1}\n{"a": 1, "a": 2}', "lines", [{"a": 1}, {"a": 2}], [TWICE]),
        (
            '{"a": 1, "a": NaN}{"a": 12345678901234567}',
            "values",
            [{"a": None}, {"a": "12345678901234567"}],
            [f"{NO_CONSTANT} value throws", TWICE, ROUNDED],
        ),
        ("{'a': 1}\n{'a': None}", "lines", [{"a": 1}, {"a": None}], ["it also holds None and single quotation marks"]),
        ('{"a": 1, "a": NaN, "b": 12345678901234567}', "", {"a": None, "b": "12345678901234567"}, [TWICE, ROUNDED]),
    ],
)
def test_all_ways_of_reading_find_what_javascript_refuses_or_loses(
    text: str, split: str, value: object, faults: list[str]
) -> None:
    found = json_lines_outline(text) if split == "lines" else json_outline(text)
    assert (found.split, found.value) == (split, value)
    assert [fault for fault in faults if fault not in found.fault] == []


def test_one_line_is_json_lines_too_and_json_of_several_lines_is_not() -> None:
    assert json_lines_outline('{"id": 1}\n').shape == "JSON Lines: 1 line: {id: number}"
    assert json_lines_outline('{"id": 1}\n').fault == ""
    assert json_lines_outline('{\n"id": 1}').fault == "is called JSON Lines, but it is JSON as a whole"


def test_a_text_that_is_not_called_json_is_not_said_to_be() -> None:
    found = json_outline('{"id": 1}\n{"id": 2}\n', is_called_json=False)
    assert found.shape.startswith("JSON Lines: 2 lines")
    assert found.fault == ""


@given(st.text("{}[]\",:'/*#nulNaNtrue0123456789.eE+- \n\\abc", max_size=80))
def test_whatever_looks_like_json_is_outlined_or_has_a_fault(text: str) -> None:
    found = json_outline(text)
    assert found.shape or found.fault
    json_lines_outline(text)


@pytest.mark.parametrize(
    "text", ['{"a": 1}{"a": 2}', '{"a": 1}\n\n{\n"a": 2}', '\x1e{"a": 1}\n\x1e{"a": 2}\n', '{"a": 1},\n{"a": 2},\n']
)
def test_values_one_after_the_other_are_read_as_several(text: str) -> None:
    for found in (json_outline(text), json_lines_outline(text)):
        assert (found.value, found.split) == ([{"a": 1}, {"a": 2}], "values")
        assert found.shape.startswith("JSON: 2 values one after the other")


def test_a_key_that_stands_twice_is_named() -> None:
    found = json_outline('[{"a": 1, "b": 2, "a": 3}]')
    assert found.fault == 'has an object with two keys "a", of which JSON.parse keeps the last'


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["/*a" * 130_000, '"' + '\\"' * 190_000, "'" * 400_000, "[1," + " " * 400_000, "a" * 400_000, "{}" * 50_000]
)
def test_hostile_json_takes_little_time(text: str) -> None:
    with little_time():
        json_outline(text)
