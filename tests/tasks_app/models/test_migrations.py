"""Migrations over rows that are there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.apps.registry import Apps

pytestmark = pytest.mark.django_db(transaction=True)


def migrated(name: str) -> Apps:
    """Migrate to a migration of ours, and return the models as they are then."""
    executor = MigrationExecutor(connection)
    executor.migrate([("tasks_app", name)])
    return executor.loader.project_state([("tasks_app", name)]).apps


@pytest.fixture
def _newest_after() -> Iterator[None]:
    yield
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes("tasks_app"))


@pytest.mark.usefixtures("_newest_after")
def test_a_database_with_probes_gets_plans_and_keeps_its_attempts_and_results() -> None:
    before, now = migrated("0017_interrupted_calls"), timezone.now()
    row = before.get_model("tasks_app", "Round").objects.create(
        key="k", task_key="t", email="e", task_name="t", number=1, nonce="n", brief="b", request={}, digest="d",
        created_at=now, started_at=now, deadline_at=now, share_ends_at=now, next_at=now,
    )  # fmt: skip
    attempt = before.get_model("tasks_app", "Attempt").objects.create(round=row, run=1, kind="probe", started_at=now)
    before.get_model("tasks_app", "CheckResult").objects.create(
        attempt=attempt, target="local", position=1, kind="prose", text="t", verdict="pass"
    )
    before.get_model("tasks_app", "Probe").objects.create(
        round=row, position=0, text="t", expression="true", attempt=attempt, frozen_at=now
    )
    content_type = before.get_model("contenttypes", "ContentType").objects.get_or_create
    probe, _ = content_type(app_label="tasks_app", model="probe")
    before.get_model("auth", "Permission").objects.get_or_create(codename="view_probe", content_type=probe)

    after = migrated("0018_request_plan")
    assert after.get_model("tasks_app", "Attempt").objects.get().kind == "probe"
    assert after.get_model("tasks_app", "CheckResult").objects.get().predicates == []
    assert not after.get_model("tasks_app", "Plan").objects.exists()
    assert "tasks_app_probe" not in connection.introspection.table_names()
    groups = after.get_model("auth", "Group").objects.filter(name__in=["Viewer", "Operator"])
    for group in groups:
        may = set(group.permissions.values_list("codename", flat=True))
        assert "view_plan" in may
        assert "view_probe" not in may
    assert len(groups) == 2
