"""What a round left behind: commits in the local forge's bare repositories or on the double of GitHub, callbacks at the
evaluator."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from dulwich.repo import Repo

if TYPE_CHECKING:
    from pathlib import Path

    from dulwich.objects import Commit

    from tests.doubles.github.double import GitHubDouble
    from tests.doubles.http_server import Asked


def commits(data: Path) -> dict[str, list[tuple[str, str]]]:
    """Return (sha, id of the round) of every commit in every repository, newest first."""
    found = {}
    for path in sorted((data / "forge/local").glob("*.git")):
        with Repo(str(path)) as repo:
            walked = [entry.commit for entry in repo.get_walker([repo.refs[b"refs/heads/main"]])]
        found[path.name.removesuffix(".git")] = list(map(_told, walked))
    return found


def commits_on(double: GitHubDouble) -> dict[str, list[tuple[str, str]]]:
    """Return the same of every repository on the double."""
    with double.state.lock:
        return {
            repository.name: list(map(_told, repository.history(repository.main)))
            for repository in double.state.repositories.values()
        }


def callbacks(asked: list[Asked]) -> dict[str, list[tuple[str, bytes]]]:
    """Return (webhook-id, body) of every callback by nonce, in their order; of one that was cut on its way nobody
    heard."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    for request in list(asked):
        if len(request.body) < int(request.headers.get("content-length", 0)):
            continue
        told: dict[str, Any] = json.loads(request.body)
        found.setdefault(told["nonce"], []).append((request.headers["webhook-id"], request.body))
    return found


def _told(commit: Commit) -> tuple[str, str]:
    return commit.id.decode(), _round_id(commit.message.decode())


def _round_id(message: str) -> str:
    match = re.search(r"^Round-Id: (\S+)$", message, re.MULTILINE)
    assert match, message
    return match[1]
