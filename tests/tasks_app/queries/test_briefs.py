"""What a round's rows say of its attachments."""

from __future__ import annotations

import pytest

from engine.domain.brief import MissingFile
from tasks_app.models import Round
from tasks_app.queries import briefs
from tests.factories import make_payload
from tests.posting import post

pytestmark = pytest.mark.django_db


def test_an_attachment_that_cannot_be_decoded_is_missing_and_not_fetched() -> None:
    files = [
        {"name": "cut.csv", "url": "data:text/csv;base64,YSxiC"},
        {"name": "far.csv", "url": "https://data.test/far.csv"},
        {"name": "good.csv", "url": "data:text/csv;base64,YSxiCjEsMgo"},
    ]
    answer = post(make_payload(attachments=files)).json()
    row = Round.objects.get(pk=answer["id"])
    why = "The data URI says base64, but what follows is not base64: 5 characters are one too many or some too few"
    (lost,) = briefs.unreadable(row)
    assert lost == MissingFile("cut.csv", f"{why}, so it may be cut off.")
    assert briefs.missing(row) == (lost,)
    assert briefs.unfetched(row) == (("far.csv", "https://data.test/far.csv"),)
    assert f"attachment 1 (cut.csv) is not used: {why}, so it may be cut off." in answer["warnings"]
    assert "attachment 3 (good.csv): in its base64 the padding was put right" in answer["warnings"]
