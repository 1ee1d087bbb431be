"""The rules that a request gives to each file that it asks for."""

from __future__ import annotations

import pytest

from engine.core.checks import parse_check
from engine.core.file_wishes import file_results, wishes_of
from tests.engine.core.wished_files import PAGE, TEN, UID


def told(brief: str, *checks: str, attached: dict[str, bytes] | None = None) -> dict[str, list[str]]:
    wishes = wishes_of(brief, [parse_check(check) for check in checks], attached)
    return {wish.path: [rule.text for rule in wish.rules[1:]] for wish in wishes}


def test_a_brief_of_ten_files_gives_each_its_rules() -> None:
    assert told(TEN, attached=UID) == {
        "ashravan.txt": ["300 to 400 words"],
        "dilemma.json": [
            "JSON of the form {people: number, case_1: {swerve: boolean, reason}, case_2: {swerve: boolean, reason}}"
        ],
        "about.md": ["exactly 3 words"],
        "pelican.svg": ["a valid SVG image"],
        "restaurant.json": ["JSON of the form {city, lat, long, name, what_to_eat}"],
        "prediction.json": ["JSON of the form {rate: number, reason: string}"],
        "feed.xml": ["well-formed XML with exactly 3 <item> elements", "well-formed XML, its root <rss>"],
        "index.html": [],
        "LICENSE": [],
        "uid.txt": ["the attached file, unchanged"],
    }


@pytest.mark.parametrize(
    ("brief", "stated"),
    [
        ("Create notes.txt, a file of exactly 50 words.", ["exactly 50 words"]),
        ("Create a file of exactly 50 words called notes.txt.", ["exactly 50 words"]),
        ("Create notes.txt with at least 5 lines and at most 100 words.", ["at least 5 lines", "at most 100 words"]),
        ("Create notes.txt containing the text \"Hello there\".", ["contains 'Hello there'"]),
        ("Create notes.md with the headings Summary, 'How it works' and Usage.", ["with the headings Summary, How it works, Usage"]),
        ("Create notes.md with 3 headings.", ["with exactly 3 headings"]),
        ("Create notes.md with at least 3 headings.", []),
        ("Create notes.csv with columns id, name and city.", ["with the columns id, name, city"]),
        ("Create data.json: an array of 5 objects with id (number) and name (string).", ["JSON that is an array of 5 {id: number, name: string}"]),
        ("Create data.json with the settings.", ["valid JSON"]),
        ("Create feed.xml, valid XML with 3 items.", ["well-formed XML with exactly 3 <item> elements", "well-formed XML"]),
        ("Create feed.xml.", ["well-formed XML"]),
        ("Write notes.txt. It must have exactly 10 words.", ["exactly 10 words"]),
        ("Create notes.txt, which must not have 50 words.", []),
        ("Create notes.txt; if it rains, with 50 words.", []),
        ("Create notes.txt (a 300-400 word story about what happens if it rains).", ["300 to 400 words"]),
        ("Create notes.txt with 50 words unless it rains.", []),
        ("Create notes.json (one in {city}, if you like: { city: string, lat: 12.9, open: true/false }).", ["JSON of the form {city: string, lat: number, open: boolean}"]),
        ("Create notes.txt with about 50 words.", []),
        ("Create notes.txt with a title of five words.", []),
        ("Create other.json with 50 words in its text.", ["valid JSON"]),
    ],
)  # fmt: skip
def test_a_rule_is_taken_only_where_the_words_are_understood(brief: str, stated: list[str]) -> None:
    assert next(iter(told(brief).values())) == stated


@pytest.mark.parametrize(
    "brief",
    [
        "Publish a single-page site titled 'Sales' that fetches data.csv from attachments and sums its sales column.",
        "Create index.html with a heading that says 'Hello'.",
        "Write README.md with a heading Usage, and a page.",
        "A page with an MIT LICENSE.",
        "",
    ],
)
def test_a_page_with_its_readme_and_licence_alone_has_no_file_rules(brief: str) -> None:
    assert wishes_of(brief, [parse_check("README.md is professional"), parse_check("Repo has MIT license")]) == []
    assert file_results(brief, (), {}, {"index.html": PAGE}) == []


def test_a_check_that_speaks_of_an_attachment_makes_no_task_of_files() -> None:
    assert wishes_of("Show data.csv.", [parse_check("data.csv contains the sales")], {"data.csv": b""}) == []


def test_what_a_check_states_is_a_rule_once() -> None:
    checks = [parse_check("a.txt has exactly three words."), parse_check("b.txt has two words and a smile")]
    results = file_results("Create a.txt (three words) and b.txt.", checks, {}, {"a.txt": b"x y z", "index.html": PAGE})
    texts = [r.check.text for r in results]
    assert "a.txt: exactly 3 words" not in texts  # the check says so itself
    assert "a.txt: is there" in texts
    assert "b.txt: exactly 2 words" in texts
