"""A minimal FastAPI app that stores the same row, as durably, in SQLite.

`uvicorn benchmarks.peers.fastapi_app:app`; PEER_DATABASE names the file.

The file holds the service's own table; the row is what a first round begins with. No warnings, no replays, no
conflicts, no throttle.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

DATABASE, SECRET = os.environ["PEER_DATABASE"], os.environ["PEER_SECRET"]
app = FastAPI()
_thread = threading.local()


class Task(BaseModel):
    """A request."""

    email: str
    secret: str
    task: str
    round: int
    nonce: str
    brief: str
    checks: list[str]
    evaluation_url: str
    attachments: list[dict[str, str]] = []


def _connection() -> sqlite3.Connection:
    if not hasattr(_thread, "connection"):
        _thread.connection = sqlite3.connect(DATABASE, timeout=20, isolation_level=None)
        _thread.connection.execute("PRAGMA journal_mode=WAL")
        _thread.connection.execute("PRAGMA synchronous=FULL")
    return _thread.connection


def _sha256(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@app.post("/handle_task")
def handle_task(task: Task) -> dict[str, Any]:
    """Store the row and answer."""
    if not hmac.compare_digest(task.secret.encode(), SECRET.encode()):
        raise HTTPException(401)
    request, now, identity = task.model_dump(exclude={"secret"}), datetime.now(UTC), uuid.uuid4()
    row = {
        "id": identity.hex,
        "key": _sha256(task.email, task.task, task.round, task.nonce),
        "task_key": _sha256(task.email, task.task),
        "email": task.email,
        "task_name": task.task,
        "number": task.round,
        "nonce": task.nonce,
        "brief": task.brief,
        "checks": json.dumps(task.checks),
        "evaluation_url": task.evaluation_url,
        "request": json.dumps(request),
        "digest": _sha256(request),
        "warnings": "[]",
        "state": "queued",
        "step": "generate",
        "run": 1,
        "created_at": now,
        "started_at": now,
        "deadline_at": now + timedelta(seconds=600),
        "next_at": now,
        "share_ends_at": now + timedelta(seconds=216),
        "lease_owner": "",
        "crashes": 0,
        "failures": 0,
        "waiting_on": "",
        "decision": "",
        "decision_reason": "",
        "owner": "",
        "repository": "",
        "repo_url": "",
        "pages_url": "",
        "pages_source": "branch",
        "base_sha": "",
        "commit_sha": "",
        "simulated": 0,
        "degraded": 0,
        "live": 0,
        "late": 0,
        "needs_attention": 0,
        "error_code": "",
        "error_message": "",
        "request_id": "",
    }
    values = [one.isoformat(" ") if isinstance(one, datetime) else one for one in row.values()]
    sql = f"INSERT INTO tasks_app_round ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608
    _connection().execute(sql, values)
    return {"status": "accepted", "id": str(identity), "warnings": []}
