from __future__ import annotations

import pytest

from engine.adapters.browser.job import (
    Checked,
    CheckedInOrder,
    Computed,
    ComputeJob,
    Event,
    Failed,
    Job,
    Started,
    Viewed,
    event_line,
    parse_event,
    parse_job,
)
from engine.domain.browser_report import Fill, PageAction, PageTest

JOB = Job(
    url="https://someone.github.io/repo/",
    files={"index.html": b"<p>", "data.bin": bytes(range(256))},
    expressions=("1 < 2", "'ü'"),
    executable="/usr/bin/chromium",
    sandbox=True,
    window=10.0,
    seconds=30.0,
    allowed_origins=("http://127.0.0.1:8000",),
    in_order=(0, 1),
    tests=(
        PageTest((PageAction("fill", "#a", "ü"), PageAction("reload")), "true"),
        PageTest((), "false"),
    ),
)


@pytest.mark.parametrize("files", [JOB.files, {}, None])
def test_a_job_is_read_as_it_was_written(files: dict[str, bytes] | None) -> None:
    job = Job(**{**{name: getattr(JOB, name) for name in JOB.__slots__}, "files": files})
    assert job.line().count(b"\n") == 1
    assert parse_job(job.line()) == job


def test_a_computations_job_is_read_as_it_was_written() -> None:
    job = ComputeJob(
        "async function build() {}", {"a.csv": "ü\n".encode(), "b": b"\0"}, "/usr/bin/chromium", True, 20.0
    )
    assert job.line().count(b"\n") == 1
    assert parse_job(job.line()) == job


@pytest.mark.parametrize(
    "event",
    [
        Checked(3, False, "pass", "true (boolean)", {"a": [1, None]}, 12),
        CheckedInOrder((True, None, False)),
        Viewed(1280, True, b"\xff\xd8", ("a",), ("b",), ("c",), {"cdn.example": ("marked@4",)}),
        Started("156.0"),
        Failed("no sandbox"),
        Computed({"a.bin": b"\0\xff"}, {"max": Fill("1.5", "1.5"), "rows": Fill("[]")}),
        Computed(error="tools/build.js:3: TypeError: no"),
    ],
)
def test_an_event_is_read_as_it_was_written(event: Event) -> None:
    assert parse_event(event_line(event)) == event


def test_text_that_no_database_keeps_is_replaced() -> None:
    event = parse_event(event_line(Checked(0, False, "fail", "a\0\ud800", {"\0": ["\udfff"]})))
    assert event == Checked(0, False, "fail", "a\ufffd?", {"\ufffd": ["?"]})


@pytest.mark.parametrize(
    "line", [b"", b"warning: something", b"[]", b"{}", b'{"kind": "Checked"}', b'{"kind": "Other"}', b"1"]
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        parse_event(line)
