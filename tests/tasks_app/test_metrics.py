"""`/metrics`: who gets them, what each says of the rows, and what a scrape costs."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.utils import InterfaceError, OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from engine.errors import OutOfService
from tasks_app.metrics import BUCKETS
from tasks_app.models import Attempt, ForgeQuota, NotificationAttempt, WorkerBeat
from tasks_app.services.beats import worker_beat
from tasks_app.services.breakers import breaker_trip
from tests.factories import lease_of, make_round
from tests.posting import PROBLEM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse
    from prometheus_client import Metric
    from pytest_django.fixtures import DjangoAssertNumQueries, SettingsWrapper

    from tasks_app.models import Round

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-the-metrics-tests"
#: Families that are there on every forge; those of GitHub's limit come only with it.
NAMES = {
    "engine_ready", "engine_part_status", "engine_workers_alive", "engine_workers_kept", "engine_capacity_rounds_per_minute", "engine_backlog_seconds",
    "engine_rounds_due", "engine_oldest_due_round_age_seconds",
    "engine_rounds", "engine_rounds_needing_attention", "engine_rounds_degraded", "engine_rounds_late", "engine_rounds_simulated",
    "engine_rounds_live", "engine_callback_seconds", "engine_callback_seconds_gcount", "engine_callback_seconds_gsum",
    "engine_model_calls", "engine_model_tokens", "engine_model_cost_dollars", "engine_notification_attempts", "engine_breaker_open",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _token(settings: SettingsWrapper) -> None:
    settings.METRICS_TOKEN = TOKEN


def ask(authorization: str | None = f"Bearer {TOKEN}", method: str = "get", **headers: str) -> HttpResponse:
    headers |= {"authorization": authorization} if authorization is not None else {}
    return getattr(Client(enforce_csrf_checks=True), method)("/metrics", headers=headers)


def families() -> dict[str, Metric]:
    answer = ask()
    assert answer.status_code == 200, answer.content
    return {family.name: family for family in text_string_to_metric_families(answer.content.decode())}


def values(name: str) -> dict[str, float]:
    """Return a family's samples, by the values of their labels in the order of the labels' names."""
    return {" ".join(sample.labels.values()): sample.value for sample in families()[name].samples}


def value(name: str) -> float:
    (only,) = values(name).values()
    return only


def ago(**of: float) -> datetime:
    return timezone.now() - timedelta(**of)


def ended(state: str = "completed", *, hours: float = 1, seconds: float = 90, **over: object) -> Round:
    """Make a round that ended `hours` ago, `seconds` after its POST."""
    at = ago(hours=hours)
    posted = at - timedelta(seconds=seconds)
    columns = {"created_at": posted, "started_at": posted, "finished_at": at, "next_at": None, "commit_sha": "a" * 40}
    return make_round(state=state, **columns | over)


def call(row: Round, **over: object) -> Attempt:
    common = {"run": 1, "kind": "generate", "provider": "openai", "started_at": timezone.now(), "seconds": 2.0}
    return Attempt.objects.create(round=row, **common | over)


def notified(row: Round, number: int, status: int | None = None, **over: object) -> NotificationAttempt:
    common = {"run": 1, "number": number, "url": row.evaluation_url, "body": b"{}", "started_at": timezone.now()}
    return NotificationAttempt.objects.create(round=row, status_code=status, **common | {"seconds": 0.1} | over)


# --- Who gets them -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options"])
def test_without_a_token_it_is_an_unknown_address(settings: SettingsWrapper, method: str) -> None:
    settings.METRICS_TOKEN = ""
    answers = {"/metrics": ask(method=method), "/metricz": getattr(Client(), method)("/metricz")}
    assert {answer.status_code for answer in answers.values()} == {404}
    mine, other = (answer.content.decode().replace(path, "PATH") for path, answer in answers.items())
    assert mine == other
    first, second = (dict(answer.headers) for answer in answers.values())
    assert first | {"Content-Length": ""} == second | {"Content-Length": ""}


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer  "])
def test_an_unset_token_matches_nothing(settings: SettingsWrapper, given: str) -> None:
    settings.METRICS_TOKEN = ""
    assert ask(given).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        TOKEN,
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        f"Basic {TOKEN}",
        f"Token {TOKEN}",
        f"Bearer {TOKEN}, Bearer {TOKEN}",
        "Bearer \u00ff\u0416",
    ],
    ids=ascii,
)
def test_a_missing_or_wrong_token_is_refused(given: str | None) -> None:
    answer = ask(given)
    assert (answer.status_code, answer["Content-Type"]) == (401, PROBLEM)
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["status"] == 401
    assert TOKEN not in answer.content.decode()
    assert "engine_" not in answer.content.decode()


@pytest.mark.parametrize("given", [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"BEARER  {TOKEN} "])
def test_the_right_token_gets_prometheus_text(given: str) -> None:
    answer = ask(given)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer["Cache-Control"] == "no-store"
    assert set(families()) == NAMES


def test_a_token_with_other_letters_is_compared_as_its_bytes(settings: SettingsWrapper) -> None:
    settings.METRICS_TOKEN = "Schlüssel-des-Beobachters"
    assert ask("Bearer " + settings.METRICS_TOKEN.encode().decode("latin-1")).status_code == 200


def test_it_is_read_only() -> None:
    assert ask(method="post").status_code == 405
    assert ask(method="head").status_code == 200


def test_it_is_answered_on_both_hosts_as_readiness_is(settings: SettingsWrapper) -> None:
    for host in (settings.PUBLIC_HOST, settings.PAGES_HOST):
        assert ask(host=host).status_code == 200
        assert Client().get("/healthz", headers={"host": host}).status_code == 200
    assert ask(host="evil.example").status_code == 400


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_down_is_a_503_that_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise error("no connection to host with password hunter2")

    monkeypatch.setattr(CursorWrapper, "execute", fail)
    answer = ask()
    assert (answer.status_code, answer["Content-Type"]) == (503, PROBLEM)
    assert "hunter2" not in answer.content.decode()


# --- What they say -------------------------------------------------------------------------------------------------------------


def test_every_metric_has_a_help_text_and_its_type() -> None:
    for family in families().values():
        assert family.documentation.endswith("."), family.name
        assert family.type == ("histogram" if family.name == "engine_callback_seconds" else "gauge")


def test_an_empty_service_has_zeros_rather_than_gaps() -> None:
    found = families()
    filled = {name for name, family in found.items() if family.samples}
    assert NAMES - filled == {"engine_model_calls"}
    assert values("engine_rounds") == dict.fromkeys(
        ("queued", "running", "waiting", "completed", "failed", "cancelled"), 0
    )
    assert values("engine_breaker_open") == {"forge": 0, "model": 0}
    assert value("engine_oldest_due_round_age_seconds") == 0


def test_readiness_is_told_by_part_and_status() -> None:
    assert value("engine_ready") == 0
    assert values("engine_part_status")["workers down"] == 1
    worker_beat(worker="supervisor:dispatcher")
    make_round(next_at=ago(seconds=61))
    assert value("engine_ready") == 1
    found = values("engine_part_status")
    assert (found["workers ok"], found["workers warning"], found["workers down"]) == (1, 0, 0)
    assert (found["queue ok"], found["queue warning"], found["queue down"]) == (0, 1, 0)
    assert sum(found.values()) == 8


def test_processes_that_were_heard_of_lately_are_alive() -> None:
    for worker in ("a:dispatcher", "a:1", "b:2"):
        worker_beat(worker=worker)
    WorkerBeat.objects.filter(worker="b:2").update(seen_at=ago(seconds=31))
    assert value("engine_workers_alive") == 2


def test_due_rounds_are_counted_and_the_oldest_is_timed() -> None:
    make_round(task="a", next_at=ago(seconds=40))
    make_round(task="b", next_at=ago(seconds=10))
    make_round(task="c", next_at=ago(seconds=-60))
    lease_of(make_round(task="d", next_at=ago(seconds=90)))
    assert value("engine_rounds_due") == 2
    assert 40 <= value("engine_oldest_due_round_age_seconds") < 60


def test_rounds_are_counted_by_state_and_ended_ones_for_a_day() -> None:
    make_round(created_at=ago(days=400))
    make_round(state="waiting", created_at=ago(days=400))
    make_round(state="waiting")
    lease_of(make_round())
    ended()
    ended(hours=23.9, seconds=3 * 86_400)
    ended("failed")
    ended("cancelled")
    ended("failed", hours=24.1)
    ended("failed", hours=1, seconds=7 * 86_400)
    assert values("engine_rounds") == {
        "queued": 1, "running": 1, "waiting": 2, "completed": 2, "failed": 1, "cancelled": 1
    }  # fmt: skip


def test_rounds_that_need_a_person_are_counted_while_they_move_and_for_a_day_after() -> None:
    make_round(needs_attention=True, created_at=ago(days=400))
    make_round(state="waiting", needs_attention=True)
    make_round(state="waiting", needs_attention=True)
    make_round()
    ended("failed", needs_attention=True)
    ended("failed", needs_attention=True, hours=25)
    ended()
    assert value("engine_rounds_needing_attention") == 4


@pytest.mark.parametrize("flag", ["degraded", "late", "simulated", "live"])
def test_how_rounds_ended_is_counted_for_a_day(flag: str) -> None:
    flags = ["degraded", "late", "simulated", "live"]
    ended(**{flag: True})
    ended("failed", **{flag: True})
    ended(**{flag: True}, hours=25)
    ended()
    make_round(**{flag: True})
    assert {name: value(f"engine_rounds_{name}") for name in flags} == dict.fromkeys(flags, 0) | {flag: 2}


def test_the_seconds_to_the_callback_are_a_histogram_of_the_present_runs() -> None:
    for seconds in (10, 30, 31, 599, 4_000):
        ended(seconds=seconds)
    ended("failed", seconds=45)
    again = ago(hours=1, seconds=200)
    ended(seconds=86_400, run=2, started_at=again, finished_at=again + timedelta(seconds=200))
    ended(hours=25, seconds=100)
    make_round()
    counts = values("engine_callback_seconds")
    assert [float(le) for le in counts] == [*BUCKETS, float("inf")]
    assert BUCKETS == (30, 60, 120, 180, 240, 300, 420, 540, 600)
    assert list(counts.values()) == [2, 3, 3, 3, 4, 4, 4, 4, 5, 6]
    assert value("engine_callback_seconds_gcount") == 6
    assert value("engine_callback_seconds_gsum") == pytest.approx(10 + 30 + 31 + 599 + 4_000 + 200)


def test_model_calls_are_counted_by_kind_and_error_with_their_tokens_and_cost() -> None:
    row = make_round(created_at=ago(days=400))
    call(row, input_tokens=1_000, output_tokens=200, cost=Decimal("0.012500"))
    call(row, input_tokens=500, output_tokens=100, cost=Decimal("0.000001"))
    call(row, kind="repair", error_code="model_timeout")
    call(row, kind="repair", error_code="model_timeout", input_tokens=7)
    call(row, kind="repair", simulated=True, provider="simulated")
    call(row, kind="honest", provider="")
    call(row, seconds=None, input_tokens=9_999)
    call(row, started_at=ago(hours=25), input_tokens=9_999, output_tokens=9_999, cost=Decimal(9))
    assert values("engine_model_calls") == {"none generate": 2, "model_timeout repair": 2, "none repair": 1}
    assert values("engine_model_tokens") == {"input": 1_507, "output": 300}
    assert value("engine_model_cost_dollars") == pytest.approx(0.012501)


def test_callbacks_are_counted_by_the_class_of_their_answer() -> None:
    row, late, old = make_round(), make_round(created_at=ago(days=4)), make_round(created_at=ago(days=8))
    for number, status in enumerate((200, 204, 302, 404, 429, 500, 503, 599, None), 1):
        notified(row, number, status)
    notified(row, 20, None, seconds=None)
    notified(row, 21, 200, started_at=ago(hours=25))
    notified(late, 1, 200)
    notified(old, 1, 200)
    assert values("engine_notification_attempts") == {"2xx": 3, "3xx": 1, "4xx": 2, "5xx": 3, "error": 1}


def test_open_breakers_are_told_by_kind() -> None:
    breaker_trip(error=OutOfService("model_quota_spent", "The quota is spent.", kind="model"))
    breaker_trip(error=OutOfService("forge_limit_spent", "Spent.", kind="forge", until=ago(seconds=1)))
    assert values("engine_breaker_open") == {"forge": 0, "model": 1}


def test_what_is_left_of_githubs_limit_is_told_where_it_is_known(settings: SettingsWrapper) -> None:
    names = {"engine_forge_calls_limit", "engine_forge_calls_left", "engine_forge_limit_reset_timestamp_seconds"}
    settings.FORGE = "github"
    assert not names & set(families())
    reset = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ForgeQuota.objects.create(pk=1, limit=5_000, remaining=4_321, reset_at=reset)
    assert {name: value(name) for name in names} == {
        "engine_forge_calls_limit": 5_000,
        "engine_forge_calls_left": 4_321,
        "engine_forge_limit_reset_timestamp_seconds": 1_772_366_400,
    }
    settings.FORGE = "local"
    assert not names & set(families())


def test_no_label_or_text_names_a_person_a_task_or_a_secret(settings: SettingsWrapper) -> None:
    marked = {
        "email": "someone@marked.example",
        "task": "marked-task",
        "nonce": "marked-nonce",
        "brief": "marked-brief",
    }
    row = make_round(
        **marked, state="waiting", needs_attention=True, waiting_on="marked-reason", next_at=ago(seconds=5)
    )
    gone = ended("failed", error_code="marked-code", error_message="marked-error", task="marked-too")
    call(row, model_asked="marked-model", error_code="model_timeout", error_message="marked-message")
    notified(gone, 1, None, error="marked-failure")
    worker_beat(worker="marked-worker:1", row=row)
    breaker_trip(error=OutOfService("model_key_refused", "marked-key was refused", kind="model"))
    text = ask().content.decode()
    assert "marked" not in text
    assert not [value for value in settings.SECRETS.values() if value and value in text]
    labels = {name for family in families().values() for sample in family.samples for name in sample.labels}
    assert labels == {"part", "status", "state", "le", "kind", "error_code", "direction", "outcome"}


# --- What they cost ------------------------------------------------------------------------------------------------------------


def test_more_rounds_are_no_more_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    def add(number: int) -> None:
        for count in range(number):
            row = make_round(task=f"t{count}", next_at=ago(seconds=5))
            call(row, kind=("generate", "repair")[count % 2])
            notified(ended(seconds=count), 1, 200 + count)
            worker_beat(worker=f"s:{count}", row=row)

    add(1)
    with django_assert_num_queries(18):
        ask()
    add(30)
    with django_assert_num_queries(18):
        ask()


@contextmanager
def plans() -> Iterator[list[str]]:
    """Collect how SQLite goes about each query: a line for each table of it."""
    seen: list[tuple[str, object]] = []
    found: list[str] = []

    def note(execute, sql, params, many, context):
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found
    with connection.cursor() as cursor:
        for sql, params in seen:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            found += [line[-1] for line in cursor.fetchall()]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's plans")
def test_every_query_on_rows_that_grow_uses_an_index() -> None:
    ended()
    with plans() as found:
        families()
    growing = re.compile(r"(SCAN|SEARCH) (?:tasks_app_(?:round|attempt|notificationattempt)|U\d)\b(.*)")
    uses = [match.groups() for match in map(growing.match, found) if match]
    # A walk through the whole of `round_due` is one through the rounds that have not ended: it holds no others.
    assert {
        use for use in uses if not re.search(r"SEARCH .*USING|USING (COVERING )?INDEX round_due", " ".join(use))
    } == set()
    named = " ".join(found)
    for index in ("round_due", "round_newest", "attempt_of_day", "tasks_app_notificationattempt_round_id"):
        assert index in named
