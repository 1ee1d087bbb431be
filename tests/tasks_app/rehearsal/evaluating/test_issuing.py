"""What a rehearsal's rows hold before anything is sent."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection

from tasks_app.models import IssuedTask, Rehearsal, Submission
from tasks_app.operations import clock
from tasks_app.rehearsal.issuing import chosen, following, seed_of, uuid7
from tasks_app.rehearsal.submissions import decrypt
from tasks_app.rehearsal.templates.reading import read_templates
from tests.tasks_app.rehearsal.evaluating.endpoints import SECRET, TEMPLATES, begun

NOON = datetime(2026, 12, 1, 12, 30, tzinfo=UTC)


def test_a_nonce_is_a_uuid_of_version_7_and_none_comes_twice() -> None:
    made = [uuid7(NOON) for _ in range(1000)]
    assert len(set(made)) == 1000
    for one in made:
        assert (one.version, one.variant) == (7, "specified in RFC 4122")
        assert one.int >> 80 == int(NOON.timestamp() * 1000)
    assert max(made) < uuid7(NOON + timedelta(milliseconds=1))


def test_a_seed_is_that_of_an_email_in_an_hour() -> None:
    seed = seed_of("a@example.com", NOON)
    assert re.fullmatch("[0-9a-f]{12}", seed)
    assert seed == seed_of("a@example.com", NOON + timedelta(minutes=29))
    assert seed != seed_of("a@example.com", NOON + timedelta(minutes=30))
    assert seed != seed_of("b@example.com", NOON)


def test_the_seed_chooses_the_templates() -> None:
    templates = read_templates(TEMPLATES, source="the test's")
    first = {chosen(templates, 1, f"{seed}")[0].id for seed in range(20)}
    assert first == {"greeting", "clock"}
    assert {one.id for one in chosen(templates, 2, "x")} == first


@pytest.mark.django_db
def test_the_first_round_of_every_task_is_there_at_once() -> None:
    begun("https://one.example/x", "https://two.example/y", tasks=2)
    rows = list(IssuedTask.objects.select_related("submission"))
    assert [(row.round, row.state, row.tries) for row in rows] == [(1, "queued", 0)] * 4
    assert len({row.task for row in rows}) == len({row.nonce for row in rows}) == 4
    for row in rows:
        assert re.fullmatch(rf"{row.template}-[0-9a-f]{{8}}", row.task)
        assert set(row.request) == {
            "email", "task", "round", "nonce", "brief", "checks", "evaluation_url", "attachments"
        }  # fmt: skip
        assert row.request["evaluation_url"] == "http://127.0.0.1:9/rehearsal/notify"
        assert (row.request["email"], row.request["nonce"]) == (row.submission.email, row.nonce)
    greeting = next(row for row in rows if row.template == "greeting")
    assert greeting.request["brief"] == f"Publish a page that greets {greeting.seed}."
    assert greeting.request["checks"][1] == "The page is friendly."
    assert greeting.criteria[1] == {"sentence": "The page is friendly."}


@pytest.mark.django_db
def test_a_later_round_has_the_same_task_and_seed_and_another_nonce() -> None:
    begun("https://one.example/x")
    first = IssuedTask.objects.get()
    template = next(one for one in read_templates(TEMPLATES, source="x") if one.id == first.template)
    second = following(first, template, clock.now())
    assert (second.task, second.seed, second.round) == (first.task, first.seed, 2)
    assert second.nonce != first.nonce
    assert second.request["brief"] != first.request["brief"]


@pytest.mark.django_db
def test_a_name_is_given_once_and_a_failed_beginning_leaves_nothing() -> None:
    begun("https://one.example/x")
    with pytest.raises(IntegrityError):
        begun("https://two.example/x")


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_beginning_that_failed_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    nonce = uuid7(clock.now())
    monkeypatch.setattr("tasks_app.rehearsal.issuing.uuid7", lambda _now: nonce)
    with pytest.raises(IntegrityError):
        begun("https://one.example/x", tasks=2)
    assert not Rehearsal.objects.exists()
    assert not Submission.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_secret_stands_in_no_row_and_in_no_byte_of_the_database() -> None:

    begun("https://one.example/x")
    assert decrypt(Submission.objects.get().secret) == SECRET
    assert SECRET not in json.dumps(list(IssuedTask.objects.values_list("request", flat=True)))
    if connection.vendor == "sqlite":
        for file in Path(connection.settings_dict["NAME"]).parent.glob("test*.sqlite3*"):
            assert SECRET.encode() not in file.read_bytes()
