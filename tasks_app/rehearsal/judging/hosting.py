"""What GitHub says of a repository through its API. Other hosts are judged by a clone alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from engine.adapters.github.limits import refused_by_limit, wait_of
from engine.domain.addresses import parse_url
from engine.errors import EngineError, Permanent
from tasks_app.rehearsal.judging.observed import NotLookedAt

if TYPE_CHECKING:
    from engine.adapters.http.guard import GuardedHttp
    from engine.domain.http import Answer

PUBLIC_API = "https://api.github.com"
#: Owner and name. `..` would lead to another address of the API, to which the token is sent.
_NAME = re.compile(r"[A-Za-z0-9_-]+/(?!\.{1,2}$)[A-Za-z0-9._-]+")
_SECONDS = 20.0
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class GitHubAccess:
    """Which GitHub is asked: its API's address, and a token for it or ""."""

    api_url: str = PUBLIC_API
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HostedRepository:
    """A repository as GitHub's API shows it; `size` is in kilobytes."""

    name: str
    private: bool
    archived: bool
    created_at: datetime | None
    size: int


@dataclass(frozen=True, slots=True)
class GitHubPlace:
    api: str
    name: str  # owner/name
    token: str = field(repr=False)


def place_of(repo_url: str, access: GitHubAccess) -> GitHubPlace | None:
    """Return where GitHub's API knows a repository; None if the address is not one of GitHub's."""
    try:
        origin = parse_url(repo_url).origin
    except ValueError:
        return None
    name = urlsplit(repo_url).path.strip("/").removesuffix(".git")
    if not _NAME.fullmatch(name):
        return None
    api = access.api_url.rstrip("/")
    if origin == _web_origin(api):
        return GitHubPlace(api, name, access.token)
    return GitHubPlace(PUBLIC_API, name, "") if origin == _web_origin(PUBLIC_API) else None


def is_github_host(url: str, access: GitHubAccess) -> bool:
    """Say whether an address, also one of Pages, is served by GitHub and not by the submission."""
    try:
        target = parse_url(url)
    except ValueError:
        return False
    hosts = (_web_origin(PUBLIC_API), _web_origin(access.api_url.rstrip("/")))
    return target.origin in hosts or target.host.endswith(".github.io")


def look_up(place: GitHubPlace, http: GuardedHttp) -> HostedRepository:
    """Ask the API, with the token if there is one. Raises NotLookedAt; its score is None if the API does not say."""
    answer = _asked(place, http, place.token)
    if answer.status == 401 and place.token:
        answer = _asked(place, http, "")
    data = _json(answer)
    if refused_by_limit(answer.status, answer.headers, str(data.get("message", ""))):
        now = datetime.now(UTC)
        wait = wait_of(answer.headers, now)
        until = f" until {now + timedelta(seconds=wait):%Y-%m-%d %H:%M:%S} UTC" if wait else ""
        raise NotLookedAt(None, f"GitHub's rate limit is reached{until}")
    if answer.status in {404, 410, 451}:
        sentence = f"GitHub knows no public repository {place.name} ({answer.status})"
        raise NotLookedAt(0.0, f"{sentence}: it is private, was deleted or never existed")
    if answer.status != 200 or not data:
        raise NotLookedAt(None, f"GitHub's API answers {answer.status}")
    return HostedRepository(
        name=str(data.get("full_name") or place.name),
        private=bool(data.get("private")),
        archived=bool(data.get("archived")),
        created_at=_time(data.get("created_at")),
        size=size if isinstance(size := data.get("size"), int) else 0,
    )


def _asked(place: GitHubPlace, http: GuardedHttp, token: str) -> Answer:
    headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    url = f"{place.api}/repos/{place.name}"
    try:
        return http.request("GET", url, headers=headers, seconds=_SECONDS, max_bytes=_LARGEST, redirects="get")
    except EngineError as error:
        blamed = 0.0 if isinstance(error, Permanent) and error.code == "bad_request" else None
        raise NotLookedAt(blamed, f"GitHub's API could not be asked: {error.message}") from None


def _json(answer: Answer) -> dict[str, Any]:
    try:
        data = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _web_origin(api: str) -> str:
    """Return where people see the repositories of an API: of `https://HOST/api/v3` it is HOST."""
    try:
        return "https://github.com" if api == PUBLIC_API else parse_url(api).origin
    except ValueError:
        return ""


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None
