"""Which files get code that reads them, and when the code is advice."""

from __future__ import annotations

import hashlib
import json
import string

import pytest

from engine.domain.brief import AttachedFile
from engine.inputs.reading_code import ADVICE, reading_codes, reading_script, with_advice


def file(name: str, content: bytes, media_type: str = "") -> AttachedFile:
    return AttachedFile(name, media_type, content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"a,b\n1,2\n"),
        ("a.csv", b"a;b\n1;2"),
        ("a.csv", b"\xef\xbb\xbfa,b\n1,2\n"),
        ("a.json", b'\xef\xbb\xbf{"a": 1}\r\n'),
        ("a.json", b'{"a": '),
        ("a.txt", b"some\r\nwords\r\n"),
        ("a.csv", b"<html>\r\n<p>404"),
        ("a.csv", "a,b\n1,2\n".encode("utf-32")),
        ("a.csv", b"%PDF-1.7\r\n\0"),
        ("a.csv", b"a,b\r\n" + b"1,2\r\n" * 500_000),
        ("a.csv", b""),
    ],
)
def test_what_ordinary_code_reads_or_no_code_reads_needs_no_browser(name: str, content: bytes) -> None:
    assert reading_codes(file(name, content)) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b"a,b\r\n1,2\r\n"),
        ("a.csv", "a,b\n1,2\n".encode("utf-16")),
        ("a.csv", b'a,b\n"1",2\n'),
        ("a.csv", b"Title\na,b\n1,2\n3,4\n"),
        ("a.csv", b"a,b\n1,2,3\n1,2\n"),
        ("a.csv", b"a,\n1,2\n"),
        ("a.csv", b"Oslo,5\nBergen,6\n"),
        ("a.json", b"[NaN]"),
        ("a.jsonl", b'{"a": 1}\n{"a": 2}\n'),
        ("a.txt", "Größe\n".encode("cp1252")),
    ],
)
def test_what_ordinary_code_reads_wrongly_has_code_that_fetches_it(name: str, content: bytes) -> None:
    codes = reading_codes(file(name, content))
    assert codes
    assert all(f'await fetch("{name}")' in one.code for one in codes)
    assert all(one.code in reading_script({name: codes}) for one in codes)


def test_code_is_advice_only_if_it_gave_what_the_service_reads() -> None:
    table = AttachedFile("a.csv", "", b"a,b\r\n1,2\r\n", note="Fetched.")
    plain, thorough = reading_codes(table)
    right = {"header": ["a", "b"], "rows": [["1", "2"]]}
    for results in (
        {},
        {"a.csv\n0": {"error": "SyntaxError"}},
        {"a.csv\n0": {"value": {**right, "rows": [["1", "2\r"]]}}},
        {"a.csv\n0": right},
        {"a.csv\n0": {"digest": "0" * 64}},
    ):
        assert with_advice(table, [plain, thorough], results) is table
    advised = with_advice(table, [plain, thorough], {"a.csv\n0": {"error": "x"}, "a.csv\n1": {"value": right}})
    assert advised.note == f"Fetched.\n{ADVICE}; it gives {thorough.says}:\n{thorough.code}"
    digest = hashlib.sha256(json.dumps(right, separators=(",", ":")).encode()).hexdigest()
    assert plain.code in with_advice(table, [plain], {"a.csv\n0": {"digest": digest}}).note


def test_numbers_are_compared_as_javascript_writes_them() -> None:
    data = file("a.json", b'[{"v": 1.0, "w": NaN, "x": true},]')
    (code,) = reading_codes(data)
    assert with_advice(data, [code], {"a.json\n0": {"value": [{"v": 1, "w": None, "x": True}]}}) is not data
    assert with_advice(data, [code], {"a.json\n0": {"value": [{"v": 1, "w": None, "x": 1}]}}) is data


LONG = "y" * 3_000


@pytest.mark.parametrize(
    ("content", "stringified"),
    [
        (f'{{"a": NaN, "s": "\\ud800", "x": "{LONG}"}}', f'{{"a":null,"s":"\\ud800","x":"{LONG}"}}'),
        (f'["\\uDC00\\ud83d\\ude00", NaN, "{LONG}"]', f'["\\udc00\U0001f600",null,"{LONG}"]'),
        (
            f'[NaN, 1e-5, 0.00001234, -1.5e-6, 2.5e-7, 1e-7, 0.0001, 1.0, -0.0, "1e-05", "{LONG}"]',
            f'[null,0.00001,0.00001234,-0.0000015,2.5e-7,1e-7,0.0001,1,0,"1e-05","{LONG}"]',
        ),
        (
            f'[NaN, 100000000000000000000, 1000000000000000000000, 1.5e300, "{LONG}"]',
            f'[null,100000000000000000000,1e+21,1.5e+300,"{LONG}"]',
        ),
        (
            f'{{"b": NaN, "10": 1, "9": 2, "01": 3, "4294967294": 4, "4294967295": 5, "x": "{LONG}"}}',
            f'{{"9":2,"10":1,"4294967294":4,"b":null,"01":3,"4294967295":5,"x":"{LONG}"}}',
        ),
    ],
    ids=["half a pair", "half and a whole pair", "small numbers", "large numbers", "keys that are indexes"],
)
def test_the_digest_is_that_of_json_as_javascript_writes_it(content: str, stringified: str) -> None:
    data = file("a.json", content.encode())
    (code,) = reading_codes(data)
    digest = hashlib.sha256(stringified.encode()).hexdigest()
    assert with_advice(data, [code], {"a.json\n0": {"digest": digest}}) is not data


def test_advice_on_half_a_surrogate_pair_can_be_stored() -> None:
    data = file("a.json", b'[{"s": "\\ud800"}, NaN]')
    (code,) = reading_codes(data)
    advised = with_advice(data, [code], {"a.json\n0": {"value": [{"s": "\ud800"}, None]}})
    assert r'the first {"s": "\ud800"}' in advised.note
    advised.note.encode()


def test_a_value_that_is_nested_too_deeply_gets_no_advice() -> None:
    deep = "[" * 700 + "]" * 700
    data = file("a.json", f"[NaN, {deep}]".encode())
    (code,) = reading_codes(data)
    for result in ({"value": [None, json.loads(deep)]}, {"digest": "0" * 64}):
        assert with_advice(data, [code], {"a.json\n0": result}) is data


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.jsonl", b'{"a": NaN}\n', '?? "null").split('),
        ("a.jsonl", b'{"a": 1}\n{"a": 12345678901234567}\n', '?? `"${all}"`).split('),
        ("a.json", b'{"a": 1}{"a": NaN}', '?? "null");\nconst data = [];'),
    ],
)
def test_the_fixes_come_before_the_text_is_divided(name: str, content: bytes, line: str) -> None:
    (code,) = reading_codes(file(name, content))
    assert line in code.code


@pytest.mark.parametrize("separator", sorted(set(string.punctuation) - set('_"')))
def test_a_separator_is_escaped_in_the_regular_expression(separator: str) -> None:
    content = f'sep={separator}\na{separator}b\n"1"{separator}2\n'
    *_, thorough = reading_codes(file("a.csv", content.encode()))
    assert rf"([^\{separator}\n]*))(\{separator}|\n|$)/g" in thorough.code
