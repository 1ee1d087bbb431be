"""A rehearsal's results as CSV, JSON and an SQLite database, each as pieces of a few kilobytes.

The order is by submission, task, round and number, so two exports of the same rows are the same bytes. No export holds
a secret, the body of a call to /rehearsal/notify (anybody may have sent anything in it), or a screenshot.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch

from tasks_app.models import IssuedTask, NotifyCall, RehearsalResult, Submission
from tasks_app.rehearsal.judging.contracts import is_failing
from tasks_app.rehearsal.results.report import callback_seconds, mean, published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from tasks_app.models import Rehearsal

    Export = Callable[[Rehearsal], Iterator[bytes]]

#: Submissions that are in memory at a time.
_BATCH = 10
_PIECE = 65_536

#: A spreadsheet takes a cell that begins so for a formula. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

CSV_COLUMNS = (
    "submission", "template", "task", "round", "number", "kind", "check", "score", "failing", "reason", "log",
    "endpoint", "sent_at", "accepted_at", "status_code", "tries", "error", "callback_at", "callback_seconds", "late",
    "repo_url", "commit_sha", "pages_url",
)  # fmt: skip

#: Fields of a request that an export holds.
_SENT = ("brief", "checks", "attachments", "evaluation_url")

_SCHEMA = """
CREATE TABLE submissions (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL, endpoint TEXT NOT NULL, repository TEXT NOT NULL, score REAL
);
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY, submission_id INTEGER NOT NULL REFERENCES submissions, email TEXT NOT NULL,
    template TEXT NOT NULL, task TEXT NOT NULL, round INTEGER NOT NULL, nonce TEXT NOT NULL, seed TEXT NOT NULL,
    brief TEXT, checks TEXT, attachments TEXT, evaluation_url TEXT, criteria TEXT,
    state TEXT NOT NULL, tries INTEGER NOT NULL, sent_at TEXT, accepted_at TEXT, status_code INTEGER, error TEXT,
    callback_at TEXT, callback_seconds REAL, late INTEGER NOT NULL, repo_url TEXT, commit_sha TEXT, pages_url TEXT,
    judged_at TEXT, score REAL
);
CREATE TABLE notify_calls (
    id INTEGER PRIMARY KEY, task_id INTEGER NOT NULL REFERENCES tasks, at TEXT NOT NULL,
    status_code INTEGER NOT NULL, reason TEXT NOT NULL
);
CREATE TABLE results (
    id INTEGER PRIMARY KEY, task_id INTEGER NOT NULL REFERENCES tasks, number INTEGER NOT NULL, kind TEXT NOT NULL,
    "check" TEXT NOT NULL, score REAL, failing INTEGER NOT NULL, reason TEXT NOT NULL, log TEXT NOT NULL
);
"""


def as_csv(rehearsal: Rehearsal) -> Iterator[bytes]:
    """Yield CSV in UTF-8, one row a result. A cell that a spreadsheet would run gets a `'` in front."""
    yield _csv_lines([CSV_COLUMNS])
    for submission in _submissions(rehearsal):
        yield _csv_lines(_csv_rows(submission))


def _csv_rows(submission: Submission) -> Iterator[list[object]]:
    whose = {"submission": submission.email, "endpoint": submission.endpoint}
    for issued in submission.issued.all():
        of_round = whose | _issued_columns(issued)
        for result in issued.results.all():
            cells = of_round | _result_columns(result)
            yield [cells[name] for name in CSV_COLUMNS]


def as_json(rehearsal: Rehearsal) -> Iterator[bytes]:
    """Yield one JSON object: the rehearsal, and its `submissions` with `tasks`, each with `results` and `calls`."""
    head = json.dumps(_rehearsal_columns(rehearsal), indent=1, ensure_ascii=False).removesuffix("\n}")
    yield f'{head},\n "submissions": ['.encode()
    comma = ""
    for submission in _submissions(rehearsal):
        text = json.dumps(_submission_json(submission), ensure_ascii=False)
        yield f"{comma}\n  {text}".encode()
        comma = ","
    yield b"\n ]\n}\n"


def as_sqlite(rehearsal: Rehearsal) -> Iterator[bytes]:
    """Yield an SQLite database with the tables submissions, tasks, notify_calls and results."""
    with TemporaryDirectory(prefix="rehearsal-") as folder:
        path = Path(folder) / "rehearsal.sqlite3"
        database = sqlite3.connect(path, isolation_level=None)
        try:
            database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; {_SCHEMA}")
            for submission in _submissions(rehearsal):
                _store(database, submission)
            database.execute("COMMIT")
        finally:
            database.close()
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def _submissions(rehearsal: Rehearsal) -> Iterator[Submission]:
    """Yield the submissions with all their rows, a batch at a time."""
    return (
        rehearsal.submissions.defer("secret")
        .order_by("pk")
        .prefetch_related(
            Prefetch("issued", IssuedTask.objects.order_by("task", "round")),
            Prefetch("issued__results", RehearsalResult.objects.defer("screenshot").order_by("number")),
            Prefetch("issued__calls", NotifyCall.objects.defer("body", "client").order_by("at", "pk")),
        )
        .iterator(chunk_size=_BATCH)
    )


def _rehearsal_columns(row: Rehearsal) -> dict[str, Any]:
    return {
        "name": row.name, "created_at": _moment(row.created_at), "ended_at": _moment(row.ended_at),
        "tasks": row.tasks, "rounds": row.rounds, "deadline_seconds": row.deadline_seconds, "pace": row.pace,
    }  # fmt: skip


def _issued_columns(row: IssuedTask) -> dict[str, Any]:
    return {
        "template": row.template, "task": row.task, "round": row.round, "nonce": row.nonce, "seed": row.seed,
        "state": row.state, "tries": row.tries, "sent_at": _moment(row.sent_at),
        "accepted_at": _moment(row.accepted_at), "status_code": row.status_code, "error": row.error,
        "callback_at": _moment(row.callback_at), "callback_seconds": callback_seconds(row), "late": row.late,
        **published(row.callback), "judged_at": _moment(row.judged_at),
    }  # fmt: skip


def _sent_columns(row: IssuedTask) -> dict[str, Any]:
    return {**{name: row.request.get(name) for name in _SENT}, "criteria": row.criteria}


def _result_columns(row: RehearsalResult) -> dict[str, Any]:
    return {
        "number": row.number, "kind": row.kind, "check": row.check_text, "score": row.score,
        "failing": is_failing(row.kind, row.score), "reason": row.reason, "log": row.log,
    }  # fmt: skip


def _call_columns(row: NotifyCall) -> dict[str, Any]:
    return {"at": _moment(row.at), "status_code": row.status_code, "reason": row.reason}


def _submission_columns(row: Submission) -> dict[str, Any]:
    score = mean(_score(issued) for issued in row.issued.all())
    return {"email": row.email, "endpoint": row.endpoint, "repository": row.repository, "score": score}


def _score(issued: IssuedTask) -> float | None:
    return mean(result.score for result in issued.results.all())


def _submission_json(row: Submission) -> dict[str, Any]:
    return {**_submission_columns(row), "tasks": [_issued_json(issued) for issued in row.issued.all()]}


def _issued_json(row: IssuedTask) -> dict[str, Any]:
    return {
        **_issued_columns(row),
        **_sent_columns(row),
        "score": _score(row),
        "calls": [_call_columns(call) for call in row.calls.all()],
        "results": [_result_columns(result) for result in row.results.all()],
    }


def _store(database: sqlite3.Connection, row: Submission) -> None:
    _insert(database, "submissions", {"id": row.pk, **_submission_columns(row)})
    for issued in row.issued.all():
        sent = {
            name: value if isinstance(value, str | None) else json.dumps(value, ensure_ascii=False)
            for name, value in _sent_columns(issued).items()
        }
        head = {"id": issued.pk, "submission_id": row.pk, "email": row.email, "score": _score(issued)}
        _insert(database, "tasks", {**head, **_issued_columns(issued), **sent})
        for call in issued.calls.all():
            _insert(database, "notify_calls", {"id": call.pk, "task_id": issued.pk, **_call_columns(call)})
        for result in issued.results.all():
            _insert(database, "results", {"id": result.pk, "task_id": issued.pk, **_result_columns(result)})


def _insert(database: sqlite3.Connection, table: str, columns: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" for _ in columns)
    query = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 -- names of our own tables and columns
    database.execute(query, list(columns.values()))


def _csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines).writerows([_cell(cell) for cell in row] for row in rows)
    return lines.getvalue().encode()


def _cell(value: object) -> object:
    match value:
        case str() if value.startswith(_FORMULA):
            return f"'{value}"
        case bool():
            return "yes" if value else "no"
        case _:
            return value


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
