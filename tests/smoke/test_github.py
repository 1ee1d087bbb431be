"""Both rounds by the forge, and the removal of what it made: on the double always, on GitHub itself where
GITHUB_SMOKE_TOKEN is set.

The token must be allowed to make and to delete repositories: a classic one with `public_repo` and `delete_repo`, or a
fine-grained one with Administration, Contents and Pages. GITHUB_SMOKE_OWNER names an organisation instead of the
token's own account.
"""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx2
import pytest

from engine.adapters.github.github_forge import GitHubForge
from engine.domain.repository import Origin, SiteFile
from engine.errors import Transient
from engine.ports import Ports
from engine.steps.publish import publish
from tests.doubles.github.double import GitHubDouble
from tests.engine.steps.inputs import BRIEF, changed, publishing
from tests.fakes import FakeAuthor, FakeFetcher, FakeForge, FakeJournal, FakeNotifier, FakeQuota
from tests.system_clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.domain.repository import Repository
    from engine.steps.contracts import Published, PublishInput

TOKEN = os.environ.get("GITHUB_SMOKE_TOKEN", "")
OWNER = os.environ.get("GITHUB_SMOKE_OWNER", "")
API_URL = "https://api.github.com"

FILES = {
    "index.html": b"<!DOCTYPE html><title>Smoke</title><p>one</p>\n",
    "README.md": b"# Smoke\n",
    "about.md": b"# About\n",
    ".nojekyll": b"",
    "data.csv": b"a,b\r\n1,2\r\n",
    "logo.png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "empty.txt": b"",
    "आँकड़े.csv": "नाम,मूल्य\n".encode(),
}


@dataclass(frozen=True)
class Place:
    """A GitHub to publish to. `seconds` it may take, looked at every `pause` seconds."""

    api_url: str
    token: str = field(repr=False)  # a failed test shows its arguments
    owner: str
    seconds: float
    pause: float

    def forge(self) -> GitHubForge:
        return GitHubForge(
            token=self.token, owner=self.owner, api_url=self.api_url, quota=FakeQuota(), clock=SystemClock()
        )


@pytest.fixture
def double() -> Iterator[Place]:
    with GitHubDouble(build_seconds=0.1) as running:
        yield Place(running.url, running.token, "", 60, 0.05)
        assert running.violations == []
        assert running.repositories() == []
        assert (running.writes, running.pushes) == (3, 2)  # the third write is the removal


def test_both_rounds_on_the_double(double: Place) -> None:
    play(double)


@pytest.mark.slow
@pytest.mark.skipif(not TOKEN, reason="GITHUB_SMOKE_TOKEN is not set: nothing is tried on GitHub itself")
def test_both_rounds_on_github_itself() -> None:
    play(Place(API_URL, TOKEN, OWNER, 900, 5.0))


def play(place: Place) -> None:
    """Publish both rounds, see them served byte for byte, and remove the repository."""
    task = publishing(
        brief=replace(BRIEF, nonce=secrets.token_hex(8)), files=_site(FILES), accepted_at=SystemClock().now()
    )
    made: list[Repository] = []
    try:
        first = _published(place, task, made)
        _see(place, first, FILES)
        later = FILES | {"index.html": b"<!DOCTYPE html><title>Smoke</title><p>two</p>\n"}
        again = changed(
            task,
            brief=replace(task.brief, number=2),
            files=_site(later),
            repository=first.repository,
            base_sha=first.sha,
        )
        second = _published(place, again, made)
        _see(place, second, later)
        assert second.repository == first.repository
        assert place.forge().head(second.repository) == second.sha
        assert place.forge().tree(second.repository, second.sha) == later
    finally:
        for repository in {(each.owner, each.name): each for each in made}.values():
            _remove(place, repository)


def _published(place: Place, task: PublishInput, made: list[Repository]) -> Published:
    """Publish, as often as GitHub asks for it: a new repository is not ready everywhere at once."""
    forge, journal = place.forge(), FakeJournal()
    ports = Ports(SystemClock(), FakeAuthor(), forge, FakeFetcher(forge=FakeForge()), FakeNotifier(), journal)
    deadline = time.monotonic() + place.seconds
    while True:
        try:
            return publish(task, ports)
        except Transient:
            if time.monotonic() > deadline:
                raise
            time.sleep(place.pause)
        finally:
            made.extend(journal.repositories[-1:])


def _see(place: Place, published: Published, files: dict[str, bytes]) -> None:
    """Wait until the build of the commit is built and every file is served, past the caches."""
    forge, repository = place.forge(), published.repository
    deadline, said = time.monotonic() + place.seconds, "nothing"
    with httpx2.Client(timeout=30.0, trust_env=False, follow_redirects=True) as client:
        while time.monotonic() < deadline:
            look = forge.pages_build(repository, published.sha)
            if look.status == "built" and not (wrong := _wrong(client, repository.pages_url, published.sha, files)):
                return
            said = f"the build is {look.status} {look.detail}" if look.status != "built" else f"{wrong} not yet served"
            time.sleep(place.pause)
    pytest.fail(f"not live within {place.seconds:g} s: {said}")


def _wrong(client: httpx2.Client, page: str, sha: str, files: dict[str, bytes]) -> list[str]:
    answers = {path: client.get(f"{page}{quote(path)}?commit={sha}") for path in files if path != ".nojekyll"}
    return [path for path, answer in answers.items() if (answer.status_code, answer.content) != (200, files[path])]


def _remove(place: Place, repository: Repository) -> None:
    url = f"{place.api_url}/repos/{repository.owner}/{repository.name}"
    headers = {"Authorization": f"Bearer {place.token}", "Accept": "application/vnd.github+json"}
    answer = httpx2.delete(url, headers=headers, timeout=30.0, trust_env=False)
    assert answer.status_code == 204, (
        f"{repository.url} is still there, remove it by hand: {answer.status_code} {answer.text[:300]}"
    )


def _site(files: dict[str, bytes]) -> dict[str, SiteFile]:
    return {path: SiteFile(content, Origin.MODEL) for path, content in files.items()}
