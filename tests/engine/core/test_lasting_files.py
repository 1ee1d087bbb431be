from __future__ import annotations

import pytest

from engine.core.checks import Kind, Verdict, parse_check
from engine.core.lasting_files import MOST_LASTING, Asked, lasting_results

FIRST = Asked("Create index.html and story.txt (exactly five words) and data.json.", (), {})
PAGE = b"<a href='story.txt'>s</a><a href='data.json'>d</a>"
BEFORE = {"index.html": PAGE, "story.txt": b"one two three four five", "data.json": b"{}"}


def asking(words: str, *checks: str) -> Asked:
    return Asked(words, tuple(map(parse_check, checks)), {})


def lost(now: Asked, files: dict[str, bytes], *earlier: Asked, before: dict[str, bytes] = BEFORE) -> list[str]:
    results = lasting_results(earlier or (FIRST,), now, before, files)
    assert {r.check.kind for r in results} <= {Kind.LASTING}
    return [r.check.text for r in results if r.verdict is not Verdict.PASS]


def test_what_an_earlier_round_said_of_its_files_is_judged_again() -> None:
    results = lasting_results([FIRST], asking("Make it dark."), BEFORE, BEFORE)
    assert [(r.check.text, r.verdict) for r in results] == [
        ("index.html: is there", Verdict.PASS),
        ("story.txt: is there", Verdict.PASS),
        ("story.txt: exactly 5 words", Verdict.PASS),
        ("data.json: is there", Verdict.PASS),
        ("data.json: valid JSON", Verdict.PASS),
        ("index.html: links or loads every file that is asked for", Verdict.PASS),
        ("index.html: its links lead to files that are there", Verdict.PASS),
    ]


def test_what_is_lost_is_told() -> None:
    dark = asking("Make it dark.")
    assert lost(dark, BEFORE | {"story.txt": b"two words"}) == ["story.txt: exactly 5 words"]
    assert lost(dark, BEFORE | {"data.json": b"{"}) == ["data.json: valid JSON"]
    assert lost(dark, BEFORE | {"index.html": b"<a href='story.txt'>s</a>"}) == [
        "index.html: links or loads every file that is asked for"
    ]
    gone = {path: content for path, content in BEFORE.items() if path != "story.txt"}
    assert "story.txt: is there" in lost(dark, gone)


@pytest.mark.parametrize("now", [asking("Remove story.txt."), asking("Be dark.", "STORY.TXT has three words")])
def test_a_file_that_this_round_names_is_this_rounds_to_change(now: Asked) -> None:
    page = b"<a href='data.json'>d</a>"
    assert lost(now, {"index.html": page, "data.json": b"{}"}) == []
    assert lost(now, {"index.html": page, "data.json": b"{"}) == ["data.json: valid JSON"]


def test_of_the_page_only_what_this_round_says_itself_lapses() -> None:
    first = asking("Create index.html linking to a.txt, and a.txt.", "index.html contains 'Hello'")
    before = {"index.html": b"Hello <a href='a.txt'>a</a>", "a.txt": b"a"}
    files = {"index.html": b"Hi", "a.txt": b"a"}
    assert lost(asking("Let index.html be dark."), files, first, before=before) == [
        "index.html: contains 'Hello'",
        "index.html: links or loads every file that is asked for",
    ]
    now = asking("Create b.txt. index.html is dark.", "index.html contains 'Hello'")
    assert "index.html: contains 'Hello'" not in lost(now, files, first, before=before)


def test_what_did_not_hold_before_is_not_asked_of_a_later_round() -> None:
    before = BEFORE | {"story.txt": b"one"}
    assert lost(asking("Be dark."), before | {"data.json": b"{"}, before=before) == ["data.json: valid JSON"]
    assert lost(asking("Be dark."), BEFORE, before={}) == []


def test_a_rule_of_two_rounds_is_judged_once_and_an_attachment_of_an_earlier_one_is_known() -> None:
    texts = [r.check.text for r in lasting_results([FIRST, FIRST], asking("Be dark."), BEFORE, BEFORE)]
    assert len(texts) == len(set(texts)) == 7
    attached = Asked("Publish a.csv unchanged and create b.txt.", (), {"a.csv": b"1"})
    tree = {"index.html": b"<a href='a.csv'>a</a><a href='b.txt'>b</a>", "a.csv": b"1", "b.txt": b"b"}
    assert "a.csv: the attached file, unchanged" in lost(
        asking("Be dark."), tree | {"a.csv": b"2"}, attached, before=tree
    )


def test_rules_of_the_newest_rounds_come_first_and_their_number_is_bounded() -> None:
    rounds = [asking(f"Create {', '.join(f'{n}-{k}.txt' for k in range(25))}.") for n in range(3)]
    before = {"index.html": b""} | {f"{n}-{k}.txt": b"x" for n in range(3) for k in range(25)}
    texts = [r.check.text for r in lasting_results(rounds, asking("Be dark."), before, before)]
    assert len(texts) == MOST_LASTING
    assert sum(text.startswith("0-") for text in texts) == 25


def test_a_task_without_named_files_has_none() -> None:
    assert lasting_results([asking("Make a page.")], asking("Make it dark."), BEFORE, {}) == []
