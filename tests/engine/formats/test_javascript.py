from __future__ import annotations

import pytest

from engine.formats.javascript import comments_and_templates
from tests.little_time import LARGE, little_time


def parts(text: str) -> list[tuple[str, bool]]:
    return [(text[start:end], is_comment) for start, end, is_comment in comments_and_templates(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a // b\nc", [("// b", True)]),
        ("a /* b\n */ c /* d", [("/* b\n */", True), ("/* d", True)]),
        ("<!-- old\n'// no' + \"/* no */\"", [("<!-- old", True)]),
        ("f(/[\"'`]/g, '') // c", [("// c", True)]),
        ("return /`/; // c", [("// c", True)]),
        ("a = 4 / 2; // c / d", [("// c / d", True)]),
        ("'it\\'s' // c", [("// c", True)]),
        ("don't\n// c", [("// c", True)]),
        ("`a // b \\` c` // d", [("`a // b \\` c`", False), ("// d", True)]),
        ("`a ${ {b: `c ${1}`} /* d */ } e`",
            [("`a ${", False), ("`c ${", False), ("}`", False), ("/* d */", True), ("} e`", False)]),
        ("`never closed // a", [("`never closed // a", False)]),
        ("", []),
    ],
)  # fmt: skip
def test_comments_and_templates_are_distinguished_from_strings_and_regular_expressions(
    text: str, found: list[tuple[str, bool]]
) -> None:
    assert parts(text) == found


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["'" * 1_999, "'\\" * 999, "`${" * 600, "(/[" * 600, "(/" * 999, "= " * 999, "/*" * 999, "{}" * 999]
)
def test_a_senseless_text_is_read_in_little_time(line: str) -> None:
    with little_time(LARGE):
        parts(f"{line}\n" * 500)
