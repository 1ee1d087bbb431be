"""The service itself, driven in this process: its intake, rows, steps, browser and local forge, without web, queue and
callback.

A round is driven until it is published; looking at Pages and telling the evaluator are no part of the measurement.
"""

from __future__ import annotations

import base64
import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.site.lookup import media_type

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.suite.tasks import SuiteRound

_SECRET = "only-for-the-benchmark"  # noqa: S105
_NOWHERE = "http://127.0.0.1:9"  # nothing is served there: the benchmark judges the commit's files
_MOST_CLAIMS = 60


@dataclass(frozen=True, slots=True)
class Usage:
    """What model calls took.

    `cost` in US dollars, None where it is unknown for any of them; `seconds` of wall-clock time.
    """

    calls: int = 0
    input: int = 0
    output: int = 0
    cost: float | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Made:
    """What a system made of a round: the tree at its first try and the published one; `note` says what went wrong."""

    first: Mapping[str, bytes]
    final: Mapping[str, bytes]
    usage: Usage
    note: str = ""
    said: tuple[str, ...] = ()  # the model's replies as they came


def start(folder: Path, *, mirror: str, seconds: int, simulated: bool) -> None:
    """Set the service up in `folder` with the model that the environment names; once a process."""
    os.environ |= {
        "ENV_FILE": os.devnull,
        "DATA_DIR": str(folder / "data"),
        "SECRET": _SECRET,
        "FORGE": "local",
        "LLM_PROVIDER": "simulated" if simulated else "openai",
        "PAGES_ORIGIN": _NOWHERE,
        "PUBLIC_URL": "http://localhost:9",
        "ROUND_DEADLINE_SECONDS": str(seconds),
        "BROWSER_CDN_MIRROR": mirror,
        "DJANGO_SETTINGS_MODULE": "tasks_app.settings",
    }
    if os.geteuid() == 0:
        os.environ["CHROMIUM_NO_SANDBOX"] = "on"
    for name in ("DATABASE_URL", "REDIS_URL", "GITHUB_TOKEN", "LLM_BUDGET_PER_DAY"):
        os.environ.pop(name, None)
    os.environ.setdefault("LLM_FALLBACK_MODELS", os.environ.get("LLM_MODEL", ""))
    import django
    from django.core.management import call_command

    django.setup()
    logging.getLogger().setLevel(logging.ERROR)
    call_command("migrate", verbosity=0)


def run_round(task: str, number: int, asked: SuiteRound) -> Made:
    """Post a round and drive it until it is published or has ended."""
    from engine.inputs import task_request
    from tasks_app.models import Round
    from tasks_app.rounds.intake import round_accept
    from tests.driving import drive

    usable = task_request.read(_payload(task, number, asked), secrets=[_SECRET], allow_private=False)
    row = Round.objects.get(pk=round_accept(intake=usable).id)
    begun = time.monotonic()
    for _ in range(_MOST_CLAIMS):
        drive(str(row.pk))
        row.refresh_from_db()
        if row.published_at or row.finished_at or row.next_at is None:
            break
        time.sleep(max(0.0, row.next_at.timestamp() - time.time()))  # noqa: TID251
    return _made(row, time.monotonic() - begun)


def _payload(task: str, number: int, asked: SuiteRound) -> dict[str, object]:
    attachments = [
        {"name": name, "url": f"data:{media_type(name)};base64,{base64.b64encode(content).decode()}"}
        for name, content in asked.attachments.items()
    ]
    return {
        "email": "suite@example.com",
        "secret": _SECRET,
        "task": task,
        "round": number,
        "nonce": f"{task}-{number}",
        "brief": asked.brief,
        "checks": [f"js: {check.text}" for check in asked.checks],
        "evaluation_url": "https://evaluator.example/notify",
        "attachments": attachments,
    }


def _made(row: object, seconds: float) -> Made:
    from tasks_app.models import Attempt, Round

    assert isinstance(row, Round)
    attempts = list(Attempt.objects.filter(round=row).order_by("pk"))
    asked = [one for one in attempts if one.provider]
    written = [one for one in attempts if one.files.exists()]
    first = _files(written[0]) if written else {}
    final = _files(row.chosen_attempt) if row.published_at and row.chosen_attempt else {}
    costs = [one.cost for one in asked]
    usage = Usage(
        calls=len(asked),
        input=sum(one.input_tokens or 0 for one in asked),
        output=sum(one.output_tokens or 0 for one in asked),
        cost=float(sum(costs)) if costs and None not in costs else None,
        seconds=seconds,
    )
    notes = [f"{one.kind}: {one.error_code or one.outcome}" for one in attempts]
    if row.degraded:
        notes.append("degraded: the fallback page was published")
    if row.error_message:
        notes.append(row.error_message)
    return Made(first, final, usage, "; ".join(notes), tuple(one.reply for one in asked))


def _files(attempt: object) -> dict[str, bytes]:
    from tasks_app.models import Attempt

    assert isinstance(attempt, Attempt)
    return {path: bytes(content) for path, content in attempt.files.values_list("path", "content")}
