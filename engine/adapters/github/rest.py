"""GitHub's REST API through PyGithub's requester: one request for each call, with failures as engine errors.

PyGithub's retry is off, because it repeats a create that succeeded and sleeps in the worker. Its throttle is off,
because it knows one process only. We call Pages by path: PyGithub has no methods for it
(https://github.com/PyGithub/PyGithub/issues/2037).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import requests
from github import Auth, Github, GithubException

from engine.adapters.github.errors import PERMISSIONS, refusal, unreachable
from engine.adapters.github.limits import limits_of, refused_by_limit, wait_of
from engine.adapters.github.write_pace import limit_reached

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.errors import EngineError
    from engine.ports import Clock, Quota

USER_AGENT = "llm-devops-engine"
SECONDS = 15  # without a byte, after which a request ends with an error


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """An answer: `data` is its JSON, None if it has none; `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    data: Any = field(repr=False)

    @property
    def message(self) -> str:
        """Return GitHub's message with those of its list of errors, or ""."""
        if not isinstance(self.data, dict):
            return ""
        errors = self.data.get("errors")
        parts = (
            [str(e.get("message", "")) if isinstance(e, dict) else str(e) for e in errors]
            if isinstance(errors, list)
            else []
        )
        return "; ".join(part for part in (str(self.data.get("message", "")), *parts) if part)


class GitHubRest:
    """One GitHub API with one token. Thread-safe, since PyGithub's connection pool is."""

    def __init__(self, *, token: str, api_url: str, quota: Quota, clock: Clock) -> None:
        self._requester = Github(
            auth=Auth.Token(token),
            base_url=api_url.rstrip("/"),
            timeout=SECONDS,
            user_agent=USER_AGENT,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
        ).requester
        self._quota = quota
        self._clock = clock

    def get(
        self, path: str, *, query: Mapping[str, str] | None = None, etag: str = "", doing: str = "read"
    ) -> RestAnswer:
        """GET; 304, 404 and other statuses about this path are answers. Raises Transient, OutOfService."""
        self._quota.check_limit()
        headers = {"If-None-Match": etag} if etag else {}
        return self.ask("GET", path, doing=doing, query=query, headers=headers)

    def write(self, method: str, path: str, body: Mapping[str, object] | None, *, doing: str, key: str) -> RestAnswer:
        """Send a write once, within the quota. Raises as `get` does.

        After another error than OutOfService or RateLimited, GitHub may have carried out the write.
        """
        self._quota.take_write(key)
        return self.ask(method, path, doing=doing, body=body)

    def ask(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> RestAnswer:
        """Send one request without asking the quota.

        Raises RateLimited, OutOfService (limits, 401, 403), Transient (no answer, 5xx).
        """
        assert doing in PERMISSIONS
        try:
            status, found, text = self._requester.requestJson(
                method, path, parameters=dict(query or {}), headers=dict(headers or {}), input=body
            )
        except (requests.RequestException, GithubException, OSError, RuntimeError, ValueError) as error:
            # Only the class is named: an exception's text may hold an address.
            raise unreachable(doing, type(error).__name__) from None
        answer = RestAnswer(status, {k.lower(): str(v) for k, v in found.items()}, _parsed(text))
        if limits := limits_of(answer.headers):
            self._quota.record_limits(limits)
        if refused_by_limit(status, answer.headers, answer.message):
            raise limited(self._quota, self._clock, answer.headers, answer.message)
        if status in {401, 403} or status >= 500:
            raise refusal(status, answer.message, doing=doing)
        return answer


def limited(quota: Quota, clock: Clock, headers: Mapping[str, str], text: str) -> EngineError:
    """Block requests after a refusal by a limit; return RateLimited for a short wait, else OutOfService."""
    now = clock.now()
    return limit_reached(quota.block_requests(wait_of(headers, now), text), text, now=now)


def _parsed(text: str) -> Any:
    try:
        return cast("object", json.loads(text)) if text else None
    except ValueError:
        return None
