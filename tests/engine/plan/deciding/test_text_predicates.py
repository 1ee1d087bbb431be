"""Predicates about a file's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.plan.deciding.test_decide import FAIL, PASS, UNVERIFIABLE, decided

if TYPE_CHECKING:
    from engine.domain.checks import Verdict

PARTS = "# Clock\n\n## Overview\na\n## Installation\nb\n## How to use\nc\n## How it works\nd\n## License\nMIT\n"


@pytest.mark.parametrize(
    ("predicate", "text", "expected"),
    [
        ({"texts": "two words"}, "It has two\n\twords.", (PASS, "it contains 'two words'")),
        ({"texts": ["a", "Two"]}, "a two", (FAIL, "it does not contain 'Two'")),
        ({"texts": ["a", "Two"], "ignore_case": True}, "A TWO", (PASS, "it contains 'a', 'Two'")),
        ({"texts": ["R&D"], "path": "f.html"}, "<b>R&amp;D</b>", (PASS, "it contains 'R&D'")),
        ({"texts": ["R&D"], "path": "f.txt"}, "R&amp;D", (FAIL, "it does not contain 'R&D'")),
        ({"texts": ["Zürich"]}, "Zürich".encode("cp1252"), (PASS, "it contains 'Zürich'")),
        ({"texts": ["Zürich"]}, "\ufeffZürich", (PASS, "it contains 'Zürich'")),
        ({"kind": "lacks", "texts": ["revenew"]}, "df['revenue']", (PASS, "it does not contain 'revenew'")),
        ({"kind": "lacks", "texts": ["revenew"]}, "a\nb\ndf['arevenews']", (FAIL, "it contains 'revenew' (line 3)")),
        ({"kind": "lacks", "texts": ["Revenew"]}, "revenew", (PASS, "it does not contain 'Revenew'")),
        ({"kind": "lacks", "texts": ["Revenew"], "ignore_case": True}, "revenew", (FAIL, "it contains 'Revenew'")),
    ],
)  # fmt: skip
def test_a_text_is_looked_for_whatever_white_space_is_in_it(
    predicate: dict[str, Any], text: str | bytes, expected: tuple[Verdict, str]
) -> None:
    whole = {"kind": "contains", "path": "f"} | predicate
    assert decided(whole, {whole["path"]: text if isinstance(text, bytes) else text.encode()}) == expected


@pytest.mark.parametrize(
    ("predicate", "text", "expected"),
    [
        ({"min": 300, "max": 400}, "a " * 312, (PASS, "312 words")),
        ({"min": 300, "max": 400}, "a " * 287, (FAIL, "it has 287 words: 13 too few")),
        ({"min": 300, "max": 400}, "a " * 401, (FAIL, "it has 401 words: 1 too many")),
        ({"min": 3, "max": 3}, "curious kind bold\n", (PASS, "3 words")),
        ({"min": 1, "max": 1}, "a", (PASS, "1 word")),
        ({"min": 3}, "well-known, isn't it", (PASS, "3 words")),
        ({"min": 2, "max": 3}, "one — two", (PASS, "2 words (3 as others count)")),
        ({"min": 3, "max": 3}, "one — two", (FAIL, "it has 2 words (3 as others count): 1 too few")),
        ({"min": 9, "max": 9}, "one — two", (FAIL, "it has 2 words (3 as others count): 7 too few")),
        ({"min": 300}, "春は、あけぼの。やうやう白くなり行く、山ぎは少しあかりて",
            (UNVERIFIABLE, "its language puts no space between words, so they cannot be counted")),
        ({"min": 3}, "one two three 春", (PASS, "4 words")),
        ({"min": 3, "path": "f.html"}, "<p>a b c",
            (UNVERIFIABLE, "the words of a page are what it shows, not what its source holds")),
        ({"kind": "lines", "min": 3, "max": 3}, "a\r\nb\rc\n\n", (PASS, "3 lines")),
        ({"kind": "lines", "max": 2}, "a\nb\nc", (FAIL, "it has 3 lines: 1 too many")),
        ({"kind": "lines", "max": 2}, "a\n\nb", (FAIL, "it has 2 lines (3 as others count): 1 too many")),
        ({"kind": "lines", "min": 2}, "a", (FAIL, "it has 1 line: 1 too few")),
        ({}, "a", (UNVERIFIABLE, "the plan does not say how many words")),
        ({"kind": "headings"}, "# A", (UNVERIFIABLE, "the plan does not say how many headings")),
        ({"kind": "lines", "min": 1}, "", (FAIL, "it has 0 lines: 1 too few")),
    ],
)  # fmt: skip
def test_a_number_holds_only_if_it_holds_by_every_way_of_counting(
    predicate: dict[str, Any], text: str, expected: tuple[Verdict, str]
) -> None:
    whole = {"kind": "words", "path": "f"} | predicate
    assert decided(whole, {whole["path"]: text.encode()}) == expected


@pytest.mark.parametrize(
    ("predicate", "text", "expected"),
    [
        ({"names": ["setup", "Usage"]}, "# 🚀 Setup\n## **Usage:**\n", (PASS, "2 headings")),
        ({"names": ["C++"]}, "# C\n", (FAIL, "no heading says 'C++'; its headings are 'C'")),
        ({"names": ["Usage"]}, "```\n# Usage\n```\n", (FAIL, "no heading says 'Usage'; its headings are none")),
        ({"names": ["Use"]}, "# Usage\n", (FAIL, "no heading says 'Use'; its headings are 'Usage'")),
        ({"min": 3, "max": 3}, "# A\n# B", (FAIL, "it has 2 headings: 1 too few")),
        ({"max": 1}, "# A\n# B", (FAIL, "it has 2 headings: 1 too many")),
        ({"min": 1}, "A\n===", (PASS, "1 heading")),
        ({"min": 1, "path": "f.html"}, "<h1>A",
            (UNVERIFIABLE, "the headings of a page are what it shows, not what its source holds")),
    ],
)  # fmt: skip
def test_headings_are_compared_without_capitals_and_ornaments(
    predicate: dict[str, Any], text: str, expected: tuple[Verdict, str]
) -> None:
    whole = {"kind": "headings", "path": "f"} | predicate
    assert decided(whole, {whole["path"]: text.encode()}) == expected


@pytest.mark.parametrize(
    ("names", "text", "expected"),
    [
        ([], PARTS, (PASS, "sections: summary, setup, usage, code explanation, licence")),
        ([], PARTS.replace("MIT", ""), (FAIL, "nothing stands below 'licence'")),
        ([], PARTS.replace("MIT", "<!-- later -->"), (FAIL, "nothing stands below 'licence'")),
        ([], PARTS.replace("## Overview", ""), (FAIL, "no section is headed 'summary'")),
        ([], "# Usage tracker\na\n",
            (FAIL, "no section is headed 'summary', 'setup', 'usage', 'code explanation', 'licence'")),
        (["setup", "Usage"], "# Setup\na\n# Usage\nb", (PASS, "sections: setup, Usage")),
        (["Licence"], "# A\n## 📄 License\nMIT", (PASS, "sections: Licence")),
        (["API reference"], "# A\n## Reference of the API\n### Calls\na", (PASS, "sections: API reference")),
        (["API reference"], "# A\n## API\na", (FAIL, "no section is headed 'API reference'")),
        (["use"], "# A\n## Usage\na", (FAIL, "no section is headed 'use'")),
        (["Setup"], "# A\n## Setup\n### Steps\n## Usage\na", (FAIL, "nothing stands below 'Setup'")),
        (["Setup"], "# A\n## Setup\n\n## Setup\na", (PASS, "sections: Setup")),
        (["Setup"], "", (FAIL, "no section is headed 'Setup'")),
    ],
)  # fmt: skip
def test_a_readme_has_a_section_where_a_heading_holds_the_words_and_text_stands_below(
    names: list[str], text: str, expected: tuple[Verdict, str]
) -> None:
    assert decided({"kind": "readme_sections", "names": names}, {"README.md": text.encode()}) == expected
