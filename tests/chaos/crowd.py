"""Rounds that wait on Pages, put into a service's rows: `python -m tests.chaos.crowd < lines`, with the service's environment.

Each line is "owner repository commit pages-url". They were posted and published just now, and are looked for at once.
"""

from __future__ import annotations

import os
import sys

import django


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

    from engine.core import intake
    from tasks_app.models import Attempt, Round, SourceFile
    from tasks_app.services.intake import round_accept
    from tests.factories import make_payload

    now = timezone.now()
    asked = make_payload(secret=settings.SECRET, task=repository, attachments=[])
    row = round_accept(intake=intake.read(asked, secret=settings.SECRET, allow_private=True))
    Round.objects.filter(pk=row.id).update(
        step="deploy", state="waiting", owner=owner, repository=repository, commit_sha=commit, pages_url=pages_url,
        repo_url=pages_url, published_at=now, chosen_at=now,
    )  # fmt: skip
    attempt = Attempt.objects.create(round_id=row.id, run=1, kind="generate", started_at=now, seconds=0.1)
    SourceFile.objects.create(attempt=attempt, path="index.html", content=b"<p>", size=3, origin="model")
    Round.objects.filter(pk=row.id).update(chosen_attempt=attempt)


if __name__ == "__main__":
    main()
