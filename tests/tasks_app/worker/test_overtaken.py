"""A round whose commit was replaced by another round's before its page was live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.domain.repository import PagesBuild
from tasks_app.models import StepRun
from tests.driving import drive, driven
from tests.factories import make_round

if TYPE_CHECKING:
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db


def test_the_callback_is_sent_immediately_and_not_shortly_before_the_deadline(outside: Outside) -> None:
    first = make_round()
    outside.forge.looks.append(PagesBuild("building", None))
    drive(str(first.pk))
    first.refresh_from_db()
    assert (first.state, first.step) == ("waiting", "deploy")
    second = driven(make_round(round=2, brief="Make it blue."))
    assert second.live
    first = driven(first)
    assert (first.state, first.live, first.late) == ("completed", False, False)
    detail = StepRun.objects.get(round=first, step="deploy").detail
    assert detail == f"A later round's commit {second.commit_sha[:10]} was built before this one was seen live"
    told = [body for _, body, _ in outside.notifier.sent]
    assert [sha.encode() in body for sha, body in zip((second.commit_sha, first.commit_sha), told, strict=True)] == [
        True,
        True,
    ]
