from __future__ import annotations

import pytest

from engine.core.json_clauses import take_shape
from engine.core.json_shapes import mismatches, parse_json, read_shape
from tests.little_time import little_time


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("{city, lat, long}", "{city, lat, long}"),
        ('{ "rate": number, "reason": string }', "{rate: number, reason: string}"),
        ("{ people: 2, case_1: { swerve: bool, reason }, \u2026 }", "{people: number, case_1: {swerve: boolean, reason}}"),
        ("{ people: \u2026, case_1: { swerve: true }, ... }", "{people, case_1: {swerve: boolean}}"),
        ('[{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]', "an array of {id: number, name}"),
        ("{tags: string[], more: [number], deep: {a: {b}}}", "{tags: an array of strings, more: an array of numbers, deep: {a: {b}}}"),
        ('{"rate": "a number between 0 and 1", "kind": "a" | "b"}', "{rate, kind}"),
        ('{"rate": "number"}', "{rate: number}"),
        ("{a: number (percent), b: (any, thing)}", "{a: number, b}"),
        ("{a?: number, b}", "{b}"),
        ("{\n  a: string;\n  b: int\n}", "{a: string, b: integer}"),
        ("{}", "an object"),
        ("{ \u2026 }", "an object"),
        ("[string]", "an array of strings"),
    ],
)  # fmt: skip
def test_a_form_is_read_as_briefs_write_it(form: str, said: str) -> None:
    read = read_shape(form)
    assert read is not None
    assert (str(read[0]), read[1]) == (said, len(form))


@pytest.mark.parametrize(
    "text",
    ["", "x", "{some free text}", "{a: {b", "{" * 50 + "}" * 50, "{1, 2}", "{a b c}", "[a, {]", "{a: 1, {b: 2}}"],
)
def test_what_is_no_form_is_none(text: str) -> None:
    assert read_shape(text) is None


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        ("an array of 5 objects with id (number) and name (string)", "an array of 5 {id: number, name: string}"),
        ("a JSON array of at least three strings", "an array of at least 3 strings"),
        ("a list of at most 4 numbers", "an array of at most 4 numbers"),
        ("exactly 5 objects with the fields id and name", "an array of 5 {id, name}"),
        ("an object with keys title, tags and year", "{title, tags, year}"),
        ("valid JSON with the properties `a`, `b`", "{a, b}"),
        ("with rate (a number) and reason (string)", "{rate: number, reason: string}"),
        ("an array of 3 objects like {id: number, name}", "an array of 3 {id: number, name}"),
        ("an array of ten cities", "an array of 10 items"),
        ("fields: id: integer, name: string", "{id: integer, name: string}"),
        ("an object", "an object"),
        ("a JSON object", "an object"),
    ],
)
def test_a_form_in_words_is_understood(clause: str, said: str) -> None:
    assert str(take_shape(clause)[0]) == said


@pytest.mark.parametrize(
    "clause", ["the settings", "a nice set of jokes", "with a long description and a joke", "[optional]"]
)
def test_words_that_say_no_form_give_none(clause: str) -> None:
    assert take_shape(clause) == (None, clause)


@pytest.mark.parametrize(
    ("form", "content", "problems"),
    [
        ("{a, b: number}", b'{"a": null, "b": 1.5, "more": []}', []),
        ("{a, b: number}", b'{"b": "1"}', ["it has no 'a'", "b is a string, not a number"]),
        ("{b: number}", b'{"b": true}', ["b is a boolean, not a number"]),
        ("{b: integer}", b'{"b": 1.5}', ["b is a number, not an integer"]),
        ("{a: {b: bool}}", b'{"a": {"b": 0}}', ["a.b is an integer, not a boolean"]),
        ("[{id: number}]", b'[{"id": 1}, {"id": "2"}]', ["item 2.id is a string, not a number"]),
        ("{a}", b"[]", ["it is an array, not an object"]),
    ],
)
def test_a_value_is_judged_by_its_form(form: str, content: bytes, problems: list[str]) -> None:
    read = read_shape(form)
    assert read is not None
    assert mismatches(read[0], parse_json(content)) == problems


def test_the_length_of_an_array_is_judged() -> None:
    shape, _ = take_shape("an array of 2 objects with id")
    assert shape is not None
    assert mismatches(shape, [{}, {}, {}])[0] == "it has 3 items"
    assert mismatches(shape, [{}, {}]) == []


@pytest.mark.parametrize(
    "content", [b"{", b"\xff", b"NaN", b"[" * 100_000, b"{'a': 1}", b"", b"1" * 10_000, b"// c\n{}"]
)
def test_what_is_no_json_is_said_in_a_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_json(content)


@pytest.mark.parametrize(
    "text",
    [
        "{a: " * 1_000,
        "{" + "a, " * 20_000,
        "[" + '"' * 20_000,
        "keys " + "a, " * 20_000,
        "array of " * 9_000,
        "{a " * 9_000,
    ],
)
def test_hostile_forms_are_read_in_no_time(text: str) -> None:
    with little_time():
        take_shape(text)
