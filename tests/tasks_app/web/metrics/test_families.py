"""All families of metrics: each has a description, none is missing, none names a person, a task or a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import OutOfService
from tasks_app.operations.breakers import breaker_trip
from tasks_app.operations.workers import worker_beat
from tests.factories import make_round
from tests.tasks_app.web.metrics.rows import ago, call, ended, notified
from tests.tasks_app.web.metrics.scrape import NAMES, ask, families, value, values

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


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
    assert values("engine_breaker_open") == {"forge": 0, "intake": 0, "model": 0, "publishing": 0}
    assert value("engine_oldest_due_round_age_seconds") == 0


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
