"""The sentences that are rules on files, and those that are not."""

from __future__ import annotations

import pytest

from engine.core import rules
from engine.core.checks import Check, Kind, Verdict
from engine.core.file_wishes import sentence_result
from tests.engine.core.wished_files import PAGE, UID

FILES = {
    "index.html": b"<a href='about.md'>a</a> <a href='story.txt'>s</a>",
    "about.md": b"curious kind bold\n",
    "story.txt": b"w " * 350,
    "haiku.txt": b"spring\nsummer\nautumn\n",
    "data.json": b'[{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]',
    "feed.xml": b"<rss><item/><item/><item/></rss>",
    "bird.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><path d=""/></svg>',
}


def decided(sentence: str, files: dict[str, bytes], attached: dict[str, bytes] | None = None) -> tuple[str, str]:
    result = sentence_result(Check(Kind.PROSE, sentence), files, attached)
    return (str(result.verdict), result.detail) if result else ("none", "")


@pytest.mark.parametrize(
    "sentence",
    [
        "about.md exists",
        "about.md exists in the repository.",
        "The repo contains about.md.",
        "There is a file called about.md with three words",
        "about.md has exactly three words.",
        "story.txt has between 300 and 400 words.",
        "The file story.txt contains at least 300 words",
        "haiku.txt has three lines and contains 'summer'.",
        "about.md and haiku.txt exist",
        "data.json is valid JSON",
        "data.json has the keys id and name",
        "data.json is an array of 2 objects with id (number) and name (string).",
        "feed.xml is well-formed XML with 3 items",
        "feed.xml is a valid RSS feed",
        "bird.svg is a valid SVG image.",
        "index.html links to about.md and story.txt",
    ],
)
def test_a_sentence_that_is_a_rule_on_files_is_decided(sentence: str) -> None:
    assert decided(sentence, FILES) == ("pass", "")
    assert decided(sentence, {"index.html": PAGE, "other.txt": b"x"})[0] == "fail"


@pytest.mark.parametrize(
    ("sentence", "detail"),
    [
        ("about.md has exactly four words.", "about.md: it has 3 words: 1 too few"),
        ("nothing.txt exists", "nothing.txt is missing"),
        ("photo.png exists", "photo.png is missing"),
        ("data.json is an array of 3 objects", "data.json: it has 2 items"),
        ("data.json is an object with the keys id and name", "data.json: it is an array, not an object"),
        ("data.json has the keys id and size", "data.json: item 1 has no 'size'; item 2 has no 'size'"),
        ("index.html links to about.md and haiku.txt", "index.html: not linked: haiku.txt"),
    ],
)
def test_a_sentence_that_does_not_hold_says_what_was_seen(sentence: str, detail: str) -> None:
    assert decided(sentence, FILES) == ("fail", detail)


@pytest.mark.parametrize(
    "sentence",
    [
        "about.md and haiku.txt have three words",
        "about.md contains a long text",
        "haiku.txt has the text of about.md",
        "about.md",
        "about.md describes the author in three words",
        "about.md has three words that describe the author",
        "about.md has about three words",
        "about.md does not have four words",
        "about.md has three words unless it rains",
        "about.md has three words if it is there",
        "If it is there, about.md has three words",
        "data.json does not have the form {id, name}",
        "about.md has no more words",
        "about.md never exists",
        "about.md has three words or it is empty",
        "story.txt is a moving story of 300-400 words",
        "story.txt has 350 words and is well written",
        "story.txt has 350 words. It is moving.",
        "The page links to about.md",
        "index.html links to all files",
        "index.html links to about.md and looks good",
        "data.json is fetched by index.html",
        "data.json contains the right values",
        "Repo has files",
        "bird.svg shows a bird",
        "bird.svg is a valid SVG of a bird on a bicycle",
        "feed.xml is valid",
        "haiku.txt has three lines with 5, 7 and 5 syllables",
        "haiku.txt contains only 'summer'",
        "haiku.txt starts with 'spring'",
        "about.md has three words in alphabetical order",
        "README.md is professional",
        "about.md contains 3 = 3",
        "Only about.md exists",
        "about.md exists twice",
        "Every file exists, about.md too",
        "",
    ],
)
def test_a_sentence_that_says_anything_else_is_never_passed(sentence: str) -> None:
    assert decided(sentence, FILES)[0] == "none"


def test_the_attached_file_is_compared_byte_for_byte() -> None:
    sentence = "uid.txt is the attached file, unchanged"
    assert decided(sentence, dict(UID), UID)[0] == "pass"
    assert decided(sentence, {"uid.txt": b"0f1e2d\n"}, UID) == (
        "fail",
        "uid.txt: it differs from the attachment",
    )
    assert decided(sentence, dict(UID), {})[0] == "none"


def test_static_results_decide_such_sentences() -> None:
    assert rules.static_result(Check(Kind.PROSE, "about.md has three words"), FILES).verdict is Verdict.PASS
    assert rules.static_result(Check(Kind.PROSE, "about.md is nice"), FILES).verdict is Verdict.UNVERIFIABLE
