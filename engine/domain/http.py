"""HTTP responses, and the meaning of their headers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response. `headers` have lower-case names; `truncated`: the body was longer than the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # after redirects
    truncated: bool = False


#: What a page may send to another origin without asking first. https://fetch.spec.whatwg.org/#cors-safelisted-method
_SAFE_METHODS = frozenset({"GET", "HEAD", "POST"})
_SAFE_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
#: Headers that are safe, or that the browser itself sets.
_SAFE_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "cache-control", "connection", "content-language",
        "content-length", "cookie", "dnt", "host", "if-modified-since", "if-none-match", "origin", "pragma", "priority",
        "range", "referer", "upgrade-insecure-requests", "user-agent",
    }
)  # fmt: skip


def cors_problem(headers: Mapping[str, str], origin: str) -> str:
    """Return why a browser keeps such an answer from a page of another `origin`, as a clause; "" if it does not.

    https://fetch.spec.whatwg.org/#http-cors-protocol
    """
    allowed = headers.get("access-control-allow-origin", "").strip()
    if allowed in {"*", origin}:
        return ""
    return f"it allows only {allowed[:100]}" if allowed else "it sends no Access-Control-Allow-Origin"


def preflight_headers(method: str, headers: Mapping[str, str]) -> list[str] | None:
    """Return the header names that a browser asks another origin about before this request; None if it need not ask."""
    names = [name.lower() for name in headers]
    unsafe = {name for name in names if name not in _SAFE_HEADERS and not name.startswith(("sec-", "proxy-"))}
    if headers.get("content-type", "text/plain").partition(";")[0].strip().lower() in _SAFE_TYPES:
        unsafe.discard("content-type")
    return sorted(unsafe) if unsafe or method not in _SAFE_METHODS else None


def preflight_problem(answer: Answer, origin: str, method: str, names: Collection[str]) -> str:
    """Return why the answer to a preflight forbids the request, as a clause; "" if it allows the request."""
    if not 200 <= answer.status < 300:
        return f"it answers OPTIONS with {answer.status}"
    if problem := cors_problem(answer.headers, origin):
        return problem
    methods, headers = (_listed(answer, f"access-control-allow-{what}") for what in ("methods", "headers"))
    if method not in _SAFE_METHODS and not {method.lower(), "*"} & methods:
        return f"it does not allow the method {method}"
    missing = [name for name in names if name not in headers and ("*" not in headers or name == "authorization")]
    return f"it does not allow the header {missing[0]}" if missing else ""


def _listed(answer: Answer, header: str) -> set[str]:
    return {one.strip().lower() for one in answer.headers.get(header, "").split(",")}


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds from `now` that `Retry-After` names (RFC 9110, 10.2.3); None if it names no time."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else _seconds_until(value, now)
    except (ValueError, TypeError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _seconds_until(date: str, now: datetime) -> float:
    moment = parsedate_to_datetime(date)
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
