"""Two rounds on GitHub: what is at HEAD and what is served is what was generated, by one commit and as few writes as
there can be."""

from __future__ import annotations

import base64
import io
import urllib.request
import zipfile
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from engine.adapters.github.write_pace import SPACING
from engine.domain.lifecycle import ENDED
from tasks_app.models import ForgeWrite, PagesStatus, Round

if TYPE_CHECKING:
    from tests.github.service import Service

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


def _xlsx() -> bytes:
    book = io.BytesIO()
    with zipfile.ZipFile(book, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types/>')
        parts.writestr("xl/workbook.xml", '<?xml version="1.0"?><workbook/>')
    return book.getvalue()


FILES = {
    "logo.png": PNG,
    "book.xlsx": _xlsx(),
    "data.csv": b"product,sales\r\nLamp,12.50\r\n",
    "notes.txt": b"one\r\ntwo\nthree\r\n",
    "empty.txt": b"",
    "large.bin": bytes(range(256)) * 8192,
    "about.md": b"# About\n\nAs *it* is.\n",
    "रिपोर्ट.csv": "नाम,मूल्य\nदीपक,3\n".encode(),
}


def attached() -> list[dict[str, str]]:
    return [
        {"name": name, "url": f"data:application/octet-stream;base64,{base64.b64encode(content).decode()}"}
        for name, content in FILES.items()
    ]


def served(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return answer.read()


@pytest.mark.processes
@pytest.mark.slow
def test_both_rounds_are_one_commit_each_and_what_is_served_is_what_was_sent(service: Service) -> None:
    double = service.double
    first = service.done(attachments=attached())
    assert (first.state, first.live, first.late, first.degraded) == ("completed", True, False, False), service.told
    assert (double.writes, double.pushes) == (2, 1)

    second = service.done(round="2", brief="Make it blue.", attachments=[])
    assert (second.state, second.live, second.late, second.degraded) == ("completed", True, False, False), service.told
    assert (double.writes, double.pushes) == (2, 2)

    assert double.repositories() == [f"{first.owner}/{first.repository}"]
    assert double.commits(first.owner, first.repository) == [second.commit_sha, first.commit_sha]
    assert (second.repo_url, second.pages_url) == (first.repo_url, first.pages_url)
    at_head = double.files(second.owner, second.repository)
    assert {name: at_head[name] for name in FILES} == FILES
    for name, content in FILES.items():
        assert served(second.pages_url + quote(name)) == content, name
    assert [told["commit_sha"] for told in service.callbacks()] == [first.commit_sha, second.commit_sha]


@pytest.mark.processes
@pytest.mark.slow
def test_no_address_is_opened_before_its_build_is_built(service: Service) -> None:
    row = service.done()
    looks = list(row.pages_statuses.values_list("build_status", "http_status", "live"))
    assert looks[-1] == ("built", 200, True)
    assert len(looks) > 1
    assert {(status, live) for build, status, live in looks if build != "built"} == {(None, False)}


@pytest.mark.processes
@pytest.mark.slow
def test_thirty_rounds_at_once_keep_the_pace_and_all_are_told_in_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)  # of whoever drives: the double waits by other means
    rows = [service.round(task=f"task-{number}") for number in range(30)]
    service.play(lambda: not Round.objects.exclude(state__in=ENDED).exists())
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.live, row.late, row.needs_attention) == ("completed", True, False, False)
    assert sum(slept) == 0  # the simulated model sleeps for no time at all
    double = service.double
    assert (double.writes, double.pushes, len(double.repositories())) == (60, 30, 30)
    went = sorted(ForgeWrite.objects.values_list("used_at", flat=True))
    assert len(went) == 60
    assert min(later - sooner for sooner, later in pairwise(went)) >= SPACING
    assert double.count("builds") <= 450 * (went[-1] - went[0]) / timedelta(minutes=1)
    assert len(service.callbacks()) == 30
    assert {told["commit_sha"] for told in service.callbacks()} == {row.commit_sha for row in rows}
    assert PagesStatus.objects.filter(live=True).count() == 30
