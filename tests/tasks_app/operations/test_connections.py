"""SQLite's file is removed or replaced while connections have it open."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client

from tasks_app.models import Round
from tasks_app.operations.connections import file_problem
from tasks_app.operations.workers import worker_beat
from tasks_app.worker.due_work import take_due
from tests.factories import make_payload
from tests.posting import is_problem, post

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_fresh_cache"),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's file"),
]


@pytest.fixture
def file() -> Iterator[Path]:
    """The database's file, which is at its place again afterwards."""
    found = Path(str(connection.settings_dict["NAME"]))
    kept = found.with_suffix(".kept")
    connection.close()
    yield found
    connection.close()
    if kept.exists():
        kept.rename(found)


def test_a_task_is_not_accepted_into_a_removed_file_and_is_once_the_file_is_back(file: Path) -> None:
    worker_beat(worker="supervisor:dispatcher")
    assert post(make_payload(nonce="before")).status_code == 200
    file.rename(file.with_suffix(".kept"))
    response = post(make_payload(nonce="lost"))
    is_problem(response, 503)
    assert int(response["Retry-After"]) > 0
    parts = {one["name"]: one for one in Client().get("/readyz").json()["parts"]}
    assert parts["database"]["status"] == "down"
    assert "was removed" in parts["database"]["detail"]
    assert not file.exists(), "nothing makes an empty file in its place"
    take_due()
    file.with_suffix(".kept").rename(file)
    assert post(make_payload(nonce="after")).status_code == 200


def test_a_file_that_was_put_in_its_place_is_opened(file: Path) -> None:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(file, file.with_suffix(".new"))
    file.rename(file.with_suffix(".kept"))
    file.with_suffix(".new").rename(file)
    assert "was replaced" in file_problem()
    assert file_problem() == ""
    assert Round.objects.count() == 0


def test_without_an_open_connection_there_is_no_problem(file: Path) -> None:
    del file
    connection.close()
    assert file_problem() == ""


def test_a_removed_file_is_logged_once_until_it_is_back(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    connection.ensure_connection()
    for times in (1, 2):
        file.rename(file.with_suffix(".kept"))
        for _ in range(4):
            assert "was removed" in file_problem()
        assert caplog.messages == ["the database's file was removed while it was open"] * times
        file.with_suffix(".kept").rename(file)
        assert file_problem() == ""
