"""`manage.py rounds`, `round` and `retry`: their output for a person and as JSON, and their exit codes."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from tasks_app.models import Attempt, CheckResult, Commit, Event, NotificationAttempt, PagesStatus, Round, StepRun
from tests.commands import run
from tests.factories import SECRET, make_round, with_plan

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]
SHA = "9f2c1f0b7a3d4e5f60718293a4b5c6d7e8f90a1b"
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egpj.exe\r\nSTATE  completed"
DANGEROUS = ("\x1b", "\x07", "\x9b", "\u202e", "\r")


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def data(*arguments: object) -> object:
    return json.loads(run(*arguments, "--json"))


def refused(*arguments: object) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)
    return caught.value


def failed_round(**over: object) -> Round:
    at = timezone.now()
    end = {"state": "failed", "step": "publish", "next_at": None, "finished_at": at, "needs_attention": True}
    return make_round(**(end | {"error_code": "forge_refused", "error_message": "The forge said no."} | over))


def whole_round(**over: object) -> Round:
    """Return a round of which there is something to tell in every part."""
    row = failed_round(**over)
    at, foreign = row.created_at, over.get("task", "")
    StepRun.objects.create(
        round=row, run=1, step="generate", started_at=at, ended_at=at + timedelta(seconds=3.2), outcome="done",
        detail=f"3 files {foreign}",
    )  # fmt: skip
    attempt = Attempt.objects.create(
        round=row, run=1, kind="generate", started_at=at, seconds=2.5, outcome="whole", model_asked="gpt-x",
        input_tokens=120, output_tokens=30, messages=[{"content": "the prompt"}], reply=f"the reply {foreign}",
        error_message=foreign,
    )  # fmt: skip
    for position, verdict in enumerate(("pass", "fail"), 1):
        CheckResult.objects.create(
            attempt=attempt, target="local", position=position, kind="js", text=f"check {position}", verdict=verdict,
            detail=foreign,
        )  # fmt: skip
    Commit.objects.create(round=row, run=1, sha=SHA, files=["index.html"], planned_at=at, pushed_at=at)
    PagesStatus.objects.create(round=row, run=1, at=at, build_status="built", live=False, reason=f"stale {foreign}")
    NotificationAttempt.objects.create(
        round=row, run=1, number=1, url=row.evaluation_url, body=b"{}", started_at=at, seconds=0.2, status_code=503,
        answer=f"the answer {foreign}", error=f"refused {foreign}",
    )  # fmt: skip
    Event.objects.create(at=at, who="service", what="round failed", round=row, text=f"why {foreign}")
    Round.objects.filter(pk=row.pk).update(
        repo_url="https://forge.example/o/r",
        pages_url="https://o.example/r/",
        commit_sha=SHA,
        warnings=[f"odd {foreign}"],
    )
    row.refresh_from_db()
    return row


def test_rounds_are_listed_newest_first_a_line_each() -> None:
    old, new = make_round(task="first"), whole_round(task="second", simulated=True)
    heading, *lines = run("rounds").splitlines()
    assert heading.split() == ["ID", "STATE", "CHECKS", "AGE", "ROUND", "FLAGS", "TASK"]
    first, second = (re.sub(r" \d s ", " 0 s ", line).split() for line in lines)  # a busy machine takes a second
    assert first == ["!", str(new.pk)[:8], "failed", "publish", "1", "of", "2", "0", "s", "1", "simulated", "second"]
    assert second == [str(old.pk)[:8], "queued", "generate", "-", "0", "s", "1", "first"]


def test_the_list_is_filtered_and_limited_and_says_that_there_is_more() -> None:
    for number in range(3):
        make_round(task=f"Sum-{number}")
    failed_round(task="other")
    assert [row["task"] for row in data("rounds", "--task", "sum-")] == ["Sum-2", "Sum-1", "Sum-0"]
    assert [row["task"] for row in data("rounds", "--state", "failed")] == ["other"]
    assert len(data("rounds", "--limit", "2")) == 2
    assert "there are more: --limit 4" in run("rounds", "--limit", "2")
    assert "there are more" not in run("rounds", "--limit", "4")
    assert "send_task" in run("rounds", "--state", "cancelled")
    assert data("rounds", "--state", "cancelled") == []


@pytest.mark.parametrize("wide", [80, 120])
def test_no_line_is_wider_than_the_terminal(wide: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(wide))
    row = whole_round(task="a-very-long-name-of-a-task-" * 8, simulated=True)
    texts = run("rounds") + run("round", row.pk)
    assert [line for line in texts.splitlines() if len(line) > wide] == []


def test_the_list_as_json_has_the_status_routes_fields_and_the_count_of_checks() -> None:
    row = whole_round()
    (shown,) = data("rounds")
    assert (shown["id"], shown["email"], shown["state"]) == (str(row.pk), row.email, "failed")
    assert shown["checks"]["request"] == {"held": 1, "decided": 2, "of": 2, "not_run": 0, "unverifiable": 0}
    assert shown["error"] == {"code": "forge_refused", "message": "The forge said no."}


def test_the_output_for_a_round_has_every_part() -> None:
    row = whole_round()
    text = run("round", str(row.pk)[:13])
    assert text.startswith(f"Round      {row}, run 1: Failed at publish: The forge said no.")
    for part in (
        str(row.pk), row.email, row.nonce, "forge_refused", "https://forge.example/o/r", "https://o.example/r/", SHA,
        "https://evaluator.example/notify", "NEEDS ATTENTION", "done, 3.2 s", "gpt-x", "120 + 30 tokens", "pass",
        "check 2", "not live", "503", "refused", "odd", "round failed",
    ):  # fmt: skip
        assert part in text, part
    parts = [line.split()[0] for line in text.splitlines() if not line.startswith(" ")]
    assert parts[parts.index("Asked") :] == [
        "Asked", "Step", "Tried", "Checks", "Published", "Look", "Live", "Callback", "Deadline", "Spent", "Warning",
        "Event",
    ]  # fmt: skip


def test_the_output_for_a_round_has_the_plan_in_words_and_the_predicates_of_its_checks() -> None:
    row = whole_round(checks=["Repo has MIT license", "js: true", "It is pretty"])
    with_plan(row, refused=[{"item": "absent[1]", "reason": "no path"}])
    predicates = [{"says": "LICENSE holds the MIT licence", "verdict": "fail", "seen": "no such file"}]
    CheckResult.objects.filter(position=2).update(predicates=predicates)
    text = " ".join(run("round", row.pk).split())
    for part in (
        "Plan Made by gpt-x. 1 item of it refused: absent[1]: no path",
        "Files: story.txt, written by the model: a story of a whale (has 300 to 400 words)",
        "Not to be committed: result.json", ": https://rates.example/eur.json, published as rates.json",
        "by a workflow of the repository", ": 1. Repo has MIT license", ": 3. It is pretty (nothing decides it: taste)",
        ": the total is shown (on the page as it opens:", "Notes: euros are meant",
        "fail js check 2 - fail LICENSE holds the MIT licence (no such file)",
    ):  # fmt: skip
        assert part in text, part
    shown = data("round", row.pk)
    assert shown["checks"][1]["predicates"] == predicates
    assert shown["plan"]["absent"] == ["result.json"]
    record = shown["plan_record"]
    assert (record["source"], record["run"], record["edited_by"], record["why_none"]) == ("model", 1, None, None)
    assert record["refused"] == [{"item": "absent[1]", "reason": "no path"}]
    assert record["in_words"][0]["heading"] == "Files"


def test_no_check_is_left_out_for_its_predicates() -> None:
    row = whole_round()
    predicates = [{"says": f"predicate {number}", "verdict": "pass", "seen": ""} for number in range(12)]
    CheckResult.objects.update(predicates=predicates)
    for position in range(3, 12):
        CheckResult.objects.create(
            attempt=Attempt.objects.get(), target="local", position=position, kind="prose", text=f"check {position}",
            verdict="pass", predicates=predicates,
        )  # fmt: skip
    text = run("round", row.pk)
    assert not re.search(r"… \d+ before", text)
    assert text.count("predicate 11") == 11


def test_a_round_without_a_plan_says_why() -> None:
    row = whole_round()
    with_plan(row, plan=None, why_none="The round had no tokens left for it.", attempt=None)
    assert "Plan There is no plan: The round had no tokens left for it." in " ".join(run("round", row.pk).split())
    assert data("round", row.pk)["plan_record"]["why_none"] == "The round had no tokens left for it."


def test_a_changed_attachment_and_the_evidence_page_are_named() -> None:
    row = whole_round()
    attempt = Attempt.objects.get()
    attempt.files.create(path="data.csv", content=b"another\n", sha256="b" * 64, size=8, origin="model")
    Commit.objects.update(token="d" * 32, attempt=attempt)
    Round.objects.update(chosen_attempt=attempt)
    text = " ".join(run("round", row.pk).split())
    assert "evidence http://localhost:8000/evidence/" + "d" * 32 in text
    assert f"attached as {row.attachments.get().sha256[:12]}, published as {'b' * 12}, 1 lines added, 3 cut" in text
    assert data("round", row.pk)["commits"][0]["evidence_url"].endswith("d" * 32)


def test_of_what_has_not_happened_nothing_is_said() -> None:
    text = run("round", make_round().pk)
    assert "Queued at generate" in text
    assert not [word for word in ("Tried", "Callback", "Repository", "Flags", "Error") if word in text]


def test_a_round_as_json_adds_to_the_status_and_leaves_prompts_and_answers_out() -> None:
    shown = data("round", whole_round().pk)
    assert {"steps", "checks", "notifications", "warnings", "error", "repo_url"} <= set(shown)
    assert [shown[part][0] is not None for part in ("attempts", "commits", "looks", "events")] == [True] * 4
    assert shown["attempts"][0]["model"] == "gpt-x"
    assert shown["headline"].startswith("Failed at publish")
    assert not [word for word in ("the prompt", "the reply", "the answer", SECRET) if word in json.dumps(shown)]


def test_foreign_text_moves_no_cursor_and_makes_no_line_of_its_own() -> None:
    row = whole_round(task=HOSTILE, email=HOSTILE, error_message=HOSTILE)
    with_plan(row, plan={"notes": [HOSTILE], "files": [{"path": HOSTILE, "source": "write", "what": HOSTILE}]})
    for output in (
        run("rounds"), run("round", row.pk), run("rounds", "--json"), run("round", row.pk, "--json"),
        run("retry", row.pk),
    ):  # fmt: skip
        assert not [code for code in DANGEROUS if code in output]
        assert not [line for line in output.splitlines() if line.startswith("STATE  completed")]
    assert json.loads(run("round", row.pk, "--json"))["task"] == HOSTILE


def test_an_id_may_be_its_beginning_and_must_be_one_rounds() -> None:
    for _ in range(3):
        make_round(attachments=[])
    for row, digits in zip(Round.objects.order_by("created_at"), ("aaaa1111", "aaaa2222", "bbbb0000"), strict=True):
        Round.objects.filter(pk=row.pk).update(id=UUID(digits.ljust(32, "0")))
    assert data("round", "b")["id"].startswith("bbbb0000-")
    assert data("round", "AAAA2222-0000")["id"].startswith("aaaa2222-")
    assert "more than one" in str(refused("round", "aaaa"))
    assert refused("round", "aaaa").returncode == 2
    for wrong in ("cccc", "nonsense", "", "a" * 33, "../x", "\x1b[2J"):
        problem = refused("round", wrong)
        assert problem.returncode == 2
        assert "\x1b" not in str(problem)


def test_retry_starts_a_failed_round_again_and_says_who_did() -> None:
    row = failed_round(task="again")
    assert "queued again" in run("retry", str(row.pk)[:12])
    row.refresh_from_db()
    assert (row.state, row.step, row.run) == ("queued", "publish", 2)
    assert "terminal" in Event.objects.get(round=row, what="round retried").who


def test_retry_refuses_what_goes_on_and_still_retries_the_others() -> None:
    going, failed = make_round(task="going"), failed_round(task="failed")
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of 2 not retried") as caught:
        call_command("retry", str(going.pk), str(failed.pk), "--json", stdout=out)
    assert caught.value.returncode == 1
    first, second = json.loads(out.getvalue())
    assert (first["retried"], first["task"]) == (False, "going")
    assert "queued" in first["why_not"]
    assert (second["retried"], second["why_not"]) == (True, None)


def test_retry_does_nothing_where_one_of_the_ids_leads_nowhere() -> None:
    row = failed_round()
    assert refused("retry", row.pk, "0" * 32).returncode == 2
    row.refresh_from_db()
    assert row.state == "failed"


def test_a_round_that_is_named_twice_is_retried_once() -> None:
    row = failed_round()
    assert run("retry", row.pk, str(row.pk)[:20]).count("queued again") == 1


@pytest.mark.parametrize("limit", ["0", "-1", "many", "10001", "1.5"])
def test_a_limit_that_is_none_is_refused(limit: str) -> None:
    assert "--limit" in str(refused("rounds", f"--limit={limit}"))


@pytest.mark.processes
@pytest.mark.slow
def test_without_a_database_it_ends_with_one_line_and_no_trace(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DATA_DIR": str(tmp_path)}
    for arguments in (["rounds"], ["round", "ab"], ["retry", "ab"]):
        command = [sys.executable, "manage.py", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert "migrated" in ended.stderr
        assert "Traceback" not in ended.stderr
