"""The console on removed rows."""

from __future__ import annotations

import pytest
from django.utils import timezone

from tests.tasks_app.conftest import person
from tests.tasks_app.operations.retention.past import ended, prune

pytestmark = pytest.mark.django_db


def test_the_console_says_that_something_was_removed_and_when() -> None:
    row = ended(25)
    prune()
    viewer = person("vera", "view_")
    attempt = row.attempts.exclude(pk=row.chosen_attempt_id).get()
    pages = [
        f"/admin/tasks_app/round/{row.pk}/change/",
        f"/admin/tasks_app/attempt/{attempt.pk}/change/",
        f"/admin/tasks_app/sourcefile/{attempt.files.get().pk}/change/",
        f"/admin/tasks_app/checkresult/{attempt.check_results.get(kind='page_load').pk}/change/",
    ]
    for page, kept in zip(pages, (10, 20, 20, 10), strict=True):
        text = viewer.get(page).content.decode()
        assert f"; such things are kept for {kept} days" in text, page
        assert f"{timezone.now():%Y-%m-%d}" in text.partition("removed <time")[2][:80], page
