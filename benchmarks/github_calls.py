"""What publishing costs at GitHub: our forge beside the same work by PyGithub through the contents API and through the
git data API.

`python -m benchmarks.github_calls`: a first round of 13 files, one of them binary, and a later one that changes 6 of
them, the binary too, each way against the double of GitHub (tests/doubles/github) in a repository of its own. Looks
at how a build stands are left out: they are the same for all. PyGithub is used as its documentation shows, but without
its own pauses and repetitions.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from base64 import b64encode

from github import Auth, Github, InputGitTreeElement

from engine.adapters.github.github_forge import GitHubForge
from engine.domain.repository import Origin, Repository, SiteFile
from engine.ports import Ports
from engine.steps.publish import publish
from tests.doubles.github.double import GitHubDouble
from tests.engine.steps.inputs import BRIEF, LATER, publishing
from tests.fakes import FakeAuthor, FakeFetcher, FakeForge, FakeJournal, FakeNotifier, FakeQuota
from tests.system_clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from github.Repository import Repository as PyGithubRepository

FILES = 13
CHANGED = 6
BINARY = "logo.png"
PAGES = {"source": {"branch": "main", "path": "/"}, "build_type": "legacy"}


@dataclass(frozen=True)
class Cost:
    """What a round took.

    `writes` and `reads`: REST; `git`: requests of git's own, of which `pushes` changed something.
    """

    writes: int
    reads: int
    git: int
    pushes: int
    commits: int
    builds: int
    seconds: float

    @property
    def requests(self) -> int:
        return self.writes + self.reads + self.git


class Meter:
    """Tells what happened at the double since the last time."""

    def __init__(self, double: GitHubDouble) -> None:
        self.double = double
        self.before = (0, 0, 0)
        self.begun = time.monotonic()

    def read(self, name: str) -> Cost:
        """Return the cost of what was done in repository `name` since the last reading."""
        seconds = time.monotonic() - self.begun
        calls, commits = self.double.calls, len(self.double.commits(self.double.login, name))
        builds = len(self.double.state.get(self.double.login, name).builds.all)
        new = calls[self.before[0] :]
        rest = [call for call in new if call.kind not in ("push", "push-refs", "fetch", "fetch-refs")]
        reads = sum(call.method == "GET" for call in rest)
        pushes = sum(call.kind == "push" for call in new)
        cost = Cost(
            len(rest) - reads,
            reads,
            len(new) - len(rest),
            pushes,
            commits - self.before[1],
            builds - self.before[2],
            seconds,
        )
        self.before = (len(calls), commits, builds)
        self.begun = time.monotonic()
        return cost


def files(number: int) -> dict[str, bytes]:
    """Return a round's whole tree."""
    names = ["index.html", "README.md", "LICENSE", ".nojekyll", *(f"part-{at}.js" for at in range(FILES - 5))]
    tree = {name: f"{name} of round {number if at < CHANGED - 1 else 1}\n".encode() for at, name in enumerate(names)}
    return tree | {BINARY: bytes(range(256)) * 4 * number}


def changes() -> dict[str, bytes]:
    """Return the files that the later round changes."""
    return {path: content for path, content in files(2).items() if content != files(1)[path]}


def ours(double: GitHubDouble) -> tuple[Cost, Cost]:
    """Publish by the engine's own step and forge."""
    forge = GitHubForge(token=double.token, owner="", api_url=double.url, quota=FakeQuota(), clock=SystemClock())
    journal = FakeJournal()
    ports = Ports(SystemClock(), FakeAuthor(), forge, FakeFetcher(forge=FakeForge()), FakeNotifier(), journal)
    meter = Meter(double)
    first = publish(publishing(files=_site(1), accepted_at=SystemClock().now()), ports)
    cost = meter.read(first.repository.name)
    # What `generate` reads of the repository before a later round is written.
    head = forge.head(first.repository)
    assert head is not None
    forge.tree(first.repository, head)
    later = replace(publishing(files=_site(2), repository=_kept(first.repository), base_sha=head), brief=LATER)
    publish(later, ports)
    _check(double, first.repository.name)
    return cost, meter.read(first.repository.name)


def _kept(repository: Repository) -> Repository:
    return Repository(repository.owner, repository.name, repository.url, repository.pages_url)


def _site(number: int) -> dict[str, SiteFile]:
    return {path: SiteFile(content, Origin.MODEL) for path, content in files(number).items()}


def by_contents(double: GitHubDouble) -> tuple[Cost, Cost]:
    """Publish a file at a time: https://docs.github.com/rest/repos/contents#create-or-update-file-contents"""
    with _pygithub(double) as client:
        meter = Meter(double)
        repo = client.get_user().create_repo("by-contents", description=BRIEF.text)
        for path, content in files(1).items():
            repo.create_file(path, f"Add {path}", content)
        _enable_pages(repo)
        first = meter.read(repo.name)
        repo = client.get_repo(f"{double.login}/by-contents")
        for path, content in changes().items():
            repo.update_file(path, f"Change {path}", content, repo.get_contents(path).sha)
        _check(double, repo.name)
        return first, meter.read(repo.name)


def by_git_data(double: GitHubDouble) -> tuple[Cost, Cost]:
    """Publish by blobs, a tree, a commit and a branch moved:
    https://docs.github.com/rest/guides/using-the-rest-api-to-interact-with-your-git-database"""
    with _pygithub(double) as client:
        meter = Meter(double)
        repo = client.get_user().create_repo("by-git-data", description=BRIEF.text, auto_init=True)
        commit = repo.create_git_commit("Round 1", repo.create_git_tree(_elements(repo, files(1))), [])
        repo.get_git_ref("heads/main").edit(commit.sha, force=True)
        _enable_pages(repo)
        first = meter.read(repo.name)
        repo = client.get_repo(f"{double.login}/by-git-data")
        ref = repo.get_git_ref("heads/main")
        parent = repo.get_git_commit(ref.object.sha)
        tree = repo.create_git_tree(_elements(repo, changes()), base_tree=repo.get_git_tree(parent.tree.sha))
        ref.edit(repo.create_git_commit("Round 2", tree, [parent]).sha)
        _check(double, repo.name)
        return first, meter.read(repo.name)


def _elements(repo: PyGithubRepository, tree: Mapping[str, bytes]) -> list[InputGitTreeElement]:
    blob = repo.create_git_blob(b64encode(tree[BINARY]).decode(), "base64")
    texts = {path: content.decode() for path, content in tree.items() if path != BINARY}
    inline = [InputGitTreeElement(path, "100644", "blob", content=text) for path, text in texts.items()]
    return [*inline, InputGitTreeElement(BINARY, "100644", "blob", sha=blob.sha)]


def _enable_pages(repo: PyGithubRepository) -> None:
    repo.requester.requestJsonAndCheck("POST", f"{repo.url}/pages", input=PAGES)


def _pygithub(double: GitHubDouble) -> Github:
    at_once: dict[str, Any] = {"retry": None, "seconds_between_requests": None, "seconds_between_writes": None}
    return Github(auth=Auth.Token(double.token), base_url=double.url, **at_once)


def _check(double: GitHubDouble, name: str) -> None:
    published = double.files(double.login, name)
    assert {path: published.get(path) for path in files(2)} == files(2), f"{name} does not hold the later round's files"


WAYS: Mapping[str, Callable[[GitHubDouble], tuple[Cost, Cost]]] = {
    "our forge (push)": ours,
    "git data API": by_git_data,
    "contents API": by_contents,
}


def measure() -> dict[str, tuple[Cost, Cost]]:
    """Return each way's cost of both rounds. Raises AssertionError where GitHub would not have taken something."""
    costs = {}
    for name, way in WAYS.items():
        with GitHubDouble(build_seconds=0) as double:
            costs[name] = way(double)
            assert not double.violations, double.violations
            assert not double.exceeded, double.exceeded
    return costs


def main() -> None:
    """Run it and print the tables."""
    costs = measure()
    for at in (0, 1):
        changed = f"{FILES} files" if at == 0 else f"{CHANGED} of {FILES} files changed"
        print(
            f"\n| round {at + 1}: {changed}, 1 binary | REST writes | REST reads | git requests | pushes | commits | "
            "builds | s |"
        )
        print("| --- |" + " ---: |" * 7)
        for name, both in costs.items():
            c = both[at]
            print(
                f"| {name} | {c.writes} | {c.reads} | {c.git} | {c.pushes} | {c.commits} | {c.builds} | "
                f"{c.seconds:.2f} |"
            )
    print()
    mine = costs["our forge (push)"]
    for name, both in list(costs.items())[1:]:
        writes = sum(cost.writes for cost in both) / sum(cost.writes for cost in mine)
        requests = sum(cost.requests for cost in both) / sum(cost.requests for cost in mine)
        print(f"{name}: {writes:.1f} times our REST writes over both rounds, {requests:.1f} times our requests in all")
    print("0 violations of GitHub's description, no limit exceeded")
    print(
        f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load "
        f"{os.getloadavg()[0]:.1f}"
    )


if __name__ == "__main__":
    main()
