"""`manage.py prune`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError
from django.db import connection

from tests.commands import run
from tests.factories import dump
from tests.tasks_app.operations.retention.past import ended

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = pytest.mark.django_db


def test_a_dry_run_counts_and_removes_nothing() -> None:
    ended(50)
    ended(40, round=2)
    before = dump()
    text = run("prune", "--dry-run")
    assert "screenshots: 4 would be removed" in text
    assert "rounds: 1 would be removed" in text
    assert dump() == before


def test_the_command_says_what_went_and_how_much() -> None:
    ended(50)
    ended(40, round=2)
    told = {line["what"]: line for line in json.loads(run("prune", "--json"))["removed"]}
    assert (told["screenshots"]["rows"], told["screenshots"]["bytes"]) == (4, 16_000)
    assert told["rounds"]["rows"] == 1
    assert run("prune").startswith("free in the database's file" if connection.vendor == "sqlite" else "")


def test_the_command_says_that_nothing_is_set(settings: SettingsWrapper) -> None:
    settings.KEEP_SCREENSHOTS_DAYS = settings.KEEP_PROMPTS_DAYS = settings.KEEP_ROUNDS_DAYS = 0
    assert "everything is kept for ever" in run("prune")


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's")
def test_a_vacuum_gives_the_room_back() -> None:
    ended(50)
    assert json.loads(run("prune", "--json", "--vacuum"))["free_bytes_in_the_file"] == 0


@pytest.mark.skipif(connection.vendor == "sqlite", reason="others'")
def test_a_vacuum_is_refused_elsewhere() -> None:
    with pytest.raises(CommandError, match="for SQLite"):
        run("prune", "--vacuum")
