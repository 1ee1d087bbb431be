"""Repositories at GitHub, by the double of its API."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tasks_app.rehearsal.judging import hosting
from tasks_app.rehearsal.judging.hosting import GitHubAccess, is_github_host, place_of
from tests.tasks_app.rehearsal.judging.test_repositories import LICENCE, NEW, PUBLIC
from tests.tasks_app.rehearsal.judging.world import FILES, tools_for

if TYPE_CHECKING:
    from tasks_app.rehearsal.judging.contracts import Result
    from tests.doubles.github.double import GitHubDouble
    from tests.tasks_app.rehearsal.judging.world import World


def made(double: GitHubDouble) -> tuple[str, str]:
    """Make a repository; return its address and its commit."""
    with double.state.lock:
        repository = double.state.create(double.state.accounts[double.login.lower()], "sums-1a2b3", "Sums")
        sha = double.state.write(repository, FILES, "Publish\n")
    return f"{double.url}/{double.login}/sums-1a2b3", sha


def judged(world: World, double: GitHubDouble, *, token: bool = True, **changes: Any) -> dict[str, Result]:
    url, sha = changes.pop("at")
    access = GitHubAccess(double.url, double.token if token else "")
    sent = changes.pop("sent_at", datetime.now(UTC) - timedelta(minutes=1))
    callback = world.callback(repo_url=url, commit_sha=sha)
    return world.judged(tools=tools_for(github=access), callback=callback, sent_at=sent, **changes)


@pytest.mark.parametrize("token", [True, False])
def test_a_public_new_repository(world: World, github_double: GitHubDouble, *, token: bool) -> None:
    results = judged(world, github_double, at=made(github_double), token=token)
    assert results[PUBLIC].reason.startswith("GitHub says that Octo-Builder/sums-1a2b3 is public")
    assert (results[PUBLIC].score, results[NEW].score, results[LICENCE].score) == (1.0, 1.0, 1.0)
    assert [call.authorized for call in github_double.calls if call.kind == "repository"] == [token]
    assert not any(call.authorized for call in github_double.calls if call.kind.startswith("fetch"))


def test_created_before_the_request(world: World, github_double: GitHubDouble) -> None:
    later = datetime.now(UTC) + timedelta(hours=2)
    found = judged(world, github_double, at=made(github_double), sent_at=later)[NEW]
    assert found.score == 0.0
    assert found.reason.startswith("GitHub says that it was created at ")


def test_a_private_repository(world: World, github_double: GitHubDouble) -> None:
    at = made(github_double)
    with github_double.state.lock:
        github_double.state.get(github_double.login, "sums-1a2b3").private = True
    found = judged(world, github_double, at=at)[PUBLIC]
    assert (found.score, found.reason) == (0.0, "GitHub says that Octo-Builder/sums-1a2b3 is private")


def test_a_deleted_repository(world: World, github_double: GitHubDouble) -> None:
    at = made(github_double)
    github_double.delete(github_double.login, "sums-1a2b3")
    results = judged(world, github_double, at=at)
    assert results[PUBLIC].score == 0.0
    assert "it is private, was deleted or never existed" in results[PUBLIC].reason
    assert results[LICENCE].score == 0.0


def test_a_renamed_repository_is_found(world: World, github_double: GitHubDouble) -> None:
    at = made(github_double)
    github_double.rename(github_double.login, "sums-1a2b3", "sums")
    results = judged(world, github_double, at=at)
    assert results[PUBLIC].score == 1.0
    assert "Octo-Builder/sums is public" in results[PUBLIC].reason


def test_a_wrong_token_of_ours_is_left_out(world: World, github_double: GitHubDouble) -> None:
    at = made(github_double)
    github_double.revoke()
    assert judged(world, github_double, at=at)[PUBLIC].score == 1.0


def test_the_rate_limit_is_no_fault_of_the_submission(world: World, github_double: GitHubDouble) -> None:
    at = made(github_double)
    github_double.state.limits.remaining = 0
    results = judged(world, github_double, at=at)
    assert results[NEW].score is None
    assert results[NEW].reason.startswith("GitHub's rate limit is reached until 20")
    assert results[PUBLIC].score == 1.0  # by the clone
    github_double.state.limits.exceeded.clear()


def test_a_repository_that_is_too_large_by_githubs_word(
    world: World, github_double: GitHubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = made(github_double)
    asked = hosting.look_up
    monkeypatch.setattr(
        "tasks_app.rehearsal.judging.evidence.look_up", lambda *about: replace(asked(*about), size=2_000_000)
    )
    world.publish()
    results = judged(world, github_double, at=at)
    reason = "the repository is too large to be judged: GitHub says 2,000 MB, the limit is 200 MB"
    assert (results[LICENCE].score, results[LICENCE].reason) == (0.0, reason)
    assert results["pages_url answers 200"].score == 1.0
    assert results[PUBLIC].score == 1.0
    assert github_double.count("fetch") == 0


@pytest.mark.parametrize(
    ("url", "api", "expected"),
    [
        ("https://github.com/a/b", "https://api.github.com", ("https://api.github.com", "a/b", "t")),
        ("https://github.com/a/b.git", "https://ghe.example/api/v3", ("https://api.github.com", "a/b", "")),
        ("https://ghe.example/a/b/", "https://ghe.example/api/v3", ("https://ghe.example/api/v3", "a/b", "t")),
        ("https://github.com/a/b/tree/main", "https://api.github.com", None),
        ("https://github.com/../user", "https://api.github.com", None),
        ("https://github.com/a/..", "https://api.github.com", None),
        ("https://github.com/a/%2e%2e", "https://api.github.com", None),
        ("https://github.com.evil.example/a/b", "https://api.github.com", None),
        ("https://user@github.com/a/b", "https://api.github.com", None),
        ("http://127.0.0.1:8000/git/a/b.git", "https://api.github.com", None),
    ],
)
def test_which_api_knows_a_repository(url: str, api: str, expected: tuple[str, str, str] | None) -> None:
    place = place_of(url, GitHubAccess(api, "t"))
    assert (place and (place.api, place.name, place.token)) == expected


def test_what_github_serves() -> None:
    access = GitHubAccess()
    assert is_github_host("https://somebody.github.io/sums/", access)
    assert not is_github_host("https://github.io.example/sums/", access)
