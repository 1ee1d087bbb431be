"""The exports, read back."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks_app.models import NotifyCall, RehearsalResult, Submission
from tasks_app.rehearsal.results.exports import CSV_COLUMNS, as_csv, as_json, as_sqlite
from tests.rehearsals import BEGUN, ENCRYPTED, make_class, make_issued, make_rehearsal, make_submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from tasks_app.models import Rehearsal

pytestmark = pytest.mark.django_db

IN_CLEAR = "the-secret-that-an-endpoint-sends-back"
PICTURE = b"\xff\xd8\xff-a-picture"
EVERY_EXPORT = pytest.mark.parametrize("export", [as_csv, as_json, as_sqlite])


@pytest.fixture
def rehearsal() -> Rehearsal:
    row = make_rehearsal(ended_at=BEGUN)
    ada, bob = make_submission(row), make_submission(row, "=bob@example.com", repository="https://github.example/bob")
    first = make_issued(ada, scores=(1, 0.5, None))
    make_issued(ada, number=2, scores=(0,), callback={"repo_url": 7, "secret": IN_CLEAR, "commit_sha": 9})
    make_issued(bob, scores=(1,), after=None, accepted_at=None, status_code=500, error="-1 is no answer")
    NotifyCall.objects.create(
        at=BEGUN, issued=first, status_code=400, reason="another nonce", body=IN_CLEAR, client="192.0.2.7"
    )
    NotifyCall.objects.create(at=BEGUN, status_code=400, reason="nobody's", body=IN_CLEAR)
    RehearsalResult.objects.filter(issued=first, number=2).update(
        check_text='=cmd|" /C calc"!A0', reason="line\r\nbreak, ü", screenshot=PICTURE
    )
    other = make_rehearsal("another")
    make_issued(make_submission(other, "eve@example.com"), template="other", scores=(1,))
    return row


def rows_of(exported: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(exported.decode(), newline="")))


def tables(exported: bytes, folder: Path) -> dict[str, list[dict[str, Any]]]:
    (folder / "exported.sqlite3").write_bytes(exported)
    with closing(sqlite3.connect(folder / "exported.sqlite3")) as database:
        database.row_factory = sqlite3.Row
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        names = [
            row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        return {name: [dict(row) for row in database.execute(f"SELECT * FROM {name} ORDER BY id")] for name in names}  # noqa: S608 -- our own tables


def test_csv_has_a_row_for_each_result(rehearsal: Rehearsal) -> None:
    rows = rows_of(b"".join(as_csv(rehearsal)))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert [(row["round"], row["number"], row["score"]) for row in rows] == [
        ("1", "1", "1.0"), ("1", "2", "0.5"), ("1", "3", ""), ("2", "1", "0.0"), ("1", "1", "1.0"),
    ]  # fmt: skip
    assert rows[1]["reason"] == "line\r\nbreak, ü"
    assert rows[1]["log"] == "log of 2"
    assert [row["failing"] for row in rows] == ["no", "yes", "no", "yes", "no"]
    assert (rows[0]["callback_seconds"], rows[0]["late"]) == ("42.0", "no")
    assert rows[0]["commit_sha"] == f"{1:040x}"
    assert (rows[3]["repo_url"], rows[3]["commit_sha"]) == ("", "")


def test_csv_holds_no_formula(rehearsal: Rehearsal) -> None:
    rows = rows_of(b"".join(as_csv(rehearsal)))
    assert rows[1]["check"] == '\'=cmd|" /C calc"!A0'
    assert rows[4]["submission"] == "'=bob@example.com"
    assert rows[4]["error"] == "'-1 is no answer"
    assert not [
        cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    ]


def test_json_holds_the_whole_of_it(rehearsal: Rehearsal) -> None:
    read = json.loads(b"".join(as_json(rehearsal)))
    assert (read["name"], read["rounds"]) == ("autumn", 2)
    ada, bob = read["submissions"]
    assert (ada["email"], ada["score"]) == ("ada@example.com", 0.375)
    assert [(task["round"], task["score"]) for task in ada["tasks"]] == [(1, 0.75), (2, 0)]
    first = ada["tasks"][0]
    assert first["brief"] == "Sum the sales."
    assert first["calls"] == [{"at": "2026-11-30T09:00:00+00:00", "status_code": 400, "reason": "another nonce"}]
    assert [one["score"] for one in first["results"]] == [1, 0.5, None]
    assert first["results"][1]["reason"] == "line\r\nbreak, ü"
    assert bob["repository"] == "https://github.example/bob"


def test_json_of_nothing_is_json() -> None:
    assert json.loads(b"".join(as_json(make_rehearsal())))["submissions"] == []


def test_sqlite_holds_the_whole_of_it(rehearsal: Rehearsal, tmp_path: Path) -> None:
    read = tables(b"".join(as_sqlite(rehearsal)), tmp_path)
    assert list(read) == ["notify_calls", "results", "submissions", "tasks"]
    assert [(row["email"], row["score"]) for row in read["submissions"]] == [
        ("ada@example.com", 0.375), ("=bob@example.com", 1),
    ]  # fmt: skip
    assert [(row["email"], row["round"], row["score"]) for row in read["tasks"]] == [
        ("ada@example.com", 1, 0.75), ("ada@example.com", 2, 0), ("=bob@example.com", 1, 1),
    ]  # fmt: skip
    assert read["tasks"][0]["callback_seconds"] == 42
    assert json.loads(read["tasks"][0]["checks"]) == ["Repo has MIT license"]
    assert [row["check"] for row in read["results"]][1] == '=cmd|" /C calc"!A0'
    assert [row["score"] for row in read["results"]] == [1, 0.5, None, 0, 1]
    assert [row["failing"] for row in read["results"]] == [0, 1, 0, 1, 0]
    assert [row["reason"] for row in read["notify_calls"]] == ["another nonce"]
    assert {name for rows in read.values() for row in rows for name in row} & {"secret", "body", "client"} == set()


@EVERY_EXPORT
def test_no_export_holds_a_secret_or_a_picture(
    export: Callable[[Rehearsal], Iterator[bytes]], rehearsal: Rehearsal
) -> None:
    exported = b"".join(export(rehearsal))
    assert Submission.objects.filter(secret=ENCRYPTED).count() == 3
    for held in (ENCRYPTED.encode(), IN_CLEAR.encode(), PICTURE, b"192.0.2.7", b"eve@example.com"):
        assert held not in exported


@EVERY_EXPORT
def test_the_same_rows_are_the_same_bytes(export: Callable[[Rehearsal], Iterator[bytes]], rehearsal: Rehearsal) -> None:
    assert b"".join(export(rehearsal)) == b"".join(export(rehearsal))


@EVERY_EXPORT
def test_an_export_reads_batches_and_comes_in_pieces(export: Callable[[Rehearsal], Iterator[bytes]]) -> None:
    row = make_class("class", 25)
    with CaptureQueriesContext(connection) as queries:
        pieces = list(export(row))
    assert len(pieces) > 3
    assert len(queries) == 1 + 3 * 3, "the submissions, and for each ten of them tasks, results and calls"
    asked = " ".join(one["sql"] for one in queries)
    for column in ("secret", "screenshot", "body"):
        assert f'."{column}"' not in asked
