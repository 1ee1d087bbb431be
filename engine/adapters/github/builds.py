"""Finds the state of one commit's Pages build in GitHub's list of builds (newest first).

https://docs.github.com/en/rest/pages/pages#list-github-pages-builds
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.domain.repository import PagesBuild

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WAITING = frozenset({"queued", "building"})


@dataclass(frozen=True, slots=True)
class Build:
    """One build: `id` is the last part of its address, `error` GitHub's message."""

    id: str
    status: str
    commit: str
    error: str


def builds_of(data: Any) -> list[Build]:
    """Return the builds in an answer, without entries that are no objects."""
    return [_build(each) for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def look_at(builds: Sequence[Build], sha: str, is_later: Callable[[str], bool]) -> PagesBuild:
    """Return the build of commit `sha`. `is_later(other)` says whether `other` replaced it, and may cost a request."""
    built = next((build for build in builds if build.status == "built"), None)
    newest = built.commit if built else None
    own = next((build for build in builds if build.commit == sha), None)
    if built and newest == sha:
        # GitHub still serves this build if a repeated one failed afterwards.
        return PagesBuild("built", newest, build=built.id)
    if own is None or (built and builds.index(built) < builds.index(own)):
        other = built or next(iter(builds), None)
        if other and other.commit and other.commit != sha and is_later(other.commit):
            return PagesBuild(
                "superseded", newest, f"a later commit {other.commit[:10]} is built in its place", other.id
            )
    if own is None:
        return PagesBuild("queued", newest, "GitHub has begun no build of it yet")
    if own.status in WAITING:
        return PagesBuild(own.status, newest, build=own.id)
    if own.status == "errored":
        return PagesBuild("errored", newest, own.error or "GitHub gave no reason", own.id)
    return PagesBuild("building", newest, f"GitHub calls its state {own.status[:40]!r}", own.id)


def _build(data: dict[str, Any]) -> Build:
    error = data.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    status = str(data.get("status") or "queued")
    return Build(
        id=str(data.get("url") or "").rstrip("/").rpartition("/")[2],
        status=status,
        commit=str(data.get("commit") or ""),
        error=" ".join(str(message or "").split())[:1000],
    )
