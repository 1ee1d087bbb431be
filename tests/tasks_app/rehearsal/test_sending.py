"""Sending a task against a double of the service on loopback."""

from __future__ import annotations

import io
import json
import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from engine.steps.notify import signature_headers
from tasks_app.rehearsal.evaluator import (
    SAMPLES,
    Callback,
    Listener,
    Service,
    TaskError,
    load_task,
    sample_names,
    shortcomings,
)
from tasks_app.rehearsal.sending import Sending, complete, send
from tests.doubles.http_server import HttpServer, Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doubles.http_server import Asked

GOOD = {
    "state": "completed",
    "step": "notify",
    "live": True,
    "degraded": False,
    "late": False,
    "error": None,
    "steps": [],
    "notifications": [],
}


class ServiceDouble(HttpServer):
    """Accepts a task, sends its callback and shows `status`; with `refusal`, (status, problem), it refuses the task."""

    def __init__(self) -> None:
        super().__init__()
        self.status: dict[str, Any] = GOOD
        self.refusal: tuple[int, Any] | None = None
        self.callback: dict[str, Any] | None = {}
        self.tasks: list[dict[str, Any]] = []

    def answer(self, asked: Asked) -> Script:
        if asked.method == "GET":
            return _json(200 if asked.path == "/api/rounds/x1" else 404, self.status)
        task = json.loads(asked.body)
        self.tasks.append(task)
        if self.refusal:
            return _json(*self.refusal)
        if self.callback is not None:
            told = {key: task[key] for key in ("email", "task", "round", "nonce")}
            told |= {"repo_url": "http://r/", "commit_sha": "a" * 40, "pages_url": "http://p/"} | self.callback
            httpx2.post(task["evaluation_url"], json=told, trust_env=False)
        return _json(200, {"status": "accepted", "id": "x1", "status_url": "/api/rounds/x1", "warnings": ["odd"]})


def _json(status: int, value: Any) -> Script:
    return Script(status, body=value if isinstance(value, bytes) else json.dumps(value).encode())


@pytest.fixture
def double() -> Iterator[ServiceDouble]:
    with ServiceDouble() as server:
        yield server


@pytest.fixture
def service(double: ServiceDouble) -> Iterator[Service]:
    with httpx2.Client(trust_env=False) as client:
        yield Service(double.url(""), client)


def sending(service: Service, *, wait: bool = True, as_json: bool = False) -> Sending:
    return Sending(service, wait=wait, as_json=as_json, seconds=5, out=io.StringIO(), progress_to=io.StringIO())


def task(**changes: Any) -> dict[str, Any]:
    return complete(load_task(SAMPLES / "sales.json"), secret="s", changes=changes)


def test_the_callback_of_a_task_without_evaluation_url_is_received_on_loopback(
    double: ServiceDouble, service: Service
) -> None:
    how = sending(service)
    sent = send(task(), how)
    assert not sent.problems
    assert sent.callback is not None
    assert sent.callback.fields()["nonce"] == double.tasks[0]["nonce"]
    text = how.out.getvalue()  # type: ignore[attr-defined]
    assert "accepted: x1" in text
    assert "warning: odd" in text
    assert '"commit_sha": "' + "a" * 40 in text


def test_a_callback_that_does_not_echo_the_request_is_a_problem(double: ServiceDouble, service: Service) -> None:
    double.callback = {"email": "other@example.com", "commit_sha": "abc", "extra": 1}
    problems = " ".join(send(task(), sending(service)).problems)
    assert "email is 'other@example.com'" in problems
    assert "is no full SHA" in problems
    assert "'extra'" in problems


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"live": False}, "not live"),
        ({"degraded": True}, "degraded"),
        ({"late": True}, "late"),
        (
            {"state": "failed", "error": {"code": "model_refused", "message": "No."}},
            "failed in step notify (model_refused: No.)",
        ),
    ],
)
def test_wait_complains_of_every_shortcoming(
    double: ServiceDouble, service: Service, change: dict[str, Any], reason: str
) -> None:
    double.status = GOOD | change
    assert send(task(), sending(service)).problems == [reason]
    assert send(task(), sending(service, wait=False)).problems == []


def test_a_missing_callback_is_reported_with_the_services_own_reason(
    double: ServiceDouble, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_app.rehearsal.sending._LATE_CALLBACK", 0.05)
    double.callback = None
    double.status = GOOD | {"notifications": [{"attempt": 1, "error": "address_refused"}]}
    assert send(task(), sending(service, wait=False)).problems == ["no callback came (the service: address_refused)"]


def test_a_task_with_its_own_evaluation_url_is_not_followed_unless_asked(
    double: ServiceDouble, service: Service
) -> None:
    with Listener() as other:
        sent = send(task(evaluation_url=other.url), sending(service, wait=False))
        assert sent.status is None
        assert sent.callback is None
        assert other.wait(double.tasks[0]["nonce"], 5) is not None


def test_json_output_is_one_object_and_progress_goes_elsewhere(service: Service) -> None:
    how = sending(service, as_json=True)
    send(task(), how)
    printed = json.loads(how.out.getvalue())  # type: ignore[attr-defined]
    assert printed["status"]["state"] == "completed"
    assert printed["problems"] == []


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ((401, {"title": "Wrong secret"}), ["401", "--secret"]),
        (
            (503, {"title": "Not ready", "missing": ["SECRET is not set: no request can be checked."]}),
            ["503", "SECRET is not set"],
        ),
        ((400, {"title": "Unusable", "errors": {"round": ["must be at least 1"]}}), ["round: must be at least 1"]),
        (
            (400, {"title": "Unusable", "errors": [{"field": "email", "message": "missing"}]}),
            ["field: email", "message: missing"],
        ),
        ((502, b"<html>bad gateway</html>"), ["502"]),
    ],
)
def test_a_refusal_is_one_line_with_the_reason_and_without_the_secret(
    double: ServiceDouble, service: Service, refusal: tuple[int, Any], words: list[str]
) -> None:
    double.refusal = refusal
    with pytest.raises(TaskError) as caught:
        send(complete(task(), secret="very-secret-1", changes={}), sending(service))
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)
    assert "very-secret-1" not in str(caught.value)


def test_a_service_that_is_not_there_is_one_line() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with httpx2.Client(trust_env=False) as client, pytest.raises(TaskError, match=r"cannot be reached: .*make run"):
            send(task(), sending(Service(url, client)))


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), ("{no", "is not JSON"), ("[]", "holds no JSON object")]
)
def test_an_unusable_file_is_one_line(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "task.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(TaskError, match=words):
        load_task(file)


def test_samples_get_a_fresh_nonce_each_time_and_overrides_win() -> None:
    assert task()["nonce"] != task()["nonce"]
    assert task(nonce="mine", round=3, email=None)["nonce"] == "mine"
    assert task(round=3)["round"] == 3
    assert task(email=None)["email"] == "student@example.com"


def test_a_missing_secret_is_reported_before_anything_is_sent() -> None:
    with pytest.raises(TaskError, match="no secret"):
        complete({}, secret="", changes={})


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_is_a_task(name: str) -> None:
    sample = load_task(SAMPLES / f"{name}.json")
    assert {"email", "task", "round", "brief", "checks", "attachments"} == set(sample)


def test_a_round_that_cannot_be_read_is_no_success() -> None:
    assert shortcomings(None) == ["its status cannot be read"]


def test_a_decided_check_that_does_not_hold_is_a_problem_and_one_that_nothing_decided_is_none(
    double: ServiceDouble, service: Service
) -> None:
    checks = [
        {"text": "a", "kind": "js", "verdict": "pass", "detail": ""},
        {"text": "b", "kind": "prose", "verdict": "unverifiable", "detail": ""},
        {"text": "the layout", "kind": "review", "verdict": "fail", "detail": ""},
    ]
    double.status = GOOD | {"checks": checks, "warnings": ["The page is large."]}
    how = sending(service)
    assert not send(task(), how).problems
    text = how.out.getvalue()  # type: ignore[attr-defined]
    assert "checks:     1 of 2 of the request's checks holds, 1 not decided" in text
    assert "warning:    The page is large." in text
    double.status = GOOD | {"checks": [*checks, {"text": "c", "kind": "js", "verdict": "fail", "detail": "it gave 3"}]}
    assert send(task(), sending(service)).problems == ["a check does not hold: c (it gave 3)"]


@pytest.mark.parametrize(
    ("key", "age", "changes", "holds"),
    [
        (b"k" * 32, 0, {}, True),
        (b"k" * 32, 299, {}, True),
        (b"k" * 32, 400, {}, False),
        (b"k" * 32, -400, {}, False),
        (b"o" * 32, 0, {}, False),
        (b"k" * 32, 0, {"webhook-id": "msg_2"}, False),
        (b"k" * 32, 0, {"webhook-timestamp": "soon"}, False),
        (b"k" * 32, 0, {"webhook-timestamp": "9" * 40}, False),
        (b"k" * 32, 0, {"webhook-signature": "v1,\u00e9"}, False),
        (b"k" * 32, 0, {"webhook-signature": ""}, False),
    ],
)
def test_a_callback_must_be_signed_where_a_key_is_there(
    key: bytes, age: float, changes: dict[str, str], holds: bool
) -> None:
    task = {"email": "e", "task": "t", "round": 1, "nonce": "n"}
    body = json.dumps({**task, "repo_url": "r", "commit_sha": "a" * 40, "pages_url": "p"}).encode()
    signed = signature_headers("msg_1", body, key=key, at=datetime.now(UTC) - timedelta(seconds=age))
    headers = {"content-type": "application/json", "webhook-id": "msg_1", **signed, **changes}
    callback = Callback(body, headers)
    assert callback.problems(task) == []
    assert (callback.problems(task, signing_key=b"k" * 32) == []) is holds
