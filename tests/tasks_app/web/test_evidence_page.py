"""The evidence page: its content, its readers, and secrets that it never shows."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from engine.prompts.generate import VERSION
from tasks_app.models import Attachment, Attempt, CheckResult, Commit, Round, Takedown
from tasks_app.operations.takedowns import takedown_ask
from tasks_app.web.content_security_policy import POLICY
from tests.driving import driven
from tests.factories import make_round, with_plan
from tests.fakes import PAGE, README, FakeBrowser, page_reply, plan_reply
from tests.hostile import HOSTILE, RAW, hostile_rows

if TYPE_CHECKING:
    from django.http import HttpResponse

    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

BROKEN, FIXED = b"print(1 / 0)\nprint('kept')\n", b"print(1)\nprint('kept')\n"


def get(address: str, host: str = "localhost:8000") -> HttpResponse:
    return Client(headers={"host": host}).get(address)


def shown(row: Round) -> str:
    answer = get(f"/evidence/{Commit.objects.get(round=row, sha=row.commit_sha).token}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def browsing(outside: Outside) -> Outside:
    outside.browser = FakeBrowser()
    return outside


def fixed(outside: Outside, **over: object) -> Round:
    script = {"name": "script.py", "url": f"data:text/x-python;base64,{base64.b64encode(BROKEN).decode()}"}
    outside.author.plans = [
        plan_reply({"path": "script.py", "source": "changed", "what": "the script without its bug"})
    ]
    outside.author.replies = [page_reply({"index.html": PAGE, "README.md": README, "script.py": FIXED})]
    asked = {
        "brief": "Fix script.py & <b>show</b> it.",
        "attachments": [script],
        "nonce": "the-nonce-of-it",
        "email": "someone@secret.example",
    }
    return driven(make_round(**(asked | {"checks": ["js: page.includes('7')", "It is pretty"]} | over)))


def test_it_shows_request_checks_publication_and_callback_with_their_times(browsing: Outside) -> None:
    row = fixed(browsing)
    text = shown(row)
    for part in (
        "Fix script.py &amp; &lt;b&gt;show&lt;/b&gt; it.", row.commit_sha, row.repo_url, row.pages_url,
        "page.includes(&#x27;7&#x27;)", "It is pretty",
        "unverifiable", "run in a browser", "before publishing", "live", "Accepted", "Published", "Evaluator told",
        "it answered 200",
        "script.py", Attachment.objects.get().sha256, "-print(1 / 0)", "+print(1)", "first", f"generate {VERSION}",
    ):  # fmt: skip
        assert part in text, part
    assert "SIMULATED" not in text
    assert "DEGRADED" not in text


def test_it_tells_how_the_request_was_read_in_the_run_of_the_commit(browsing: Outside) -> None:
    row = fixed(browsing)
    assert "the script without its bug" in shown(row)
    kept = with_plan(row, edited_by="ada", refused=[{"item": "files[2]", "reason": "no path"}])
    text = shown(row)
    for part in (
        "How the request was read",
        "story.txt, written by the model: a story of a whale",
        "3. ",
        "euros are meant",
    ):
        assert part in text, part
    assert "ada" not in re.sub("<[^>]*>", "", text[text.index("How the request") : text.index("The request")])
    kept.delete()
    assert "How the request was read" not in shown(row)
    with_plan(row, plan=None, why_none="the key was refused", attempt=None)
    assert "the key was refused" not in shown(row)


def test_predicates_are_named_as_what_decided_a_check(browsing: Outside) -> None:
    row = fixed(browsing)
    predicates = [{"says": "it is pretty", "verdict": "pass", "seen": ""}]
    CheckResult.objects.filter(text="It is pretty").update(verdict="pass", predicates=predicates)
    assert "decided by: the plan&#x27;s predicates" in shown(row)


def test_nothing_secret_is_on_it(browsing: Outside) -> None:
    row = fixed(browsing)
    text = shown(row)
    prompt = Attempt.objects.first().messages[0]["content"]
    for secret in (row.email, row.nonce, row.evaluation_url, "evaluator.example", prompt[:60], str(row.pk), "/admin/"):
        assert secret not in text, secret


def test_it_is_for_whoever_has_the_address_and_kept_from_all_others(browsing: Outside) -> None:
    row = fixed(browsing)
    token = Commit.objects.get(round=row).token
    assert re.fullmatch("[0-9a-f]{32}", token)
    answer = get(f"/evidence/{token}")
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Content-Security-Policy"] == POLICY
    assert answer["Cache-Control"].startswith("private")
    assert not answer.cookies
    for wrong in (
        "0" * 32,
        token[:-1],
        token.upper() if token.upper() != token else "x",
        row.commit_sha,
        str(row.pk),
        "None",
        "%00",
    ):
        assert get(f"/evidence/{wrong}").status_code == 404, wrong
    assert Client().post(f"/evidence/{token}").status_code == 405
    moved = get(f"/evidence/{token}", host="127.0.0.1:8000")
    assert (moved.status_code, moved["Location"]) == (302, f"http://localhost:8000/evidence/{token}")


def test_a_commit_that_was_never_pushed_has_no_address(browsing: Outside) -> None:
    row = fixed(browsing)
    Commit.objects.create(round=row, run=1, sha="e" * 40, planned_at=timezone.now())
    assert Commit.objects.get(sha="e" * 40).token is None
    token = Commit.objects.get(sha=row.commit_sha).token
    Commit.objects.update(pushed_at=None)
    assert get(f"/evidence/{token}").status_code == 404


def test_screenshots_are_served_under_the_same_address(browsing: Outside) -> None:
    row = fixed(browsing)
    CheckResult.objects.filter(kind="page_load").update(screenshot=b"\xff\xd8the picture")
    text = shown(row)
    token = Commit.objects.get(round=row).token
    pictures = re.findall(r'src="(/evidence/\w+/\d\.jpg)"', text)
    taken = CheckResult.objects.filter(attempt=row.chosen_attempt, kind="page_load", screenshot__isnull=False).count()
    assert len(pictures) == taken > 0
    for address in pictures:
        answer = get(address)
        assert (answer.status_code, answer["Content-Type"], answer["X-Robots-Tag"]) == (
            200,
            "image/jpeg",
            "noindex, nofollow",
        )
        assert answer["Cache-Control"].startswith("private")
    for number in (0, len(pictures) + 1, 999999999999):
        assert get(f"/evidence/{token}/{number}.jpg").status_code == 404
    assert get(f"/evidence/{'0' * 32}/1.jpg").status_code == 404


def test_no_picture_of_a_page_is_shown_while_the_page_is_taken_down(browsing: Outside) -> None:
    row = fixed(browsing)
    CheckResult.objects.filter(kind="page_load").update(screenshot=b"\xff\xd8the picture")
    address = re.findall(r'src="(/evidence/\w+/\d\.jpg)"', shown(row))[0]
    takedown_ask(round_id=row.pk, who="ada")
    assert get(address).status_code == 404
    text = shown(row)
    assert address not in text
    assert "Screenshots are not shown while the page is taken down." in text
    Takedown.objects.update(back_at=timezone.now())
    assert get(address).status_code == 200
    assert address in shown(row)


def test_simulated_and_degraded_are_in_large_letters(outside: Outside) -> None:
    outside.author.simulated = True
    row = driven(make_round())
    assert "<strong>SIMULATED</strong>" in shown(row)
    outside.author.replies = ["no"] * 20
    degraded = driven(make_round(task="another"))
    assert degraded.degraded
    assert "<strong>DEGRADED</strong>" in shown(degraded)


def test_what_has_not_happened_yet_is_said(outside: Outside) -> None:
    row = driven(make_round())
    row.pages_statuses.all().delete()
    row.notifications.all().delete()
    text = shown(row)
    assert "not seen live in 0 looks" in text
    assert "not yet, after 0 tries" in text
    assert "No screenshot was taken" in text


def test_a_commit_keeps_its_evidence_after_a_new_run_or_a_later_round(
    browsing: Outside,
) -> None:
    row = fixed(browsing)
    first = Commit.objects.get(round=row)
    now = timezone.now()
    again = Attempt.objects.create(round=row, run=2, kind="generate", model_asked="the-new-model", started_at=now)
    second = Commit.objects.create(
        round=row,
        run=2,
        sha="d" * 40,
        attempt=again,
        token="d" * 32,
        planned_at=now,
        pushed_at=now + timedelta(seconds=5),
    )
    row.notifications.create(
        run=2, number=1, url="x", body=b"", started_at=now + timedelta(seconds=9), seconds=1, status_code=202
    )
    old, new = (get(f"/evidence/{c.token}").content.decode() for c in (first, second))
    assert "written anew since" in old
    assert "page.includes" in old
    assert "it answered 200" in old
    assert "page.includes" not in new
    assert "the-new-model" in new
    assert "it answered 202" in new
    row.notifications.filter(run=1).delete()
    assert "not yet, after 0 tries" in get(f"/evidence/{first.token}").content.decode()
    later = make_round(round=2, task=row.task_name, email=row.email, attachments=[])
    Commit.objects.create(round=later, run=1, sha="f" * 40, planned_at=now, pushed_at=now + timedelta(seconds=20))
    assert "Round 2 of this task has changed the page since" in get(f"/evidence/{second.token}").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_round(browsing: Outside) -> None:
    row = fixed(browsing)
    with CaptureQueriesContext(
        connection,
    ) as few:
        shown(row)
    for position in range(100, 160):
        CheckResult.objects.create(
            attempt=row.chosen_attempt,
            target="local",
            position=position,
            kind="js",
            text=f"c{position}",
            verdict="pass",
        )
        Attempt.objects.create(round=row, run=1, kind="repair", started_at=row.created_at, seconds=1)
        Attachment.objects.create(round=row, position=position, name=f"{position}.csv", content=b"1", sha256="a" * 64)
        row.pages_statuses.create(run=1, at=row.created_at, build_status="built", live=False)
    with CaptureQueriesContext(connection) as many:
        shown(row)
    assert len(many) == len(few) <= 18


def test_hostile_text_is_text(db: None) -> None:
    del db
    rows = hostile_rows()
    now = timezone.now()
    commit = rows["Commit"]
    Commit.objects.filter(pk=commit.pk).update(token="a" * 32, pushed_at=now, attempt=rows["Attempt"])
    answer = get(f"/evidence/{'a' * 32}")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert not [raw for raw in RAW if raw in text]
    assert 'href="javascript:' not in text
    assert HOSTILE[:20] not in text
