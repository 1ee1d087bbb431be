"""Whether the files that were asked for keep their rules, and what is told where they do not."""

from __future__ import annotations

import pytest

from engine.core.checks import Check, Kind, Verdict
from engine.core.file_rules import shortfalls
from engine.core.file_wishes import MOST_RULES, file_results, wishes_of
from tests.engine.core.wished_files import PAGE, TEN, UID
from tests.little_time import little_time


def gave(brief: str, path: str, content: bytes, **files: bytes) -> dict[str, tuple[str, str]]:
    results = file_results(brief, (), {}, {path: content, "index.html": PAGE} | files)
    return {
        r.check.text.removeprefix(f"{path}: "): (str(r.verdict), r.detail)
        for r in results
        if r.check.text.startswith(f"{path}:")
    }


@pytest.mark.parametrize(
    ("content", "verdict", "detail"),
    [
        (b"one two three", "pass", ""),
        (b"one two", "fail", "it has 2 words: 1 too few"),
        (b"one two three four", "fail", "it has 4 words: 1 too many"),
        (b"one two - three", "fail", "it has 3 words (4 as others count)"),
        ("eins zwei dr\u00e9i".encode(), "pass", ""),
        (b"\xff\xfe one two", "fail", "it has 2 words (3 as others count): 1 too few"),
    ],
)
def test_words_are_counted_and_the_count_is_told(content: bytes, verdict: str, detail: str) -> None:
    assert gave("Create a.txt with exactly three words.", "a.txt", content)["exactly 3 words"] == (verdict, detail)


def test_sentences_that_depend_on_the_counting_are_not_decided() -> None:
    verdict, detail = gave("Create a.txt with two sentences.", "a.txt", b"See e.g. this. And that.")[
        "exactly 2 sentences"
    ]
    assert (verdict, detail) == (
        "unverifiable",
        "it has 2 sentences (3 as others count): it depends on how they are counted",
    )


@pytest.mark.parametrize(
    ("brief", "content", "verdict"),
    [
        ("Create a.md with the headings Setup and Usage.", b"# setup\n\nUsage\n=====\n", "pass"),
        ("Create a.md with the headings Setup and Usage.", b"# Setup\n```\n# Usage\n```\n", "fail"),
        ("Create a.csv with columns id and name.", b"id, name\n1,x\n", "pass"),
        ("Create a.csv with columns id and name.", b"name,id\n", "fail"),
        ("Create a.csv with columns id and name.", b'"' + b"x" * 200_000, "fail"),
        ("Create a.txt that says 'Hello world'.", b"He said: Hello\n world", "pass"),
        ("Create a.txt that says 'Hello world'.", b"Hello, world", "fail"),
        ("Create a.xml (RSS).", b"<rss><channel/></rss>", "pass"),
        ("Create a.xml (RSS).", b"<feed/>", "fail"),
    ],
)
def test_other_rules_hold_or_do_not(brief: str, content: bytes, verdict: str) -> None:
    path = brief.split()[1].rstrip(".")
    assert list(gave(brief, path, content).values())[1][0] == verdict


def test_a_missing_file_fails_once_and_its_other_rules_are_not_decided() -> None:
    results = file_results(TEN, (), UID, {"index.html": PAGE})
    of = {r.check.text: str(r.verdict) for r in results}
    assert of["about.md: is there"] == "fail"
    assert of["about.md: exactly 3 words"] == "unverifiable"
    assert shortfalls(results) == [
        (
            "Files that are asked for are missing or empty: ashravan.txt, dilemma.json, about.md, pelican.svg, restaurant.json, prediction.json, "
            "feed.xml, LICENSE, uid.txt"
        ),
        (
            "index.html lacks links to files that are asked for: not linked: ashravan.txt, dilemma.json, about.md, pelican.svg, restaurant.json, "
            "prediction.json, feed.xml, LICENSE, uid.txt"
        ),
    ]


def test_an_empty_file_is_not_there() -> None:
    assert gave("Create a.txt.", "a.txt", b" \n")["is there"] == ("fail", "it is empty")


def test_a_picture_that_no_language_model_can_write_is_missing_but_not_asked_for_again() -> None:
    results = file_results(
        "Create a.txt and photo.png.", (), {}, {"a.txt": b"x", "index.html": b"<a href=a.txt>a</a><img src=photo.png>"}
    )
    photo = next(r for r in results if r.check.text == "photo.png: is there")
    assert photo.verdict is Verdict.UNVERIFIABLE
    assert shortfalls(results) == ["Files that are asked for are missing or empty: photo.png"]
    assert not next(wish for wish in wishes_of("Create a.txt and photo.png.") if wish.path == "photo.png").writable


def test_the_rules_are_the_same_whatever_the_tree_holds() -> None:
    one, other = file_results(TEN, (), UID, {}), file_results(TEN, (), UID, {"about.md": b"a b c", "index.html": PAGE})
    assert [r.check for r in one] == [r.check for r in other]


def test_what_stands_apart_by_its_name_need_not_be_linked_unless_all_are() -> None:
    files = {"index.html": b"<a href=a.txt>a</a>", "a.txt": b"a", "robots.txt": b"x"}
    assert shortfalls(file_results("Create a.txt and robots.txt.", (), {}, files)) == []
    assert shortfalls(file_results("Create a.txt and robots.txt and a page linking to all.", (), {}, files)) != []


@pytest.mark.parametrize(
    "brief",
    [
        "Create " + ", ".join(f"f{n}.txt ({'at least 5 words, ' * 30})" for n in range(60)),
        "Create a.json (" + "{a: " * 900,
        "Create a.md with headings " + "A, " * 9_000,
        "Create a.txt with '" + "x " * 9_000,
        "Create a.csv with columns " + "a, " * 9_000,
        "Create a.json with keys " + "a (number), " * 3_000,
        "a.txt exists. " * 2_800,
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_hostile_requests_are_judged_in_no_time(brief: str) -> None:
    with little_time():
        results = file_results(brief, [Check(Kind.PROSE, brief)], {}, {"a.txt": b"x", "index.html": PAGE})
    assert len(results) <= MOST_RULES
