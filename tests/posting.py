"""Posts tasks as an evaluator would, and knows a refusal when it sees one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.test import Client

if TYPE_CHECKING:
    from django.http import HttpResponse

PROBLEM = "application/problem+json"


def post(payload: object, **extra: object) -> HttpResponse:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    kind = {"content_type": "application/json"} | extra
    return Client(raise_request_exception=False).post(kind.pop("path", "/handle_task"), body, **kind)


def is_problem(response: HttpResponse, status: int) -> dict[str, object]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == PROBLEM
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    return problem
