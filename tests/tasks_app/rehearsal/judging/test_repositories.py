"""Faults of the repository: its commits, licence, README and history."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from dulwich.refs import Ref

from tasks_app.rehearsal.judging.history import ScanLimits, secret_forms, without_secret
from tests.doubles.http_server import HttpServer, Script
from tests.tasks_app.rehearsal.judging.world import FILES, PAGE, README, SECRET, SENT, commit, tools_for
from tests.tokens import SHAPES

if TYPE_CHECKING:
    from tests.tasks_app.rehearsal.judging.world import World

PUBLIC = "The repository can be read without credentials"
NEW = "The repository was created after the request"
ONE_COMMIT = "The repository has one commit for this round"
ON_BRANCH = "commit_sha is a commit of the default branch"
LICENCE = "LICENSE at the root is the MIT licence"
PARTS = "README.md has headings for summary, setup, usage, code explanation and licence"
FILLED_IN = "README.md leaves nothing to be filled in and names no missing file"
CHANGED = "README.md changed in this round"
HISTORY = "No commit of the repository holds a secret"
FRESH = "pages_url serves this commit's index.html"

TOKEN = SHAPES[1][1]


def test_two_commits_in_one_round(world: World) -> None:
    world.publish({"README.md": README})
    world.publish()
    found = world.judged()[ONE_COMMIT]
    assert (found.score, found.reason) == (0.0, "2 commits in the repository's history")


def test_two_commits_in_the_second_round(world: World) -> None:
    first = world.publish()
    world.publish(FILES | {"a.txt": b"a"})
    world.publish(FILES | {"a.txt": b"b"})
    found = world.judged(number=2, earlier_commits=(first,))[ONE_COMMIT]
    assert (found.score, found.reason) == (0.0, f"2 commits since the earlier round's {first[:12]}")


def test_a_second_round_with_one_commit(world: World) -> None:
    first = world.publish()
    world.publish(FILES | {"README.md": README + b"\nRound 2.\n"})
    results = world.judged(number=2, earlier_commits=(first,))
    assert results[ONE_COMMIT].score == 1.0
    assert results[CHANGED].score == 1.0
    assert NEW not in results


def test_a_second_round_that_changed_nothing(world: World) -> None:
    first = world.publish()
    results = world.judged(number=2, earlier_commits=(first,))
    assert results[ONE_COMMIT].score == 0.0
    assert results[ONE_COMMIT].reason == "round 2 changed nothing: commit_sha is that of an earlier round"
    assert (results[CHANGED].score, results[CHANGED].reason) == (0.0, "it is that of the earlier round")


def test_an_empty_commit_changes_nothing(world: World) -> None:
    first = world.publish()
    world.publish()
    found = world.judged(number=2, earlier_commits=(first,))[ONE_COMMIT]
    assert found.reason == "round 2 changed nothing: the commit has the files of the earlier round's"


def test_a_second_round_with_a_history_of_its_own(world: World) -> None:
    first = world.publish()
    world.shas.append(commit(world.repo, FILES | {"b": b"b"}, branch=Ref(b"refs/heads/other")))
    results = world.judged(number=2, earlier_commits=(first,))
    assert results[ONE_COMMIT].score == 0.0
    assert "does not descend" in results[ONE_COMMIT].reason
    assert "not on the default branch" in results[ON_BRANCH].reason


def test_a_second_round_in_another_repository(world: World) -> None:
    world.publish()
    found = world.judged(number=2, earlier_commits=("1" * 40,))[ONE_COMMIT]
    assert (found.score, found.reason) == (0.0, "the earlier round's commit 111111111111 is not in this repository")


def test_a_wrong_sha(world: World) -> None:
    head = world.publish()
    results = world.judged(callback=world.callback(commit_sha="ab" * 20))
    reason = f"{'ab' * 20} is no commit of the repository; the head of the default branch is {head}"
    for check in (ONE_COMMIT, ON_BRANCH, LICENCE, PARTS, FRESH):
        assert (results[check].score, results[check].reason) == (0.0, reason)
    assert results[HISTORY].score == 1.0


def test_no_licence(world: World) -> None:
    world.publish({"README.md": README, "index.html": PAGE, "LICENCE.txt": b"MIT"})
    found = world.judged()[LICENCE]
    assert (found.score, found.reason) == (0.0, "the commit has no LICENSE at its root; there is LICENCE.txt")


def test_another_licence(world: World) -> None:
    world.publish(FILES | {"LICENSE": b"Apache License\nVersion 2.0"})
    found = world.judged()[LICENCE]
    assert (found.score, found.reason) == (0.0, "LICENSE is not the MIT licence: it begins with 'Apache License'")


def test_a_readme_may_tell_of_what_a_workflow_makes(world: World) -> None:
    text = README + b"\n`report.json` is made by the workflow, `other.json` by nobody.\n"
    workflow = b"on: push\njobs: {make: {steps: [{run: python report.py > report.json}]}}\n"
    world.publish(FILES | {"README.md": text, ".github/workflows/report.yml": workflow})
    found = world.judged()[FILLED_IN]
    assert "other.json" in found.reason
    assert "report.json" not in found.reason


def test_a_readme_without_its_parts(world: World) -> None:
    world.publish(FILES | {"README.md": b"# Sums\n\n## Usage\n\nTODO: write this\n"})
    results = world.judged()
    assert results[PARTS].score == 0.0
    assert "no heading for setup" in results[PARTS].reason
    assert "line 5" in results[FILLED_IN].reason


def test_a_repository_that_is_older_than_the_request(world: World) -> None:
    world.publish(when=SENT - timedelta(days=3))
    found = world.judged()[NEW]
    assert found.score == 0.0
    assert "its first commit was made at 2026-11-27 12:00:00 UTC" in found.reason


def test_a_repository_that_is_not_there(world: World) -> None:
    results = world.judged(callback=world.callback(repo_url=world.repo_url.replace("/repo", "/gone")))
    assert results[PUBLIC].score == 0.0
    assert "its server answers 404, so it is private, was deleted or never existed" in results[PUBLIC].reason


def test_a_repository_that_wants_credentials(world: World) -> None:
    world.publish()
    with HttpServer({"/repo/info/refs?service=git-upload-pack": Script(401)}) as server:
        found = world.judged(callback=world.callback(repo_url=server.url("/repo")))[PUBLIC]
    assert (found.score, "its server answers 401" in found.reason) == (0.0, True)


def test_an_empty_repository(world: World) -> None:
    results = world.judged()
    assert results[ON_BRANCH].reason.endswith("it has no commit at all")


@pytest.mark.parametrize(
    "secret", [SECRET.encode(), b64encode(b"key=" + SECRET.encode() + b"\n")], ids=["plain", "base64"]
)
def test_a_secret_that_only_an_older_commit_holds(world: World, secret: bytes) -> None:
    first = world.publish(FILES | {"config/.env": b"SECRET=" + secret})
    world.publish()
    found = world.judged()[HISTORY]
    assert found.score == 0.0
    assert found.reason == f"the submission's secret stands in config/.env in commit {first[:12]}"


def test_a_token_of_somebody_on_another_branch(world: World) -> None:
    world.publish()
    sha = commit(world.repo, {"a.js": f"\nconst key = '{TOKEN}'".encode()}, branch=Ref(b"refs/heads/wip"))
    found = world.judged()[HISTORY]
    assert found.score == 0.0
    assert f"stands in line 2 of a.js in commit {sha[:12]}" in found.reason
    assert TOKEN not in found.reason + found.log


def test_a_token_in_a_commits_message(world: World) -> None:
    world.publish(message=f"Use {TOKEN}\n")
    found = world.judged()[HISTORY]
    assert (found.score, "the commit's message" in found.reason) == (0.0, True)
    assert TOKEN not in found.reason + found.log


def test_a_token_that_the_request_brought_is_no_leak(world: World) -> None:
    world.publish(FILES | {"keys.txt": TOKEN.encode()})
    assert world.judged(attachments={"keys.txt": TOKEN.encode()})[HISTORY].score == 1.0


def test_a_history_that_is_too_long_to_be_searched(world: World) -> None:
    world.publish({"a.txt": b"a" * 5000})
    world.publish({"b.txt": b"b" * 5000})
    found = world.judged(tools=tools_for(scan=ScanLimits(bytes=4000)))[HISTORY]
    assert found.score is None
    assert found.reason.startswith("the search stopped after 0 MB, at commit 1 of 2")


def test_no_form_of_the_secret_is_ever_shown(world: World) -> None:
    world.publish(FILES | {SECRET: b"x", "README.md": f"# {SECRET}\n".encode()})
    told = world.callback(note=SECRET, more=b64encode(SECRET.encode()).decode())
    for one in world.judged(callback=told, error=SECRET, status_code=500).values():
        assert not any(form.decode() in one.check + one.reason + one.log for form in secret_forms(SECRET))


def test_a_short_secret_is_not_looked_for() -> None:
    assert secret_forms("abc") == []
    assert without_secret("abc", "abc") == "abc"
