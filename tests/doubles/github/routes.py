"""Which function answers which REST call, by the path templates of GitHub's description."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from tests.doubles.github.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.doubles.github.state import State
    from tests.doubles.github.wire import Request

    Handler = Callable[[State, "Asked"], Answer]


class Refused(Exception):
    """GitHub says no, with a status and a body as its own."""

    def __init__(self, status: int, message: str, *errors: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.headers = status, message, list(errors), headers or {}

    def answer(self) -> Answer:
        body: dict[str, Any] = {"message": self.message, "documentation_url": "https://docs.github.com/rest"}
        if self.errors:
            body["errors"] = self.errors
        return said(self.status, body | {"status": str(self.status)}, **self.headers)


@dataclass(frozen=True)
class Asked:
    """A REST call: `values` of the template, `query`, and `data`, the body's JSON (an empty object without one)."""

    values: dict[str, str]
    query: dict[str, str]
    data: dict[str, Any]
    authenticated: bool

    def page(self, found: list[Any]) -> list[Any]:
        """Return the part of a list that was asked for."""
        size = min(int(self.query.get("per_page", 30)), 100)
        start = (int(self.query.get("page", 1)) - 1) * size
        return found[start : start + size]


@dataclass(frozen=True)
class Route:
    """`permission`: of a fine-grained token, without which the call is refused."""

    method: str
    template: str
    kind: str
    permission: str
    handler: Handler
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        greedy = ("path", "ref", "basehead")
        parts = re.split(r"\{(\w+)\}", self.template)
        pattern = "".join(
            re.escape(part) if at % 2 == 0 else f"(?P<{part}>{'.+' if part in greedy else '[^/]+'})"
            for at, part in enumerate(parts)
        )
        object.__setattr__(self, "pattern", re.compile(pattern))


ROUTES: list[Route] = []


def route(method: str, template: str, kind: str, permission: str = "") -> Callable[[Handler], Handler]:
    """Register the function that answers a call."""

    def register(handler: Handler) -> Handler:
        ROUTES.append(Route(method, template, kind, permission, handler))
        return handler

    return register


def find(method: str, target: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a call and the template's values, decoded."""
    for known in ROUTES:
        match = known.pattern.fullmatch(target) if known.method == method else None
        if match:
            return known, {name: unquote(value) for name, value in match.groupdict().items()}
    return None


def asked(request: Request, values: dict[str, str], *, authenticated: bool) -> Asked:
    """Read a call. Raises Refused(400) for a body that is no JSON object."""
    try:
        data = json.loads(request.body) if request.body.strip() else {}
    except ValueError:
        raise Refused(400, "Problems parsing JSON") from None
    if not isinstance(data, dict):
        raise Refused(400, "Body should be a JSON object")
    return Asked(values, dict(parse_qsl(request.query)), data, authenticated)


def said(status: int, body: Any, **headers: str) -> Answer:
    """Return an answer in JSON."""
    content = json.dumps(body, ensure_ascii=False).encode()
    return Answer(status, content, {"Content-Type": "application/json; charset=utf-8", **headers})
