from __future__ import annotations

import fcntl
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from gunicorn.http.errors import ChunkMissingTerminator, InvalidChunkSize, NoMoreData
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from engine.inputs.task_request import MAX_BODY
from tasks_app.health.disk import LEAST_FREE
from tasks_app.models import Attachment, Event, Rejection, Round
from tasks_app.rounds.intake import _TURN
from tests.factories import CSV, SECRET, make_payload, make_round
from tests.posting import PROBLEM, is_problem, post

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fresh_cache")]

# --- Accepting --------------------------------------------------------------------------------------------------------


def test_a_task_is_answered_200_with_its_row() -> None:
    response = post(make_payload())
    row = Round.objects.get()
    assert response.status_code == 200
    assert response.json() == {
        "status": "accepted",
        "id": str(row.pk),
        "status_url": f"http://localhost:8000/api/rounds/{row.pk}",
        "warnings": [],
    }
    assert (row.state, row.step, row.run, row.lease_token) == ("queued", "generate", 1, None)
    assert (row.deadline_at - row.created_at).total_seconds() == 600
    assert row.next_at <= timezone.now()
    assert "secret" not in row.request


def test_a_key_that_the_body_repeats_is_named_in_the_warnings() -> None:
    body = json.dumps(make_payload()).replace('{"email"', '{"brief": "another", "email"', 1)
    response = post(body.encode())
    assert response.json()["warnings"] == ["the key 'brief' is in one object more than once; its last value is used"]
    assert Round.objects.get().brief == make_payload()["brief"]


@pytest.mark.parametrize("path", ["/handle_task", "/handle_task/"])
@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", "nonsense", "a/b; q=\xff", ""]
)
def test_json_is_read_with_or_without_a_slash_under_any_content_type(path: str, kind: str) -> None:
    response = post(make_payload(), path=path, content_type="application/json", CONTENT_TYPE=kind)
    assert response.status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "nonsense", "*/*", ""])
def test_the_answer_is_json_whatever_the_client_says_it_accepts(accept: str) -> None:
    response = post(make_payload(), HTTP_ACCEPT=accept, path="/handle_task?format=html")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


def test_a_chunked_body_is_read() -> None:
    body = json.dumps(make_payload()).encode()
    extra = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    assert post(b"", CONTENT_LENGTH="", **extra).status_code == 200


def test_the_largest_request_is_a_setting(settings: SettingsWrapper) -> None:
    body = json.dumps(make_payload()).encode()
    settings.MAX_REQUEST_BYTES = len(body) - 1
    problem = is_problem(post(body), 413)
    assert str(len(body) - 1) in problem["detail"]
    settings.MAX_REQUEST_BYTES = len(body)
    assert post(body).status_code == 200


def test_a_chunked_body_that_is_too_large_is_refused() -> None:
    extra = {
        "wsgi.input": BytesIO(b" " * (MAX_BODY + 1)),
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    is_problem(post(b"", CONTENT_LENGTH="", **extra), 413)


@pytest.mark.parametrize(
    "error", [InvalidChunkSize(b"zz"), ChunkMissingTerminator(b"x"), NoMoreData(), OSError("gone")]
)
def test_a_body_that_does_not_arrive_whole_is_a_400(error: Exception) -> None:
    class Broken(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise error

    extra = {"wsgi.input": Broken(), "wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    is_problem(post(b"", CONTENT_LENGTH="", **extra), 400)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own limit on pages stands in for a full disk")
@pytest.mark.parametrize("over", [{}, {"brief": ""}], ids=["task", "refusal"])
def test_a_database_that_is_full_is_a_503_with_a_time_to_try_again(over: dict[str, object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # pages that other tests left free would hold the task
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        answer = post(make_payload(checks=["x" * 1_000_000], **over))
        cursor.execute("PRAGMA max_page_count = 1000000")
    is_problem(answer, 503)
    assert answer["Retry-After"] == "10"
    assert post(make_payload()).status_code == 200


def test_a_task_is_refused_before_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps(make_payload()).encode()
    for free, status in ((LEAST_FREE + 4 * len(body), 200), (LEAST_FREE + len(body), 503), (0, 503)):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        answer = post(body)
        assert answer.status_code == status
        assert status == 200 or answer["Retry-After"] == "10"


def test_attachments_are_stored_byte_for_byte() -> None:
    post(make_payload(attachments=[*make_payload()["attachments"], {"name": "far.csv", "url": "https://x.example/a"}]))
    near, far = Attachment.objects.order_by("position")
    assert (near.name, near.media_type, bytes(near.content), near.url) == ("data.csv", "text/csv", CSV, "")
    assert (far.name, far.content, far.url) == ("far.csv", None, "https://x.example/a")


def test_a_body_of_16_mb_is_accepted_and_one_byte_more_is_not() -> None:
    empty = make_payload(attachments=[{"name": "big.txt", "url": "data:,"}])
    room = MAX_BODY - len(json.dumps(empty).encode())
    body = json.dumps(empty | {"attachments": [{"name": "big.txt", "url": "data:," + "x" * room}]}).encode()
    assert len(body) == MAX_BODY
    is_problem(post(body + b" "), 413)
    assert post(body).status_code == 200
    assert len(Attachment.objects.get().content) == room


@pytest.mark.django_db(transaction=True)
def test_a_task_is_one_transaction_of_inserts_with_one_look_for_a_pause_before() -> None:
    with CaptureQueriesContext(connection) as seen:
        post(make_payload())
    kinds = [query["sql"].split()[0] for query in seen.captured_queries]
    assert kinds == ["SELECT", "BEGIN", "INSERT", "INSERT", "COMMIT"]


@pytest.mark.django_db(transaction=True)
def test_a_conflict_leaves_the_way_free_for_the_next_writer() -> None:
    post(make_payload())
    is_problem(post(make_payload(brief="another")), 409)
    assert not _TURN.locked()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases let writers write beside each other")
@pytest.mark.django_db(transaction=True)
def test_writers_of_other_processes_take_their_turn(settings: SettingsWrapper) -> None:
    def posts() -> None:
        post(make_payload())
        connections.close_all()

    writer = threading.Thread(target=posts)
    with (settings.DATA_DIR / "intake.lock").open("ab") as other:  # as another process has it
        fcntl.flock(other, fcntl.LOCK_EX)
        writer.start()
        writer.join(0.5)
        assert writer.is_alive()
        assert not Round.objects.exists()
    writer.join(20)
    Round.objects.get()


@pytest.mark.parametrize(
    "over", [{"checks": [1e400]}, {"more": {"a": 1e400}}, {"brief": "\x00\ud800"}, {"\ud800": "\x00"}]
)
def test_what_no_database_keeps_does_no_harm(over: dict[str, object]) -> None:
    assert post(json.dumps(make_payload(**over)).replace("Infinity", "1e400").encode()).status_code == 200
    assert post(json.dumps(make_payload(round=0, **over)).replace("Infinity", "1e400").encode()).status_code == 400
    Rejection.objects.get()


# --- Replays ----------------------------------------------------------------------------------------------------------


def test_the_same_task_again_is_the_same_round() -> None:
    first = post(make_payload(more=1, checks=["a", 2])).json()
    turned = dict(reversed(make_payload(more=1, checks=["a", 2]).items()))
    again = post(json.dumps(turned, indent=3).encode()).json()
    assert again == first | {"replayed": True}
    assert first["warnings"]
    assert Round.objects.count() == Attachment.objects.count() == 1


def test_a_replay_survives_a_change_of_the_secret(settings: SettingsWrapper) -> None:
    first = post(make_payload()).json()
    settings.SECRET = "another-secret-by-now"
    assert post(make_payload(secret=settings.SECRET)).json()["id"] == first["id"]


def test_the_previous_secret_is_accepted_kept_out_of_rows_and_named(settings: SettingsWrapper) -> None:
    settings.SECRET, settings.SECRET_PREVIOUS = "the-secret-of-today", "the-secret-of-yesterday"
    brief = "Say the-secret-of-yesterday and the-secret-of-today."
    first = post(make_payload(secret=settings.SECRET_PREVIOUS, brief=brief))
    assert first.status_code == 200
    again = post(make_payload(secret=settings.SECRET, brief=brief)).json()
    assert (again["id"], again["replayed"]) == (first.json()["id"], True)
    row = Round.objects.get()
    assert "the-secret-of" not in row.brief + json.dumps(row.request)
    is_problem(post(make_payload(secret="the-secret-of-the-day-before")), 401)
    is_problem(post(make_payload(secret="")), 401)
    parts = {part["name"]: part for part in Client().get("/readyz").json()["parts"]}
    assert parts["settings"]["status"] == "warning"
    assert "SECRET_PREVIOUS" in parts["settings"]["detail"]


@pytest.mark.parametrize("over", [{"brief": "other"}, {"more": 1}, {"checks": []}, {"round": "1"}, {"attachments": []}])
def test_another_body_for_the_same_round_is_a_conflict(over: dict[str, object]) -> None:
    first = post(make_payload()).json()
    assert is_problem(post(make_payload(**over)), 409)["id"] == first["id"]
    assert Round.objects.count() == 1
    assert Rejection.objects.get().status == 409


@pytest.mark.parametrize("over", [{"email": "b@example.com"}, {"task": "other"}, {"round": 2}, {"nonce": "b"}])
def test_another_email_task_round_or_nonce_is_another_round(over: dict[str, object]) -> None:
    assert post(make_payload()).json()["id"] != post(make_payload(**over)).json()["id"]


def test_a_failed_round_is_revived_by_a_replay() -> None:
    past = timezone.now() - timezone.timedelta(hours=2)
    first = post(make_payload()).json()
    failed = {
        "state": "failed",
        "step": "publish",
        "next_at": None,
        "finished_at": past,
        "error_code": "x",
        "crashes": 5,
    }
    Round.objects.update(deadline_at=past, started_at=past, needs_attention=True, late=True, **failed)
    assert post(make_payload()).json() == first | {"replayed": True, "revived": True}
    row = Round.objects.get()
    assert (row.state, row.step, row.run, row.crashes, row.error_code) == ("queued", "publish", 2, 0, "")
    assert (row.needs_attention, row.late, row.finished_at) == (False, False, None)
    assert 590 < (row.deadline_at - timezone.now()).total_seconds() <= 600
    assert row.next_at <= timezone.now()
    event = Event.objects.get()
    assert (event.who, event.round) == ("evaluator", row)
    assert "revived" not in post(make_payload()).json()


@pytest.mark.parametrize("state", ["queued", "running", "waiting", "completed", "cancelled"])
def test_only_a_failed_round_is_revived(state: str) -> None:
    post(make_payload())
    ended = {"next_at": None, "finished_at": timezone.now()} if state in {"completed", "cancelled"} else {}
    Round.objects.update(state=state, commit_sha="1" * 40, **ended)
    assert "revived" not in post(make_payload()).json()
    assert (Round.objects.get().state, Round.objects.get().run) == (state, 1)


@pytest.mark.django_db(transaction=True)
def test_eight_at_once_are_one_round() -> None:
    def one(_: int) -> tuple[int, str]:
        try:
            response = post(make_payload())
            return response.status_code, response.json()["id"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(one, range(8)))
    assert answers == {(200, str(Round.objects.get().pk))}
    assert Attachment.objects.count() == 1


# --- Anything at all --------------------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


class Fuzz(TestCase):
    """A TestCase, since each of hypothesis' examples needs a transaction of its own."""

    @hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.dictionaries(st.sampled_from([*make_payload(), "more"]).filter(lambda key: key != "secret"), ANYTHING),
        st.sampled_from(["1e400", "NaN", "1" * 5000, '"\\u0000"']),
    )
    def test_no_input_gives_a_500_or_html(self, over: dict[str, object], infinity: str) -> None:
        response = post(json.dumps(make_payload(**over)).replace("Infinity", infinity).encode())
        assert response.status_code in {200, 400, 409}
        assert response["Content-Type"] in {"application/json", PROBLEM}
        assert SECRET not in response.content.decode()

    @hypothesis_settings(max_examples=40, deadline=None)
    @given(st.binary(max_size=60), st.text(max_size=20))
    def test_no_bytes_and_no_content_type_give_a_500_or_html(self, body: bytes, kind: str) -> None:
        response = post(body, CONTENT_TYPE=kind)
        assert response.status_code in {400, 401, 429}
        assert response["Content-Type"] == PROBLEM


def test_an_unknown_round_is_a_problem() -> None:
    make_round()
    is_problem(Client().get(f"/api/rounds/{uuid4()}"), 404)
