"""Rounds that ended long ago, and their removal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from tasks_app.models import Attempt, CheckResult, Round, SourceFile, Task
from tasks_app.operations import retention
from tests.factories import make_round

if TYPE_CHECKING:
    from datetime import datetime

PAGE = b"<!doctype html><p id=total>19.75"


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def tree(row: Round, days: float, **over: object) -> Attempt:
    """Give a round an attempt of `days` ago with a tree, a passed check and a picture of the page."""
    common = {
        "run": 1,
        "kind": "generate",
        "provider": "openai",
        "started_at": ago(days),
        "reply": "the reply",
        "reasoning": "thoughts",
    }
    attempt = Attempt.objects.create(
        round=row, **common | {"messages": [{"role": "user", "content": "the prompt"}]} | over
    )
    SourceFile.objects.create(attempt=attempt, path="index.html", content=PAGE, size=len(PAGE), origin="model")
    common = {"attempt": attempt, "target": "local", "verdict": "pass"}
    CheckResult.objects.create(position=1, kind="js", text="document.title === 'Sales'", **common)
    CheckResult.objects.create(position=2, kind="page_load", text="at 1280", screenshot=b"JPEG" * 1000, **common)
    return attempt


def ended(days: float, *, state: str = "completed", step: str = "notify", **over: object) -> Round:
    """Make a round that was published and ended `days` ago, with a chosen attempt and another."""
    published = over.pop("published_at", ago(days))
    columns = {"created_at": ago(days), "started_at": ago(days), "finished_at": ago(days), "next_at": None}
    asked = {"state": state, "step": step, "commit_sha": "1" * 40, "published_at": published}
    row = make_round(**columns | asked | over)
    tree(row, days)
    task, _ = Task.objects.get_or_create(key=row.task_key, defaults={"name": row.task_name, "created_at": ago(days)})
    row.task, row.chosen_attempt = task, tree(row, days)
    row.save()
    return row


def prune() -> dict[str, int]:
    gone: dict[str, int] = {}
    for batch in retention.prune():
        gone[batch.name] = gone.get(batch.name, 0) + batch.rows
    return gone
