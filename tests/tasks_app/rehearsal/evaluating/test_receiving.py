"""Callbacks: which count, which are refused and why, and what is kept of them."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.test import Client

from tasks_app.models import IssuedTask, NotifyCall, Rehearsal, Submission
from tasks_app.operations import clock
from tasks_app.rehearsal import receiving
from tasks_app.rehearsal.posting import claim
from tasks_app.rehearsal.submissions import encrypt
from tests.tasks_app.rehearsal.evaluating.endpoints import SECRET, begun, callback_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper

State = IssuedTask.Stage


def sent_task(state: State = State.ACCEPTED, **changes: Any) -> IssuedTask:
    """Return the only task of a new rehearsal, which was sent once."""
    begun("https://one.example/handle_task")
    now = clock.now()
    fields: dict[str, Any] = {"state": state, "tries": 1, "sent_at": now}
    if state in (State.ACCEPTED, State.GAVE_UP):
        fields |= {"accepted_at": now, "next_at": now + timedelta(seconds=60)}
    IssuedTask.objects.update(**{**fields, **changes})
    return IssuedTask.objects.get()


def received(value: Any, **late: float) -> tuple[int, str]:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return receiving.receive(body, client="192.0.2.1", now=clock.now() + timedelta(**late))


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.ACCEPTED, State.GAVE_UP])
def test_the_first_callback_counts_whatever_the_request_is_at(state: State) -> None:
    row = sent_task(state)
    assert received(callback_of(row.request)) == (200, "")
    row.refresh_from_db()
    assert (row.state, row.late, row.callback) == (State.RECEIVED, False, callback_of(row.request))
    assert row.accepted_at
    assert [(call.status_code, call.reason) for call in row.calls.all()] == [(200, "")]


@pytest.mark.django_db
def test_a_later_one_is_answered_200_and_does_not_count() -> None:
    row = sent_task()
    received(callback_of(row.request))
    assert received({**callback_of(row.request), "commit_sha": "b" * 40}, seconds=2) == (200, "")
    row.refresh_from_db()
    assert row.callback["commit_sha"] == "a" * 40
    second, first = row.calls.all()
    assert first.reason == ""
    assert "earlier, is the one that counts" in second.reason


@pytest.mark.django_db
def test_one_that_comes_late_counts_and_is_marked() -> None:
    row = sent_task()
    assert received(callback_of(row.request), seconds=61) == (200, "")
    row.refresh_from_db()
    assert (row.state, row.late) == (State.RECEIVED, True)


@pytest.mark.django_db
def test_what_is_nested_deeply_counts_all_the_same() -> None:
    row = sent_task()
    fields = json.dumps(callback_of(row.request)).encode()
    assert received(fields[:-1] + b', "x": ' + b"[" * 900 + b"]" * 900 + b"}") == (200, "")
    row.refresh_from_db()
    assert row.state == State.RECEIVED


@pytest.mark.django_db
def test_a_secret_of_digits_is_not_kept_as_a_number() -> None:
    row = sent_task()
    Submission.objects.update(secret=encrypt("8675309123"))
    received({**callback_of(row.request), "key": 8675309123, "basic": b64encode(b"me:8675309123").decode()})
    row.refresh_from_db()
    kept = json.dumps(row.callback) + row.calls.get().body
    assert "8675309123" not in kept
    assert row.callback["basic"] != b64encode(b"me:8675309123").decode()


@pytest.mark.django_db
def test_a_secret_of_a_rehearsal_that_has_ended_is_removed_too() -> None:
    sent_task()
    Rehearsal.objects.update(ended_at=clock.now())
    received(f"rubbish {SECRET}".encode())
    assert SECRET not in NotifyCall.objects.get().body


@pytest.mark.django_db
def test_after_the_judging_nothing_changes_any_more() -> None:
    row = sent_task(State.JUDGED)
    assert received(callback_of(row.request)) == (200, "")
    row.refresh_from_db()
    assert (row.state, row.callback) == (State.JUDGED, None)
    assert row.calls.get().reason == "It came after the task was judged without a callback."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nonce": "another"}, "nonce: not as sent with this email and task"),
        ({"email": "else@example.com"}, "email: not as sent with this nonce"),
        ({"task": "other"}, "task: not as sent with this nonce"),
        ({"round": 2}, "round: not as sent with this nonce"),
        ({"round": "1"}, "round: not as sent with this nonce"),
        ({"round": 1.0}, "round: not as sent with this nonce"),
        ({"round": True}, "round: not as sent with this nonce"),
        ({"round": "1", "task": None}, "task, round: not as sent with this nonce"),
        ({"nonce": ["x"], "round": 7}, "round, nonce: not as sent with this email and task"),
    ],
)
def test_what_differs_is_named_and_belongs_to_the_task(change: dict[str, Any], said: str) -> None:
    row = sent_task()
    status, reason = received({**callback_of(row.request), **change})
    assert status == 400
    assert reason.startswith(said)
    assert row.nonce not in reason
    row.refresh_from_db()
    assert row.state == State.ACCEPTED
    assert row.calls.get().reason == reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "The body is not JSON."),
        (b"\xff\x00", "The body is not JSON."),
        (b'{"email": NaN}', "The body is not JSON."),
        (b"[" * 100_000, "The body is not JSON."),
        (b"[]", "The body is JSON, but no object."),
        (b"{}", "email, task, round, nonce are missing."),
        (b'{"email": "a", "task": "b", "round": 1}', "nonce is missing."),
        (b'{"email":"\\u0000","task":"\\ud800","round":1e999,"nonce":"\\u0000"}', "No task was sent with this nonce"),
        (b'{"email":{},"task":[],"round":null,"nonce":7}', "No task was sent with this nonce"),
        (b" " * 1_000_001, "The body has more than 1,000,000 bytes."),
    ],
    ids=range(10),
)
def test_rubbish_is_refused_with_a_reason_and_recorded(body: bytes, said: str) -> None:
    sent_task()
    status, reason = received(body)
    assert status == 400
    assert reason.startswith(said)
    call = NotifyCall.objects.get()
    assert (call.issued, call.status_code, call.reason, call.client) == (None, 400, reason, "192.0.2.1")
    assert len(call.body) <= 10_000


@pytest.mark.django_db
def test_a_callback_whose_other_fields_are_rubbish_is_received() -> None:
    row = sent_task()
    odd = {"repo_url": None, "commit_sha": 1e999, "more": ["\x00", "\ud800"]}
    told = {**{name: row.request[name] for name in receiving.ECHOED}, **odd}
    assert received(json.dumps(told).replace("Infinity", "1e999").encode()) == (200, "")
    row.refresh_from_db()
    assert row.callback["commit_sha"] == "inf"
    assert row.callback["more"] == ["\ufffd", "?"]


@pytest.mark.django_db
def test_a_task_that_was_never_sent_cannot_be_called_back() -> None:
    row = sent_task(State.QUEUED, tries=0, sent_at=None)
    assert received(callback_of(row.request))[0] == 400
    row.refresh_from_db()
    assert row.state == State.QUEUED


@pytest.mark.django_db
def test_no_submissions_secret_is_kept_however_it_comes() -> None:
    row = sent_task()
    received({**callback_of(row.request), "secret": SECRET, SECRET: "x"})
    received({**callback_of(row.request), "nonce": "other", "secret": SECRET})
    received(f"secret={SECRET}".encode())
    row.refresh_from_db()
    assert SECRET not in json.dumps(row.callback)
    kept = [call.body for call in NotifyCall.objects.all()]
    assert len(kept) == 3
    assert all(SECRET not in body and "[secret]" in body for body in kept)


@pytest.mark.django_db
def test_without_the_key_a_callback_counts_and_only_what_it_must_tell_is_kept(settings: SettingsWrapper) -> None:
    row = sent_task()
    (settings.DATA_DIR / "rehearsal_key").write_text("gone")
    try:
        assert received({**callback_of(row.request), "secret": SECRET}) == (200, "")
    finally:
        (settings.DATA_DIR / "rehearsal_key").unlink()
    row.refresh_from_db()
    assert row.callback == callback_of(row.request)
    assert row.calls.get().body.startswith("(not kept")


@pytest.mark.django_db
def test_nobody_can_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "CALLS_OF_A_TASK", 3)
    monkeypatch.setattr(receiving, "CALLS_OF_NO_TASK", 2)
    row = sent_task()
    for _ in range(5):
        assert received(callback_of(row.request))[0] == 200
        assert received(b"rubbish")[0] == 400
    assert row.calls.count() == 3
    assert NotifyCall.objects.filter(issued=None).count() == 2
    received(b"rubbish", hours=1, seconds=1)
    assert NotifyCall.objects.filter(issued=None).count() == 3


def at_once(work: Callable[[int], object], number: int) -> None:
    together = threading.Barrier(number)

    def run(place: int) -> None:
        together.wait(20)
        try:
            work(place)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


@pytest.mark.django_db(transaction=True)
def test_of_many_callbacks_at_once_one_counts() -> None:
    row = sent_task()
    answers: list[int] = []
    at_once(lambda place: answers.append(received({**callback_of(row.request), "commit_sha": f"{place:040}"})[0]), 8)
    row.refresh_from_db()
    assert answers == [200] * 8
    (counts,) = [call for call in row.calls.all() if not call.reason]
    assert json.loads(counts.body)["commit_sha"] == row.callback["commit_sha"]
    assert row.calls.count() == 8


@pytest.mark.django_db(transaction=True)
def test_a_callback_that_meets_the_next_try_is_never_lost() -> None:
    row = sent_task(State.QUEUED)
    claimed: list[bool] = []

    def work(place: int) -> None:
        if place:
            claimed.append(claim(row.pk, now=clock.now(), deadline=timedelta(seconds=60)))
        else:
            assert received(callback_of(row.request)) == (200, "")

    at_once(work, 2)
    row.refresh_from_db()
    assert row.state == State.RECEIVED
    assert row.tries == 1 + sum(claimed)


# --- Over HTTP ---


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/rehearsal/notify", "/rehearsal/notify/"])
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "tunnel.example", ""])
def test_the_route_answers_at_every_host_name(path: str, host: str) -> None:
    row = sent_task()
    client = Client(enforce_csrf_checks=True, headers={"host": host})
    answer = client.post(path, json.dumps(callback_of(row.request)), content_type="text/plain")
    assert (answer.status_code, answer.json()) == (200, {"status": "received"})
    assert row.calls.get().client == "127.0.0.1"


@pytest.mark.django_db
def test_a_refusal_is_a_problem_with_its_reason() -> None:
    answer = Client().post("/rehearsal/notify", b"{}", content_type="application/json")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "email, task, round, nonce are missing."
    large = Client().post("/rehearsal/notify", b" " * 3_000_000, content_type="application/json")
    assert large.json()["detail"] == "The body has more than 1,000,000 bytes."


def test_only_post_is_answered() -> None:
    answer = Client().get("/rehearsal/notify")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
