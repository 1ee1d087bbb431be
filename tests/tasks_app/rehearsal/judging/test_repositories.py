"""Faults of the repository: its commits, licence, README and history."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree
from dulwich.refs import Ref

from tasks_app.rehearsal.judging.history import ScanLimits, secret_forms, without_secret
from tasks_app.rehearsal.judging.repositories import PAGES_BRANCH
from tests.doubles.http_server import HttpServer, Script
from tests.tasks_app.rehearsal.judging.world import FILES, PAGE, README, SECRET, SENT, commit, tools_for, tree
from tests.tokens import SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable

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


@pytest.mark.parametrize(
    ("change", "score"),
    [
        (lambda text: text.replace(b"\n", b"\r\n"), 1.0),
        (lambda text: text.replace(b"without restriction", b"without\nrestriction"), 1.0),
        (lambda text: text.replace(b"MIT License\n", b"").replace(b"2026", b"2019-2026"), 1.0),
        (lambda text: text.partition(b"The above copyright")[0], 0.0),
        (lambda _: b"This is not the MIT License, and you may use it without restriction.", 0.0),
    ],
    ids=["CRLF", "other breaks", "no title", "cut", "another text"],
)
def test_which_texts_are_the_mit_licence(world: World, change: Callable[[bytes], bytes], score: float) -> None:
    world.publish(FILES | {"LICENSE": change(FILES["LICENSE"])})
    assert world.judged()[LICENCE].score == score


def test_a_licence_in_a_folder_does_not_count(world: World) -> None:
    world.publish({"README.md": README, "index.html": PAGE, "docs/LICENSE": FILES["LICENSE"]})
    assert world.judged()[LICENCE].score == 0.0


@pytest.mark.parametrize(
    "text",
    [
        b"# Sums\n\nAdds up.\n\n## Quick start\n## Architecture\n## License (MIT)\n",
        b"# Sums\n\n## What it does\n## Prerequisites\n## How to run it\n## Files\n## Copyright\n",
        b"<h1>Sums</h1>\n<h2>About</h2>\n<h2>Installation</h2>\n**Usage**\n\n**Code structure**\n\n**Licence:**\n",
    ],
    ids=["short", "other words", "HTML and bold"],
)
def test_a_readme_of_another_style(world: World, text: bytes) -> None:
    world.publish(FILES | {"README.md": text})
    assert world.judged()[PARTS].score == 1.0


def test_a_readme_may_tell_of_what_the_page_or_the_brief_names(world: World) -> None:
    text = README + b"\nSaves `export.csv`, reads `input.json`, needs `nothing.css`.\n"
    world.publish(FILES | {"README.md": text, "index.html": PAGE + b"<script>save('export.csv')</script>"})
    found = world.judged(request={**world.task().request, "brief": "It reads input.json."})[FILLED_IN]
    assert "nothing.css" in found.reason
    assert "export.csv" not in found.reason
    assert "input.json" not in found.reason


def test_a_sha_in_upper_case_is_the_same_sha(world: World) -> None:
    first = world.publish()
    results = world.judged(callback=world.callback(commit_sha=first.upper()))
    assert [one.reason for one in results.values() if one.score == 0.0] == []


def test_a_commit_on_gh_pages(world: World) -> None:
    commit(world.repo, {"src.js": b"a"})
    world.shas.append(commit(world.repo, FILES, branch=Ref(PAGES_BRANCH.encode())))
    world.pages.files = dict(FILES)
    assert world.judged()[ON_BRANCH].score == 1.0


def test_commits_of_an_earlier_round_that_was_not_called_back(world: World) -> None:
    world.publish(FILES | {"a.txt": b"a"})
    world.publish()
    assert world.judged(number=2)[ONE_COMMIT].score is None
    world.publish(FILES | {"b.txt": b"b"})
    assert world.judged(number=2)[ONE_COMMIT].score == 0.0


@pytest.mark.parametrize("where", ["blob", "tree", "message", "name"])
def test_a_tag_that_hides_a_token(world: World, where: str) -> None:
    sha = world.publish()
    content = f"key = '{TOKEN}'".encode()
    blob = Blob.from_string(content)
    world.repo.object_store.add_object(blob)
    tag = Tag()
    tag.name, tag.tagger, tag.tag_time, tag.tag_timezone = b"v1", b"a <a@example.com>", 1, 0
    tag.message = content if where == "message" else b"one"
    targets = {"blob": (Blob, blob.id), "tree": (Tree, tree(world.repo, {"a/b.txt": content}))}
    tag.object = targets.get(where, (Commit, ObjectID(sha.encode())))
    world.repo.object_store.add_object(tag)
    world.repo.refs[Ref(f"refs/tags/{TOKEN if where == 'name' else 'v1'}".encode())] = tag.id
    assert world.judged()[HISTORY].score == 0.0


def test_a_folder_that_is_too_large_to_be_searched_is_not_clean(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.rehearsal.judging.clones.LARGEST_TREE", 2_000)
    world.publish(FILES | {f"many/{number:050}": b"a" for number in range(100)})
    found = world.judged()[HISTORY]
    assert (found.score, "many/ in commit" in found.reason) == (None, True)


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
