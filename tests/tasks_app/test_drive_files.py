"""Briefs that name files, driven with real rows: what was wrong at first, what the repair is told, and what is published with which warning."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tasks_app.admin.matrix import matrix
from tasks_app.evaluator import SAMPLES, load_task
from tasks_app.evidence_page import decided_by
from tasks_app.models import Attempt, CheckResult, Round
from tasks_app.status import round_status
from tests.driving import driven
from tests.factories import make_round
from tests.fakes import README, page_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.ports import Message
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

BRIEF = (
    "Create these files: story.txt (exactly five words), data.json ({city, lat: number}), index.html (linking to all)."
)
PAGE = b"<!DOCTYPE html>\n<html><body><a href='story.txt'>s</a> <a href='data.json'>d</a></body></html>\n"
STORY, DATA = b"One two three four five.\n", b'{"city": "Paris", "lat": 48.9}\n'


def reply(**files: bytes) -> Callable[[Sequence[Message]], str]:
    return page_reply({name.replace("_", "."): content for name, content in files.items()})


def asked(**over: object) -> Round:
    return make_round(**{"brief": BRIEF, "checks": ["story.txt has exactly five words."], "attachments": []} | over)


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def verdicts(attempt: Attempt) -> dict[str, tuple[str, str]]:
    return {r.text: (r.verdict, r.detail) for r in CheckResult.objects.filter(attempt=attempt, kind="file")}


def test_files_that_hold_their_rules_are_published_at_once(outside: Outside) -> None:
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, data_json=DATA, README_md=README)]
    row = driven(asked())
    assert (row.state, row.warnings, Attempt.objects.count()) == ("completed", [], 1)
    assert set(verdicts(Attempt.objects.get()).values()) == {("pass", "")}
    assert published(outside, row)["story.txt"] == STORY
    shown = {check["text"]: (check["kind"], check["verdict"]) for check in round_status(row)["checks"]}
    assert shown["data.json: JSON of the form {city, lat: number}"] == ("file", "pass")
    assert shown["story.txt has exactly five words."] == ("prose", "pass")
    assert ("file", "data.json: is there") in [(kind, text) for kind, text, _ in matrix(row).lines]


def test_the_first_prompt_lists_each_file_with_its_rules_in_order(outside: Outside) -> None:
    driven(asked())
    told = outside.author.asked[0][1][-1].content
    lines = [line.partition(" file ")[2] for line in told.splitlines() if line.startswith("===") and " file " in line]
    assert lines == ["index.html", "story.txt", "data.json", "README.md"]
    assert "file story.txt\n(exactly 5 words)\n" in told
    assert "(JSON of the form {city, lat: number}; nothing but the JSON itself)\n" in told
    assert "complete 4\n" in told
    assert Attempt.objects.earliest("pk").prompt_version == "5.1"


def test_a_wrong_number_of_words_is_told_and_mended_by_the_repair(outside: Outside) -> None:
    short, wrong = b"Only three words.\n", b'{"city": "Paris", "lat": "48.9"}\n'
    first = reply(index_html=PAGE, story_txt=short, data_json=wrong, README_md=README)
    outside.author.replies = [first, reply(story_txt=STORY, data_json=DATA)]
    row = driven(asked())
    before, after = Attempt.objects.order_by("pk")
    assert (before.kind, after.kind, row.chosen_attempt_id) == ("generate", "repair", after.pk)
    assert CheckResult.objects.get(attempt=before, kind="prose").detail == "story.txt: it has 3 words: 2 too few"
    assert verdicts(before)["data.json: JSON of the form {city, lat: number}"] == (
        "fail",
        "lat is a string, not a number",
    )
    told = outside.author.asked[1][1][-1].content
    assert "story.txt has exactly five words.\n  gave: story.txt: it has 3 words: 2 too few" in told
    assert "gave: lat is a string, not a number" in told
    form = told.partition("[end of data")[2]
    assert "file story.txt\n(exactly 5 words)" in form
    assert "index.html" not in form  # nothing is wrong with it
    assert "complete 2" in form
    assert "Only three words." in outside.author.asked[1][1][-2].content
    assert (published(outside, row)["story.txt"], row.warnings) == (STORY, [])


def test_a_file_that_stays_missing_is_told_in_every_repair_and_at_the_end_in_a_warning(outside: Outside) -> None:
    page = PAGE.replace(b"<a href='data.json'>d</a>", b"")
    outside.author.replies = [reply(index_html=page + b"%d" % n, story_txt=STORY, README_md=README) for n in range(4)]
    row = driven(asked())
    assert row.state == "completed"
    for _, messages, _ in outside.author.asked[1:2]:
        assert "- data.json: is there\n  gave: data.json is missing" in messages[-1].content
        assert "file data.json\n(JSON of the form {city, lat: number}" in messages[-1].content
    assert row.warnings == [
        "Files that are asked for are missing or empty: data.json",
        "index.html lacks links to files that are asked for: not linked: data.json",
    ]
    assert round_status(row)["warnings"] == row.warnings
    assert json.dumps(row.warnings).count("story.txt") == 0


def test_the_warning_comes_also_where_no_time_is_left_for_a_repair(outside: Outside) -> None:
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, README_md=README), "no", "no", "no", "no"]
    row = driven(asked())
    assert (row.state, row.warnings) == ("completed", ["Files that are asked for are missing or empty: data.json"])


def test_a_later_round_lists_what_is_new_and_leaves_the_rest(outside: Outside) -> None:
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, data_json=DATA, README_md=README)]
    driven(asked())
    outside.author.replies = [
        reply(index_html=PAGE + b"<a href='poem.txt'>p</a>", poem_txt=b"a\nb\n", README_md=README + b"more")
    ]
    row = driven(asked(round=2, brief="Create poem.txt with two lines.", checks=["poem.txt exists"]))
    form = outside.author.asked[-1][1][-1].content.partition("[end of data")[2]
    assert "file poem.txt\n(exactly 2 lines)" in form
    assert "story.txt" not in form
    assert (row.state, row.warnings) == ("completed", [])
    assert published(outside, row)["story.txt"] == STORY


def test_a_file_of_an_earlier_round_that_a_later_one_spoils_is_told_and_mended(outside: Outside) -> None:
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, data_json=DATA, README_md=README)]
    driven(asked())
    spoilt = reply(index_html=PAGE + b"<!-- dark -->", story_txt=b"Gone dark.\n", README_md=README + b"more")
    outside.author.replies = [spoilt, reply(story_txt=STORY)]
    row = driven(asked(round=2, brief="Make the page dark.", checks=["It is dark"]))
    told = outside.author.asked[-1][1][-1].content
    assert "- story.txt: exactly 5 words\n  gave: it has 2 words: 3 too few" in told
    form = told.partition("[end of data")[2]
    assert "file story.txt\n(exactly 5 words)" in form
    assert "index.html" not in form
    assert "Gone dark." in outside.author.asked[-1][1][-2].content
    assert (published(outside, row)["story.txt"], row.warnings) == (STORY, [])
    assert "a rule of this service, on a file of an earlier round" in {decided_by(r) for r in CheckResult.objects.all()}


def test_a_file_of_an_earlier_round_that_stays_spoilt_is_a_warning_after_one_repair(outside: Outside) -> None:
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, data_json=DATA, README_md=README)]
    driven(asked())
    outside.author.replies = [
        reply(index_html=PAGE + b"<!-- %d -->" % n, story_txt=b"Gone dark.\n", README_md=README) for n in range(4)
    ]
    row = driven(asked(round=2, brief="Make the page dark.", checks=["It is dark"]))
    assert list(Attempt.objects.filter(round=row).order_by("pk").values_list("kind", flat=True)) == [
        "generate",
        "repair",
        "judge",
    ]
    assert row.warnings == ["A check of an earlier round does not hold any more: story.txt: exactly 5 words"]


def test_the_sample_of_ten_files_asks_for_ten_files(outside: Outside) -> None:
    sample = load_task(SAMPLES / "ten-files.json")
    row = driven(make_round(**{name: sample[name] for name in ("brief", "checks", "attachments")}))
    texts = set(CheckResult.objects.filter(attempt__round=row, kind="file").values_list("text", flat=True))
    assert len({text.partition(":")[0] for text in texts}) == 10
    assert published(outside, row)["uid.txt"] == b"5f2c9e7a-41d8-4c0b-9a36-d7e1b0c4f285\n"
