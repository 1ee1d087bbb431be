from __future__ import annotations

import time

import pytest

from engine.core import rules
from engine.core.checks import Check, Kind, Verdict, parse_check
from engine.core.file_rules import headings, shortfalls
from engine.core.file_wishes import MOST_RULES, file_results, sentence_result, wishes_of

TEN = (
    "Create these files: ashravan.txt (a 300-400 word short story about Ashravan waking up), dilemma.json ({ people: 2, case_1: { swerve: bool, "
    "reason }, case_2: { swerve: bool, reason }, \u2026 }), about.md (describe yourself in three words), pelican.svg (a pelican riding a bicycle), "
    "restaurant.json ({city, lat, long, name, what_to_eat}), prediction.json ({rate: number, reason: string}), feed.xml (RSS with 3 items), "
    "index.html (a home page linking to all), LICENSE (MIT), uid.txt (the attached file, unchanged)."
)
UID = {"uid.txt": b"0f1e2d\r\n"}
PAGE = b"<!doctype html><title>x</title>"


def told(brief: str, *checks: str, attached: dict[str, bytes] | None = None) -> dict[str, list[str]]:
    wishes = wishes_of(brief, [parse_check(check) for check in checks], attached)
    return {wish.path: [rule.text for rule in wish.rules[1:]] for wish in wishes}


def decided(sentence: str, files: dict[str, bytes], attached: dict[str, bytes] | None = None) -> tuple[str, str]:
    result = sentence_result(Check(Kind.PROSE, sentence), files, attached)
    return (str(result.verdict), result.detail) if result else ("none", "")


def gave(brief: str, path: str, content: bytes, **files: bytes) -> dict[str, tuple[str, str]]:
    results = file_results(brief, (), {}, {path: content, "index.html": PAGE} | files)
    return {
        r.check.text.removeprefix(f"{path}: "): (str(r.verdict), r.detail)
        for r in results
        if r.check.text.startswith(f"{path}:")
    }


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


# --- Verdicts ------------------------------------------------------------------------------------------------------------------------------


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


# --- Sentences -----------------------------------------------------------------------------------------------------------------------------

FILES = {
    "index.html": b"<a href='about.md'>a</a> <a href='story.txt'>s</a>",
    "about.md": b"curious kind bold\n",
    "story.txt": b"w " * 350,
    "haiku.txt": b"spring\nsummer\nautumn\n",
    "data.json": b'[{"id": 1, "name": "x"}, {"id": 2, "name": "y"}]',
    "feed.xml": b"<rss><item/><item/><item/></rss>",
    "bird.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><path d=""/></svg>',
}


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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# A #\n## B\n", ["A", "B"]),
        ("A\n=\nb\n---\n\n---\n", ["A", "b"]),
        ("~~~\n# A\n~~~\n", []),
        ("#A\n    # B", []),
        ("- a\n---", []),
    ],
)
def test_headings_are_those_of_markdown(text: str, found: list[str]) -> None:
    assert headings(text) == found


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
    began = time.process_time()
    results = file_results(brief, [Check(Kind.PROSE, brief)], {}, {"a.txt": b"x", "index.html": PAGE})
    assert time.process_time() - began < 4
    assert len(results) <= MOST_RULES
