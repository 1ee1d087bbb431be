"""Requests as they are read: one that is usable, and what reading makes of others."""

from __future__ import annotations

import json

import pytest

from engine.inputs.task_request import Intake, UnusableError, read

SECRET = "s3cret-of-the-intake"
PAYLOAD: dict[str, object] = {
    "email": "student@example.com",
    "secret": SECRET,
    "task": "sum-of-sales",
    "round": 1,
    "nonce": "ab12",
    "brief": "Show the sum of data.csv.",
    "checks": ["Repo has MIT license"],
    "evaluation_url": "https://evaluator.example/notify",
    "attachments": [],
}


def shown(value: object) -> str:
    """Name a case by its value, so that 2 and "2" are two cases."""
    return ascii(value)[:40]


def taken(**over: object) -> Intake:
    return read(PAYLOAD | over, secrets=[SECRET], allow_private=False)


def refused(payload: dict[str, object], *, allow_private: bool = False) -> dict[str, list[str]]:
    with pytest.raises(UnusableError) as caught:
        read(payload, secrets=[SECRET], allow_private=allow_private)
    return dict(caught.value.errors)


def stored(usable: Intake) -> str:
    """Return everything that goes into rows, as the database would have to keep it."""
    rows = [usable.email, usable.task, usable.nonce, usable.brief, usable.checks, usable.evaluation_url, usable.request]
    files = [[f.name, f.media_type, f.url] for f in usable.attachments]
    text = json.dumps([*rows, usable.warnings, files], ensure_ascii=False, allow_nan=False)
    assert "\x00" not in text
    assert "\\u0000" not in text
    text.encode("utf-8")
    return text
