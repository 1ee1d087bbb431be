from __future__ import annotations

import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.plan.json_text import json_object
from tests.little_time import little_time

PLAN = {"files": [{"path": "index.html", "what": 'say "{hi}", // not \\ a comment'}], "pages": "branch"}
PRETTY = json.dumps(PLAN, indent=2)


@pytest.mark.parametrize(
    "answer",
    [
        PRETTY,
        f"\n\n  {PRETTY}\n",
        f"```json\n{PRETTY}\n```",
        f"```\n{PRETTY}\n```\nThis plan covers all checks.",
        f"Here is the plan:\n\n{PRETTY}\n\nAsk me for changes.",
        f'<think>The brief wants {{a page}}. {{"files": []}} is too little.</think>\n{PRETTY}',
        f'Its opening tag was the prompt\'s: {{"files": []}}\n</think>\n{PRETTY}',
        f"body {{ color: red }} and ${{name}} are not it, nor is a lone {{.\n{PRETTY}",
        f'The form is {{"files": …}}, filled in:\n{PRETTY}',
        f'The keys {{"files", "pages"}} are these:\n{PRETTY}',
        f"[{PRETTY}]",
        f"{PRETTY}\n{PRETTY.replace('index', 'second')}",
        PRETTY.replace("\n  ]", ",\n  ]").replace("\n}", ",\n}"),
        PRETTY.replace("\n  ]", ", // the last\n  ]"),
        PRETTY.replace("{\n", '{ // a "plan"\n', 1).replace('"pages"', '/* where */ "pages"'),
    ],
    ids=[
        "alone",
        "blanks around it",
        "fence",
        "fence and prose",
        "prose",
        "thinking",
        "thinking without its opening tag",
        "braces of prose",
        "a form before it",
        "a set before it",
        "list",
        "two",
        "trailing commas",
        "trailing comma and comment",
        "comments",
    ],
)
def test_the_object_is_found(answer: str) -> None:
    assert json_object(answer) == PLAN


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ('{"a": "</think>"}', {"a": "</think>"}),
        ('<think>so</think>{"a": "</think>"}', {"a": "</think>"}),
        ('{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        (r'{"a": "\"}{", "b": "\\"}', {"a": '"}{', "b": "\\"}),
        ('{"a": ",]", "b": [1,]}', {"a": ",]", "b": [1]}),
        ('{"a": "https://example.org/*x*/"}', {"a": "https://example.org/*x*/"}),
        ('{"a": {"b": [], "c": {}}}', {"a": {"b": [], "c": {}}}),
        ('{"ä": "\u2028"}', {"ä": "\u2028"}),
        ('{} is empty, {"a": 1} is not', {"a": 1}),
    ],
)
def test_strings_and_escapes_stay_what_they_are(answer: str, value: object) -> None:
    assert json_object(answer) == value


NONE = "the answer holds no JSON object"
UNREADABLE = "the JSON cannot be read: "


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("", NONE),
        ("I cannot do that.", NONE),
        ("[1, 2]", NONE),
        ("{'a': 1}", NONE),
        ('<think>Perhaps {"a": 1}, or', NONE),
        ('{"a": [1,\n{"b": 2},', "the JSON ends in the middle (line 2)"),
        ('{"a": "half', "the JSON ends in the middle (line 1)"),
        ('```json\n{\n  "a": tru\n', "the JSON ends in the middle (line 3)"),
        ('{"a": 1', "the JSON ends in the middle (line 1)"),
        ('{"a"', "the JSON ends in the middle (line 1)"),
        ('{"a": 1, /* half', "the JSON ends in the middle (line 1)"),
        ('{"a": "\\', "the JSON ends in the middle (line 1)"),
        ('Plan:\n{"a": 1\n"b": 2}', f"{UNREADABLE}Expecting ',' delimiter: line 3 column 1"),
        ('x {"a": [1}', f"{UNREADABLE}Expecting ',' delimiter: line 1 column 11"),
        ('{"a": /* one\ntwo */ ?}', f"{UNREADABLE}Expecting value: line 2 column 8"),
        ('{"first" 1} {"a": ?}', f"{UNREADABLE}Expecting value: line 1 column 19"),
        ('{"a": NaN}', f"{UNREADABLE}NaN is not a JSON value"),
        ('{"a": -Infinity}', f"{UNREADABLE}-Infinity is not a JSON value"),
        ('{"a": 1e999}', f"{UNREADABLE}1e999 is not a JSON value"),
    ],
)
def test_an_answer_without_a_whole_object_is_refused_with_a_sentence(answer: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        json_object(answer)
    assert str(raised.value) == sentence


def test_an_object_inside_a_broken_one_is_not_taken_for_the_whole() -> None:
    with pytest.raises(ValueError, match="Expecting ',' delimiter"):
        json_object('{"files": [{"path": "a" "what": "b"}, {"path": "c"}]}')


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text() | st.integers() | st.none() | st.booleans())))
def test_every_object_comes_back_from_between_prose(value: dict[str, object]) -> None:
    assume(value)
    assert json_object(f"Here it is:\n```json\n{json.dumps(value)}\n```\nDone.") == value


@given(st.text(alphabet='{}[]",:/*\\ \na1-<think>'))
def test_any_text_gives_an_object_or_a_sentence(text: str) -> None:
    found: object = None
    try:
        found = json_object(text)
    except ValueError as error:
        sentence = str(error)
    else:
        sentence = ""
    assert isinstance(found, dict) or sentence.startswith(("the answer holds", "the JSON "))


HOSTILE = {
    "braces": "{",
    "opened objects": '{"',
    "nested objects": '{"a":',
    "nested lists": '{"a":[',
    "quotes": '"',
    "escaped quotes": '{"\\"',
    "broken objects": '{"a"}',
    "comments": "{/*",
    "line comments": "{//",
    "braces and blanks": "{ ",
    "blanks": " ",
    "blank lines": "\n ",
    "commas": '{"a":1,',
    "slashes": "{}/"[1:],
    "thoughts": "</think>{",
    "begun thoughts": "\n<think>",
}


@pytest.mark.slow
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("before", ["", '{"a": [', '{"a": "'], ids=["alone", "in a list", "in a string"])
def test_no_text_takes_long(unit: str, before: str) -> None:
    text = before + unit * 100_000 + '{"'
    with little_time(), pytest.raises(ValueError, match="the "):
        json_object(text)


@pytest.mark.slow
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ('{"a":[', "]}")])
def test_nesting_without_end_is_a_sentence(opening: str, closing: str) -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        json_object(opening * 100_000 + "1" + closing * 100_000)
