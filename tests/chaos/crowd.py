"""Rounds that wait on Pages: their repositories at the double of GitHub, and their rows in a service's database.

`python -m tests.chaos.crowd < lines` stores the rows, with the service's environment. Each line is "owner repository
commit pages-url". They were posted and published just now, and are looked for at once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import django

from tests.processes import wait_for
from tests.service import ROOT

if TYPE_CHECKING:
    from tests.doubles.github.double import GitHubDouble
    from tests.service import Service

_FIRST_STEP = """
    SELECT r.created_at, s.started_at FROM tasks_app_round r JOIN tasks_app_steprun s ON s.round_id = r.id
    WHERE r.id = ? ORDER BY s.started_at
"""


def crowd_in(service: Service, double: GitHubDouble, number: int) -> None:
    """Publish so many repositories at the double and let a round of the service wait for each.

    A build takes what the double is set to.
    """
    text = "\n".join(_published(double, number))
    command = [sys.executable, "-m", "tests.chaos.crowd"]
    subprocess.run(command, cwd=ROOT, env=dict(service.environment), input=text, text=True, check=True, timeout=300)


def looked_at(service: Service, number: int, *, seconds: float) -> None:
    """Wait until so many rounds had a look at their pages."""
    looked = "SELECT count(DISTINCT round_id) FROM tasks_app_pagesstatus"
    assert wait_for(lambda: service.rows(looked) >= [(number,)], seconds), (service.rows(looked), service.tail())


def begun(service: Service, identity: str) -> tuple[float, int]:
    """Wait for a round's first step; return its seconds after the POST, and how many looks at others' pages were done
    between the two."""
    key = identity.replace("-", "")
    assert wait_for(lambda: service.rows(_FIRST_STEP, key), 120), service.tail()
    posted, started = service.rows(_FIRST_STEP, key)[0]
    [(looks,)] = service.rows("SELECT count(*) FROM tasks_app_pagesstatus WHERE at > ? AND at < ?", posted, started)
    took = datetime.fromisoformat(str(started)) - datetime.fromisoformat(str(posted))
    return took.total_seconds(), looks


def _published(double: GitHubDouble, number: int) -> list[str]:
    lines, account = [], double.state.accounts[double.login.lower()]
    with double.state.lock:
        for at in range(number):
            made = double.state.create(account, f"waits-{at}", None)
            made.source = {"branch": "main", "path": "/"}
            commit = double.state.write(made, {"index.html": b"<p>"}, "a page")
            lines.append(f"{double.login} {made.name} {commit} {double.pages_url}/{made.name}/")
    return lines


def main() -> None:
    """Store a round for each line."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tasks_app.settings"
    django.setup()
    from django.db import transaction

    with transaction.atomic():
        for line in sys.stdin:
            _store(*line.split())


def _store(owner: str, repository: str, commit: str, pages_url: str) -> None:
    from django.conf import settings
    from django.utils import timezone

    from engine.inputs import task_request
    from tasks_app.models import Attempt, Commit, Round, SourceFile
    from tasks_app.rounds.intake import round_accept
    from tests.factories import make_payload

    now = timezone.now()
    asked = make_payload(secret=settings.SECRET, task=repository, attachments=[])
    row = round_accept(intake=task_request.read(asked, secrets=[settings.SECRET], allow_private=True))
    Round.objects.filter(pk=row.id).update(
        step="deploy",
        state="waiting",
        owner=owner,
        repository=repository,
        commit_sha=commit,
        pages_url=pages_url,
        repo_url=pages_url,
        published_at=now,
        chosen_at=now,
    )
    attempt = Attempt.objects.create(round_id=row.id, run=1, kind="generate", started_at=now, seconds=0.1)
    SourceFile.objects.create(attempt=attempt, path="index.html", content=b"<p>", size=3, origin="model")
    Commit.objects.create(round_id=row.id, run=1, attempt=attempt, sha=commit, planned_at=now, pushed_at=now)
    Round.objects.filter(pk=row.id).update(chosen_attempt=attempt)


if __name__ == "__main__":
    main()
