"""The loop against endpoints on loopback that behave in many ways: each is a line in the results, nothing stops."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from engine.adapters.http.guard import GuardedHttp
from tasks_app.models import IssuedTask, Rehearsal, RehearsalResult
from tasks_app.operations import clock
from tasks_app.rehearsal import posting, running
from tasks_app.rehearsal.callback_address import callback_address
from tasks_app.rehearsal.judging.contracts import Result
from tasks_app.rehearsal.receiving import receive
from tasks_app.rehearsal.running import AlreadyRunningError, EvaluatorFailedError, driving, run
from tests.doubles.http_server import Script
from tests.processes import free_port
from tests.tasks_app.rehearsal.evaluating.endpoints import SECRET, Endpoint, begun, callback_of, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks_app.rehearsal.judging.contracts import TaskToJudge

State = IssuedTask.Stage

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _loopback_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    way_out = GuardedHttp(allow_private=True)
    monkeypatch.setattr("tasks_app.wiring.http", lambda: way_out)
    monkeypatch.setattr(running, "LOOK_SECONDS", 0.01)


@contextmanager
def rehearsal_at(*endpoints: str, **changes: Any) -> Iterator[Rehearsal]:
    """Make a rehearsal whose callbacks arrive at a server of our own."""
    with callback_address("", "") as url:
        yield begun(*endpoints, evaluation_url=url, **changes)


def ended(rehearsal: Rehearsal, judge: Any = judged) -> list[str]:
    """Drive it to its end and return what was said."""
    said: list[str] = []
    with driving(rehearsal):
        assert run(rehearsal, judge, say=said.append)
    return said


def rows() -> list[IssuedTask]:
    return list(IssuedTask.objects.order_by("pk"))


def test_two_rounds_are_sent_called_back_and_judged_once() -> None:
    with Endpoint() as endpoint, rehearsal_at(endpoint.url("/x"), tasks=2) as rehearsal:
        said = ended(rehearsal)
        assert len(endpoint.sent) == 4
        assert endpoint.tasks[0]["secret"] == SECRET
        assert {status for status, _ in endpoint.told} == {200}
    assert [(row.round, row.state, row.tries, row.status_code) for row in rows()] == [
        (1, "judged", 1, 200), (1, "judged", 1, 200), (2, "judged", 1, 200), (2, "judged", 1, 200),
    ]  # fmt: skip
    assert RehearsalResult.objects.count() == 8
    rehearsal.refresh_from_db()
    assert rehearsal.ended_at
    text = "\n".join(said)
    assert text.count(": accepted") == text.count("called back after") == 4
    assert text.count("judged, 1 of 1 checks hold, 1 not decided") == 4
    assert SECRET not in text
    # A second run sends nothing.
    with driving(rehearsal):
        assert run(rehearsal, judged, say=said.append)
    assert RehearsalResult.objects.count() == 8


REFUSED = {
    "201": (Script(201, body=b"{}"), 201, "It answered 201, not 200: {}"),
    "500": (Script(500, body=b"\x1b[31m<h1>no</h1>"), 500, "It answered 500, not 200: ␛[31m<h1>no</h1>"),
    "empty 401": (Script(401), 401, "It answered 401, not 200 and an empty body"),
    "the secret": (Script(403, body=f"not {SECRET}".encode()), 403, "It answered 403, not 200: not [secret]"),
    "a redirect": (
        Script(307, {"Location": "http://elsewhere.example/"}),
        307,
        "It answered 307, a redirect to http://elsewhere.example/, which is not followed",
    ),
    "no HTTP": (Script(raw=b"rubbish\r\n\r\n"), None, "did not answer in valid HTTP"),
    "an end": (Script(raw=b""), None, ""),
}


@pytest.mark.parametrize(("script", "status", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_is_sent_three_times_and_given_up(script: Script, status: int | None, said: str) -> None:
    with Endpoint(script, lambda _: []) as endpoint, rehearsal_at(endpoint.url("/x")) as rehearsal:
        ended(rehearsal)
        assert len(endpoint.tasks) == 6
        assert endpoint.tasks[0] == endpoint.tasks[2]
    for row in rows():
        assert (row.state, row.tries, row.status_code, row.accepted_at) == ("judged", 3, status, None)
        assert said in row.error
        assert SECRET not in row.error


def test_nobody_at_home_an_endpoint_that_hangs_and_one_without_tls_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.3)
    nowhere = f"http://127.0.0.1:{free_port()}/x"
    with Endpoint(Script(hang=True), lambda _: []) as endpoint:
        tls = endpoint.url("/x", scheme="https")
        with rehearsal_at(nowhere, endpoint.url("/x"), tls, rounds=1) as rehearsal:
            ended(rehearsal)
    errors = [row.error for row in rows()]
    assert [row.tries for row in rows()] == [3, 3, 3]
    assert errors[1] == "127.0.0.1 did not answer in time."
    assert errors[2].startswith("No secure connection to 127.0.0.1")
    assert all(errors)


def test_rubbish_in_a_200_is_accepted_and_noted() -> None:
    with Endpoint(Script(200, body=b"<html>")) as endpoint, rehearsal_at(endpoint.url("/x"), rounds=1) as rehearsal:
        ended(rehearsal)
    (row,) = rows()
    assert (row.tries, row.status_code) == (1, 200)
    assert row.callback
    assert row.error == "It answered 200, but no JSON object: <html>"


def test_a_callback_during_a_try_that_is_refused_counts_and_ends_the_tries() -> None:
    with Endpoint(Script(500, body=b"{}")) as endpoint:
        answer = endpoint.answer

        def called_back_before(asked: Any) -> Script:
            script = answer(asked)
            endpoint.calling[-1].join(20)
            return script

        endpoint.answer = called_back_before  # type: ignore[method-assign]
        with rehearsal_at(endpoint.url("/x"), rounds=1) as rehearsal:
            ended(rehearsal)
        assert len(endpoint.tasks) == 1
    (row,) = rows()
    assert (row.tries, row.status_code, row.late) == (1, 500, False)
    assert row.callback
    assert row.accepted_at


@pytest.mark.slow
def test_what_comes_twice_with_another_nonce_or_for_somebody_else_is_recorded() -> None:
    def callbacks(fields: dict[str, Any]) -> list[Any]:
        other = {**fields, "nonce": "0"}
        somebody = {**fields, "email": "student1@example.com"}
        return [other, somebody, b"rubbish", fields, fields]

    seen: list[TaskToJudge] = []

    def judge(task: TaskToJudge) -> list[Result]:
        seen.append(task)
        return judged(task)

    with Endpoint(callbacks=callbacks) as endpoint, rehearsal_at(endpoint.url("/x"), rounds=1) as rehearsal:
        ended(rehearsal, judge)
        for thread in endpoint.calling:
            thread.join(20)
        assert [status for status, _ in endpoint.told] == [400, 400, 400, 200, 200]
    (row,) = rows()
    assert [call.status_code for call in row.calls.order_by("pk")] == [400, 400, 200, 200]
    reasons = [call.reason for call in seen[0].calls()]  # the last came after the judging had begun
    assert [one.partition(":")[0] for one in reasons[:3]] == ["nonce", "email", ""]
    assert reasons[3].startswith("The first callback, ")


@pytest.mark.slow
def test_without_a_callback_a_task_is_given_up_after_twice_the_deadline() -> None:
    with (
        Endpoint(callbacks=lambda _: []) as endpoint,
        rehearsal_at(endpoint.url("/x"), deadline_seconds=1) as rehearsal,
    ):
        said = ended(rehearsal)
        assert len(endpoint.tasks) == 2
    for row in rows():
        assert (row.state, row.callback, row.tries) == ("judged", None, 1)
        assert row.error == "No callback came within 2 seconds, twice the deadline."
    assert any("no callback within 2 s" in line for line in said)


def test_at_most_so_many_tasks_are_under_way_at_one_endpoint() -> None:
    under_way: list[int] = []

    def callbacks(fields: dict[str, Any]) -> list[Any]:
        states = (State.SENDING, State.ACCEPTED)
        under_way.append(IssuedTask.objects.filter(state__in=states).count())
        connections.close_all()
        return [fields]

    with Endpoint(callbacks=callbacks) as endpoint:
        url = endpoint.url("/x")
        with rehearsal_at(url, url, url, tasks=2, at_a_time=2, rounds=1) as rehearsal:
            ended(rehearsal)
        assert len(endpoint.tasks) == 6
    assert max(under_way) <= 2


def test_the_tries_are_spread_over_a_day_at_the_published_pace() -> None:
    now = clock.now()
    assert posting.again_after(1, 1.0, now) == now + timedelta(hours=3)
    assert posting.again_after(2, 1.0, now) == now + timedelta(hours=21)
    assert posting.again_after(3, 1.0, now) is None
    assert posting.again_after(1, 0.0, now) == now


def test_what_is_to_be_sent_hours_later_is_not_sent_now() -> None:
    with Endpoint(Script(503), lambda _: []) as endpoint, rehearsal_at(endpoint.url("/x"), pace=1.0) as rehearsal:
        said: list[str] = []
        stopping = threading.Event()

        def say(line: str) -> None:
            said.append(line)
            if "nothing to do until" in line:
                stopping.set()

        with driving(rehearsal):
            assert not run(rehearsal, judged, say=say, stopping=stopping)
        assert len(endpoint.tasks) == 1
    (row,) = rows()
    assert (row.state, row.tries) == ("queued", 1)
    assert row.next_at > clock.now() + timedelta(hours=2)


@pytest.mark.slow
def test_what_a_dead_evaluator_may_have_sent_is_waited_for_first() -> None:
    with Endpoint() as endpoint, rehearsal_at(endpoint.url("/x"), rounds=1, deadline_seconds=1) as rehearsal:
        (row,) = rows()
        assert posting.claim(row.pk, now=clock.now(), deadline=timedelta(seconds=1))
        assert not posting.claim(row.pk, now=clock.now(), deadline=timedelta(seconds=1))
        said = ended(rehearsal)
        assert len(endpoint.tasks) == 1
    (row,) = rows()
    assert (row.state, row.tries) == ("judged", 2)
    assert row.callback
    assert any("the evaluator was stopped during the POST" in line for line in said)


def test_a_callback_during_the_judging_of_what_was_given_up_has_it_judged_anew() -> None:
    judgings: list[TaskToJudge] = []

    def judge(task: TaskToJudge) -> list[Result]:
        judgings.append(task)
        if len(judgings) == 1:
            body = json.dumps(callback_of(task.request)).encode()
            assert receive(body, client="", now=clock.now()) == (200, "")
        return judged(task)

    with Endpoint(Script(500), lambda _: []) as endpoint, rehearsal_at(endpoint.url("/x"), rounds=1) as rehearsal:
        said = ended(rehearsal, judge)
    assert [bool(task.callback) for task in judgings] == [False, True]
    assert list(RehearsalResult.objects.values_list("score", flat=True)) == [1.0, None]
    assert any("judging, which begins again" in line for line in said)


def test_a_judge_that_fails_is_a_result_that_is_not_decided() -> None:
    def judge(task: TaskToJudge) -> list[Result]:
        if task.round == 1:
            raise RuntimeError(task.secret)
        return [Result("page", f"\x00 {SECRET}", float("nan"), SECRET, SECRET)]

    with Endpoint() as endpoint, rehearsal_at(endpoint.url("/x")) as rehearsal:
        ended(rehearsal, judge)
    first, second = RehearsalResult.objects.order_by("issued__round")
    assert first.score is None
    assert "RuntimeError" in first.reason
    assert (second.check_text, second.score, second.reason, second.log) == ("\ufffd [secret]", None, *["[secret]"] * 2)


def test_results_that_cannot_be_stored_end_the_evaluator(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bool:
        raise ZeroDivisionError

    with Endpoint() as endpoint, rehearsal_at(endpoint.url("/x")) as rehearsal:
        with monkeypatch.context() as patched:
            patched.setattr(running, "store", fails)
            with pytest.raises(EvaluatorFailedError, match="ZeroDivisionError"):
                ended(rehearsal)
        assert {row.state for row in rows()} == {"received"}
        ended(rehearsal)
    assert {row.state for row in rows()} == {"judged"}


def test_judging_knows_the_commits_of_earlier_rounds() -> None:
    seen: list[TaskToJudge] = []

    def judge(task: TaskToJudge) -> list[Result]:
        seen.append(task)
        return judged(task)

    with Endpoint() as endpoint, rehearsal_at(endpoint.url("/x"), rounds=3) as rehearsal:
        ended(rehearsal, judge)
    assert [len(task.earlier_commits) for task in seen] == [0, 1, 2]
    last = seen[-1]
    assert (last.round, last.secret, last.tries, last.late) == (3, SECRET, 1, False)
    assert last.deadline_at
    assert last.accepted_at
    assert last.deadline_at - last.accepted_at == timedelta(seconds=60)


def test_one_evaluator_drives_a_rehearsal() -> None:
    rehearsal = begun("https://one.example/x")
    refused = pytest.raises(AlreadyRunningError, match="is driven by another process")
    with driving(rehearsal), refused, driving(rehearsal):
        raise AssertionError
    with driving(rehearsal):
        pass
