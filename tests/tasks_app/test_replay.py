"""`manage.py replay`: a stored reply read again, beside what came of it then; no model is asked and no row is written."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from engine.ports import Reply
from tasks_app.models import Attempt, CheckResult, Round, SourceFile
from tasks_app.services.interruptions import INTERRUPTED
from tasks_app.services.operators import round_regenerate
from tests.driving import driven, kinds, page_calls
from tests.factories import dump, make_round
from tests.fakes import PAGE, README, FakeBrowser, page_reply, plan_reply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.ports import Message
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

CHECKS = ["js: page.includes('ONE')", "js: page.includes('TWO')"]


@pytest.fixture
def browsing(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> Outside:
    """The same fakes for the drive and for the replay, whose author is its own."""
    outside.browser = FakeBrowser()
    monkeypatch.setattr("tasks_app.wiring.browser", lambda: outside.browser)
    return outside


def replay(*arguments: object) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("replay", *map(str, arguments), stdout=out)
    except CommandError as ended:
        return ended.returncode, out.getvalue() + str(ended)
    return 0, out.getvalue()


def page(words: str) -> object:
    return page_reply({"index.html": PAGE.replace(b"7", words.encode()), "README.md": README})


def repaired(outside: Outside) -> Round:
    outside.author.replies = [page("ONE"), page("ONE TWO")]
    row = driven(make_round(checks=CHECKS))
    assert kinds() == ["generate", "repair"]
    return row


def test_the_same_reply_gives_the_same_and_nothing_is_asked_or_written(browsing: Outside) -> None:
    row = repaired(browsing)
    rows, asked = dump(), len(browsing.author.asked)
    for attempt in page_calls():
        code, told = replay(attempt.pk)
        assert (code, "ok, as then" in told, "the same as then" in told) == (0, True, True), told
        assert "WORSE" not in told
    assert replay(row.pk)[0] == 0
    assert dump() == rows
    assert len(browsing.author.asked) == asked


def test_a_pass_that_is_none_any_more_is_marked_and_ends_with_1(browsing: Outside) -> None:
    repaired(browsing)
    first = page_calls()[0]
    CheckResult.objects.filter(attempt=first, text__contains="TWO").update(verdict="pass")
    CheckResult.objects.filter(attempt=first, text__contains="ONE").update(verdict="fail")
    code, told = replay(first.pk)
    assert code == 1
    (worse,) = [line.split() for line in told.splitlines() if line.strip().startswith("WORSE")]
    assert worse[:4] == ["WORSE", "pass", "->", "fail"]
    assert "better" in told
    assert "1 check passed then and do not today" in told


def test_a_conversation_is_read_with_its_continuation_and_its_reminder(browsing: Outside) -> None:
    whole = page_reply()
    browsing.author.replies = ["Sure, here you go!", lambda messages: whole(messages)[:-60]]
    row = driven(make_round(checks=[]))
    assert kinds()[:2] == ["generate", "format"]
    code, told = replay(row.pk, "--json")
    data = json.loads(told)
    assert (code, data["error"], data["files_that_differ"]) == (0, None, [])
    assert [reply["kind"] for reply in data["replies"]] == kinds()
    assert all(reply["before"] == reply["now"] for reply in data["replies"])


def test_a_conversation_in_which_processes_died_is_read_by_what_was_used_of_it(browsing: Outside) -> None:
    def cut(messages: Sequence[Message]) -> Reply:
        whole = page_reply({"index.html": PAGE, "README.md": README})(messages)
        return Reply(whole[: whole.index("# T") + 9], "first", "length")

    browsing.author.replies = [cut, cut, page_reply({"README.md": README})]
    row = driven(make_round(checks=[]))
    calls = list(page_calls())
    assert [call.kind for call in calls] == ["generate", "continue", "continue"]
    dead = {"error_code": INTERRUPTED, "seconds": None, "finish_reason": "", "outcome": ""}
    Attempt.objects.filter(pk__in=[calls[0].pk, calls[1].pk]).update(**dead)
    in_vain = {"round": row, "run": 1, "parent": calls[0], "started_at": row.created_at, "error_code": INTERRUPTED}
    Attempt.objects.create(kind="continue", reply="Here is", **in_vain)
    code, told = replay(row.pk, "--json")
    data = json.loads(told)
    assert (code, data["error"], data["files_that_differ"]) == (0, None, [])
    assert len(data["replies"]) == 3


def test_a_reply_that_gives_no_page_any_more_is_worse_and_says_why(browsing: Outside) -> None:
    row = driven(make_round(checks=[]))
    Attempt.objects.update(reply="Sorry, no.")
    code, told = replay(row.pk)
    assert code == 1
    assert "a replay asks nothing" in told
    assert "-> " in told


def test_files_that_today_would_be_others_are_named(browsing: Outside) -> None:
    row = driven(make_round(checks=[]))
    SourceFile.objects.filter(path="README.md").update(content=b"another")
    code, told = replay(row.pk)
    assert (code, "README.md differ" in told) == (0, True)


def test_a_later_round_is_read_on_what_was_published_before_it(browsing: Outside) -> None:
    driven(make_round(task="two"))
    browsing.author.replies = [page_reply({"README.md": README + b"\nMore.\n"})]
    later = driven(make_round(task="two", round=2, attachments=[], brief="Tell more."))
    code, told = replay(later.pk)
    assert (code, "the same as then" in told) == (0, True), told


def test_a_readme_that_the_service_completed_with_its_addresses_is_the_same(browsing: Outside) -> None:
    driven(make_round(task="two"))
    browsing.author.replies = [page_reply({"README.md": b"# Two\n\n## Summary\n\nIt says two, and more than that.\n"})]
    later = driven(make_round(task="two", round=2, attachments=[], brief="Tell more."))
    readme = SourceFile.objects.get(attempt=later.chosen_attempt_id, path="README.md").content
    assert later.pages_url.encode() in bytes(readme)
    code, told = replay(later.pk)
    assert (code, "the same as then" in told) == (0, True), told


def test_without_a_browser_nothing_is_claimed_of_its_checks(browsing: Outside) -> None:
    row = repaired(browsing)
    code, told = replay(row.pk, "--no-browser", "--checks")
    assert code == 0
    assert len([line for line in told.splitlines() if "not compared" in line and "js:" in line]) == 2
    assert "same" in told


def test_what_cannot_be_replayed_is_said_in_one_line_with_2(browsing: Outside) -> None:
    waiting = make_round()
    row = driven(make_round(task="other"))
    lost, plan = page_calls().exclude(kind="judge").get(), row.attempts.get(kind="plan")
    Attempt.objects.filter(pk=lost.pk).update(reply="", error_message="It was busy.")
    honest = Attempt.objects.create(round=row, run=1, kind="honest", started_at=row.created_at)
    for name, reason in (
        (lost.pk, "It was busy."), (honest.pk, "honest"), (plan.pk, f"attempt {plan.pk} is a plan"), ("987654321", "no attempt"), ("zz", "not the beginning"), (waiting.pk, "nothing was tried"),
    ):  # fmt: skip
        code, told = replay(name)
        assert (code, reason in told) == (2, True), told


SENTENCE = "The page says hello."


def planned(text: str) -> str:
    holds = {"kind": "contains", "path": "index.html", "texts": [text]}
    return plan_reply(checks=[{"number": 1, "predicates": [holds]}])


def test_sentences_are_decided_by_the_plan_of_the_run_that_wrote_the_page(browsing: Outside) -> None:
    browsing.author.plans = [planned("hello"), planned("Hallo")]
    browsing.author.replies = [page("hello"), page("Hallo")]
    row = driven(make_round(checks=[SENTENCE]))
    first = row.chosen_attempt_id
    round_regenerate(round_id=row.pk, who="ada")
    assert driven(row).chosen_attempt_id != first
    for attempt in (first, row.chosen_attempt_id):
        code, told = replay(attempt, "--json")
        (sentence,) = [check for check in json.loads(told)["checks"] if check["text"] == SENTENCE]
        assert (code, sentence["before"], sentence["now"]) == (0, "pass", "pass")
