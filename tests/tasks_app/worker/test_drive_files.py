"""Files that a plan names, driven with real rows: their faults, the prompts of repairs, what is published, warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.prompts.generate import VERSION
from tasks_app.admin.check_matrix import matrix
from tasks_app.models import Attempt, CheckResult, Round
from tasks_app.rehearsal.evaluator import SAMPLES, load_task
from tasks_app.reports.round_report import RoundReport
from tasks_app.reports.status import round_status
from tasks_app.web.evidence_page import decided_by
from tests.driving import driven, kinds, page_calls
from tests.factories import make_round
from tests.fakes import README, page_reply, plan_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.domain.model_call import Message
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

BRIEF = (
    "Create these files: story.txt (exactly five words), data.json ({city, lat: number}), index.html (linking to all)."
)
PAGE = b"<!DOCTYPE html>\n<html><body><a href='story.txt'>s</a> <a href='data.json'>d</a></body></html>\n"
STORY, DATA = b"One two three four five.\n", b'{"city": "Paris", "lat": 48.9}\n'

FIVE_WORDS = {"kind": "words", "min": 5, "max": 5}
CITY = {"type": "object", "required": ["city", "lat"], "properties": {"city": {}, "lat": {"type": "number"}}}
FILES = (
    {"path": "story.txt", "source": "write", "what": "a story", "predicates": [FIVE_WORDS]},
    {"path": "data.json", "source": "write", "predicates": [{"kind": "json_schema", "definition": CITY}]},
)
PLAN = plan_reply(
    *FILES,
    absent=["result.json"],
    checks=[{"number": 1, "predicates": [FIVE_WORDS | {"path": "story.txt"}, {"kind": "links", "to": ["story.txt"]}]}],
)
#: What the plan says of its files, in words.
WORDS, FORM = "story.txt: has exactly 5 words", "data.json: is JSON of the form {city, lat: number}"
SENTENCE = "story.txt has exactly five words and is linked."


def reply(**files: bytes) -> Callable[[Sequence[Message]], str]:
    return page_reply({name.replace("_", "."): content for name, content in files.items()})


def asked(**over: object) -> Round:
    return make_round(**{"brief": BRIEF, "checks": [SENTENCE], "attachments": []} | over)


def published(outside: Outside, row: Round) -> dict[str, bytes]:
    (inside,) = outside.forge.repositories.values()
    return dict(inside.commits[row.commit_sha].files)


def verdicts(attempt: Attempt, kind: str = "file") -> dict[str, str]:
    found = CheckResult.objects.filter(attempt=attempt, kind=kind).order_by("-target")
    return dict(found.values_list("text", "verdict"))  # what was found live is the last word


def prompt_of(outside: Outside, call: int) -> str:
    return outside.author.asked[call][1][-1].content


def form(outside: Outside, call: int) -> str:
    """Return the end of a prompt: the form of the answer."""
    return prompt_of(outside, call).partition("[end of data")[2]


def test_files_that_hold_their_rules_are_published_at_once(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, data_json=DATA, README_md=README)]
    row = driven(asked())
    assert (row.state, row.warnings, kinds()) == ("completed", [], ["generate"])
    assert verdicts(row.chosen_attempt) == {
        "story.txt: is there and is not empty": "pass",
        WORDS: "pass",
        "data.json: is there and is not empty": "pass",
        FORM: "pass",
        "result.json: is not in the repository": "pass",
    }
    assert published(outside, row)["story.txt"] == STORY
    shown = {check["text"]: (check["kind"], check["verdict"]) for check in round_status(RoundReport(row))["checks"]}
    assert (shown[FORM], shown[SENTENCE]) == (("file", "pass"), ("prose", "pass"))
    assert ("file", FORM) in [(kind, text) for kind, text, _ in matrix(RoundReport(row))["lines"]]
    assert outside.author.judged == []


def test_a_sentence_is_decided_by_its_predicates_and_its_verdict_names_each(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    bare = PAGE.replace(b"<a href='story.txt'>s</a>", b"")
    outside.author.replies = [reply(index_html=bare, story_txt=STORY, data_json=DATA, README_md=README), "no", "no"]
    row = driven(asked())
    result = CheckResult.objects.filter(kind="prose").first()
    assert (result.verdict, result.detail) == ("fail", "index.html links story.txt: not linked: story.txt")
    assert [(one["says"], one["verdict"]) for one in result.predicates] == [
        ("story.txt has exactly 5 words", "pass"),
        ("index.html links story.txt", "fail"),
    ]
    assert result.predicates[0]["seen"] == "5 words"
    assert row.state == "completed"


def test_the_first_prompt_lists_each_file_with_its_rules_in_order(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    driven(asked())
    lines = [line.partition(" file ")[2] for line in prompt_of(outside, 0).splitlines() if " file " in line[:40]]
    assert lines == ["index.html", "story.txt", "data.json", "README.md"]
    assert "(story.txt, whole: a story; has exactly 5 words)\n" in prompt_of(outside, 0)
    assert "(data.json, whole: is JSON of the form {city, lat: number}; nothing but the JSON itself)\n" in prompt_of(
        outside, 0
    )
    assert "complete 4\n" in prompt_of(outside, 0)
    assert "result.json" in outside.author.asked[0][1][0].content, "what must not be there is said"
    assert page_calls()[0].prompt_version == VERSION


def test_a_wrong_number_of_words_is_in_the_prompt_of_the_repair_and_corrected(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    short, wrong = b"Only three words.\n", b'{"city": "Paris", "lat": "48.9"}\n'
    first = reply(index_html=PAGE, story_txt=short, data_json=wrong, README_md=README)
    outside.author.replies = [first, reply(story_txt=STORY, data_json=DATA)]
    row = driven(asked())
    before, after = page_calls()
    assert (before.kind, after.kind, row.chosen_attempt_id) == ("generate", "repair", after.pk)
    assert CheckResult.objects.get(attempt=before, kind="prose").detail == (
        "story.txt has exactly 5 words: it has 3 words: 2 too few"
    )
    assert (verdicts(before)[FORM], verdicts(after)[FORM]) == ("fail", "pass")
    assert f"{SENTENCE}\n   gave: story.txt has exactly 5 words: it has 3 words: 2 too few (on the files)" in prompt_of(
        outside, 1
    )
    assert f"{FORM}\n   gave: " in prompt_of(outside, 1)
    assert "(story.txt, whole: a story; has exactly 5 words)" in form(outside, 1)
    assert "Only three words." in prompt_of(outside, 1) + outside.author.asked[1][1][-2].content
    assert (published(outside, row)["story.txt"], row.warnings) == (STORY, [])


def test_a_file_that_an_answer_lacks_is_asked_for_once_more(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, README_md=README), reply(data_json=DATA)]
    row = driven(asked())
    assert (kinds(), row.warnings) == (["generate", "format"], [])
    assert "Your answer lacks data.json." in prompt_of(outside, 1)
    assert published(outside, row)["data.json"] == DATA


def test_a_file_that_stays_missing_is_in_every_repairs_prompt_and_in_a_warning_at_the_end(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    outside.author.replies = [reply(index_html=PAGE + b"%d" % n, story_txt=STORY, README_md=README) for n in range(6)]
    row = driven(asked())
    assert row.state == "completed"
    repairs = [at for at, kind in enumerate(kinds()) if kind == "repair"]
    assert repairs
    for call in repairs:
        assert "data.json: is there and is not empty\n   gave: data.json is missing" in prompt_of(outside, call)
        assert "(data.json, whole: is JSON of the form {city, lat: number}" in form(outside, call)
    assert row.warnings == ["Files that are asked for are missing or empty: data.json"]
    assert round_status(RoundReport(row))["warnings"] == row.warnings


def test_the_warning_comes_also_where_no_repair_gives_anything(outside: Outside) -> None:
    outside.author.plans = [PLAN]
    outside.author.replies = [reply(index_html=PAGE, story_txt=STORY, README_md=README), *["no"] * 6]
    row = driven(asked())
    assert (row.state, row.warnings) == ("completed", ["Files that are asked for are missing or empty: data.json"])


def test_what_the_plan_forbids_is_not_committed_whoever_made_it(outside: Outside) -> None:
    outside.author.plans = [plan_reply(absent=["result.json", "raw/"])]
    outside.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "result.json": b"{}"})]
    row = driven(asked(checks=[]))
    assert "result.json" not in published(outside, row)
    assert verdicts(row.chosen_attempt) == {
        "result.json: is not in the repository": "pass",
        "raw/: is not in the repository": "pass",
    }


def test_a_file_that_no_plan_names_is_kept_where_it_passes_the_gates(outside: Outside) -> None:
    outside.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "app.js": b"let a;\n"})]
    row = driven(asked(checks=[]))
    assert published(outside, row)["app.js"] == b"let a;\n"


@pytest.mark.slow
def test_a_workflow_is_written_only_where_the_plan_names_it(outside: Outside) -> None:
    ci = ".github/workflows/ci.yml"
    files = {"index.html": PAGE, "README.md": README, ci: b"on: push\n", ".github/workflows/own.yml": b"on: push\n"}
    outside.author.plans = [plan_reply({"path": ci, "source": "write"})]
    outside.author.replies = [page_reply(files)]
    row = driven(asked(brief=f"Test it in {ci}.", checks=[]))
    assert {path for path in published(outside, row) if path.startswith(".github")} == {ci}
    outside.author.replies = [page_reply(files)]
    other = driven(asked(task="other", brief=f"Test it in {ci}.", checks=[]))
    assert not any(
        path.startswith(".github")
        for inside in outside.forge.repositories.values()
        if inside.head == other.commit_sha
        for path in inside.commits[other.commit_sha].files
    )


def test_what_the_site_serves_is_decided_once_it_is_live(outside: Outside) -> None:
    sentences = ["about.md is served", "lost.md is served"]
    read = [
        {"number": n, "predicates": [{"kind": "served", "path": one.split()[0]}]} for n, one in enumerate(sentences, 1)
    ]
    outside.author.plans = [plan_reply({"path": "about.md", "source": "write"}, checks=read)]
    outside.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "about.md": b"# About\n"})]
    row = driven(asked(checks=sentences))
    assert verdicts(row.chosen_attempt, "prose") == {"about.md is served": "pass", "lost.md is served": "fail"}
    before = CheckResult.objects.filter(attempt=row.chosen_attempt, kind="prose", target="local")
    assert set(before.values_list("verdict", flat=True)) == {"not_run"}
    shown = {check["text"]: (check["verdict"], check["detail"]) for check in round_status(RoundReport(row))["checks"]}
    assert shown["about.md is served"][0] == "pass"
    assert shown["lost.md is served"][1].endswith("/lost.md answers 404")
    assert (kinds(), outside.author.judged) == (["generate"], [])


# --- Later rounds -----------------------------------------------------------------------------------------------------


def first_round(outside: Outside) -> Round:
    outside.author.plans.insert(0, PLAN)
    outside.author.replies.insert(0, reply(index_html=PAGE, story_txt=STORY, data_json=DATA, README_md=README))
    return driven(asked())


def dark(text: bytes = STORY, *, number: int = 0) -> Callable[[Sequence[Message]], str]:
    return reply(index_html=PAGE + b"<!-- dark %d -->" % number, story_txt=text, README_md=README + b"more")


def test_a_later_round_lists_what_is_new_and_leaves_the_rest(outside: Outside) -> None:
    first_round(outside)
    two_lines = {"kind": "lines", "min": 2, "max": 2}
    outside.author.plans = [plan_reply({"path": "poem.txt", "source": "write", "predicates": [two_lines]})]
    outside.author.replies = [reply(index_html=PAGE, poem_txt=b"a\nb\n", README_md=README + b"more")]
    row = driven(asked(round=2, brief="Create poem.txt with two lines.", checks=[]))
    assert "(poem.txt, whole: has exactly 2 lines)" in form(outside, -1)
    assert "story.txt" not in form(outside, -1)
    assert (row.state, row.warnings) == ("completed", [])
    assert published(outside, row)["story.txt"] == STORY


def test_the_prompt_for_a_later_rounds_plan_has_the_earlier_rounds(outside: Outside) -> None:
    first_round(outside)
    driven(asked(round=2, brief="Make the page dark.", checks=[]))
    prompt = outside.author.planned[1][1][-1].content
    assert BRIEF in prompt
    assert "story.txt" in prompt


def test_an_earlier_rounds_file_that_a_later_round_breaks_is_reported_and_repaired(outside: Outside) -> None:
    first_round(outside)
    outside.author.replies = [dark(b"Gone dark.\n"), reply(story_txt=STORY)]
    row = driven(asked(round=2, brief="Make the page dark.", checks=["It is dark"]))
    assert "story.txt has exactly 5 words\n   gave: it has 2 words: 3 too few" in prompt_of(outside, -1)
    assert "Gone dark." in prompt_of(outside, -1) + outside.author.asked[-1][1][-2].content
    assert (published(outside, row)["story.txt"], row.warnings) == (STORY, [])
    assert verdicts(row.chosen_attempt, "regression")["story.txt has exactly 5 words"] == "pass"
    lasting = CheckResult.objects.filter(kind="regression").first()
    assert "earlier round" in decided_by(lasting)


def test_a_file_of_an_earlier_round_that_stays_spoilt_is_a_warning_after_one_repair(outside: Outside) -> None:
    first_round(outside)
    outside.author.replies = [dark(b"Gone dark.\n", number=number) for number in range(4)]
    row = driven(asked(round=2, brief="Make the page dark.", checks=["It is dark"]))
    assert list(page_calls().filter(round=row).values_list("kind", flat=True)) == ["generate", "repair", "judge"]
    assert row.warnings == ["A check of an earlier round does not hold any more: story.txt has exactly 5 words"]


@pytest.mark.slow
def test_what_a_later_plan_says_of_a_file_replaces_what_an_earlier_one_said(outside: Outside) -> None:
    first_round(outside)
    two_words = {"path": "story.txt", "source": "changed", "predicates": [FIVE_WORDS | {"min": 2, "max": 2}]}
    outside.author.plans = [plan_reply(two_words)]
    outside.author.replies = [dark(b"Gone dark.\n")]
    row = driven(asked(round=2, brief="Shorten the story to two words.", checks=[]))
    assert (kinds()[-1], row.warnings) == ("generate", [])
    assert verdicts(row.chosen_attempt)["story.txt: has exactly 2 words"] == "pass"
    assert "story.txt has exactly 5 words" not in verdicts(row.chosen_attempt, "regression")
    assert verdicts(row.chosen_attempt, "regression")["data.json is there and is not empty"] == "pass"


# --- A sample ---------------------------------------------------------------------------------------------------------


def test_the_sample_of_ten_files_is_read_and_asked_for_by_a_plan(outside: Outside) -> None:
    sample = load_task(SAMPLES / "ten-files.json")
    names = [
        "ashravan.txt",
        "dilemma.json",
        "about.md",
        "pelican.svg",
        "restaurant.json",
        "prediction.json",
        "feed.xml",
    ]
    written = ({"path": name, "source": "write"} for name in (*names, "haiku.txt"))
    outside.author.plans = [plan_reply(*written, {"path": "uid.txt", "source": "attachment"})]
    row = driven(make_round(**{name: sample[name] for name in ("brief", "checks", "attachments")}))
    assert all(f"file {name}\n" in form(outside, 0) for name in (*names, "haiku.txt", "index.html"))
    assert "file uid.txt" not in form(outside, 0)
    assert verdicts(row.chosen_attempt)["uid.txt: is the attachment uid.txt, byte for byte"] == "pass"
    assert published(outside, row)["uid.txt"] == b"5f2c9e7a-41d8-4c0b-9a36-d7e1b0c4f285\n"
