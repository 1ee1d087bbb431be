"""The double's git: cloned and pushed to by git itself, and each refusal of a push."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests import stock_git
from tests.doubles.github.asking import NAME, Api

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.doubles.github.double import GitHubDouble

pytestmark = pytest.mark.processes


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run git in the test's own folder."""
    return partial(stock_git.git, tmp_path)


def with_token(double: GitHubDouble, url: str) -> str:
    return url.replace("://", f"://x-access-token:{double.token}@")


def test_git_clones_and_finds_it_sound(api: Api, git: Callable[..., Any], tmp_path: Path) -> None:
    url = api.create().json()["clone_url"]
    api.commit({"index.html": b"one", "data/sales.csv": b"a,b\r\n1,2\r\n"})
    head = api.commit({"index.html": b"two"})

    assert git("clone", url, "whole").returncode == 0
    assert git("clone", "--depth", "1", url.removesuffix(".git"), "shallow").returncode == 0

    assert git("-C", "whole", "fsck", "--full").returncode == 0
    assert git("-C", "shallow", "rev-parse", "HEAD").stdout.strip() == head
    assert (tmp_path / "whole/data/sales.csv").read_bytes() == b"a,b\r\n1,2\r\n"


def test_git_pushes_with_the_token_only(api: Api, github_double: GitHubDouble, git: Callable[..., Any]) -> None:
    url = api.create().json()["clone_url"]
    git("init", "-b", "main")
    git("commit", "--allow-empty", "-m", "one")

    assert git("push", url, "main").returncode != 0
    assert git("push", url.replace("://", "://x-access-token:wrong@"), "main").returncode != 0
    assert git("push", with_token(github_double, url), "main").returncode == 0

    assert github_double.head(github_double.login, NAME) == git("rev-parse", "main").stdout.strip()
    assert (github_double.pushes, github_double.writes) == (1, 1)


def test_a_secret_is_refused_as_github_does(api: Api, github_double: GitHubDouble, git: Callable[..., Any]) -> None:
    url = with_token(github_double, api.create().json()["clone_url"])
    git("init", "-b", "main")
    git("commit", "--allow-empty", "-m", "one")
    github_double.fault("secret", "push")

    refused = git("push", url, "main")

    assert "GH013" in refused.stderr
    assert "push declined due to repository rule violations" in refused.stderr
    assert github_double.head(github_double.login, NAME) is None


def test_a_push_is_refused_when_a_stranger_was_faster(
    api: Api, github_double: GitHubDouble, git: Callable[..., Any]
) -> None:
    url = with_token(github_double, api.create().json()["clone_url"])
    git("init", "-b", "main")
    git("commit", "--allow-empty", "-m", "one")
    github_double.fault("head_moved", "push")

    assert "cannot lock ref" in git("push", url, "main").stderr
    assert github_double.files(github_double.login, NAME) == {"stranger-0.txt": b"I was here.\n"}


def test_an_answer_is_lost_and_the_push_is_there(
    api: Api, github_double: GitHubDouble, git: Callable[..., Any]
) -> None:
    url = with_token(github_double, api.create().json()["clone_url"])
    git("init", "-b", "main")
    git("commit", "--allow-empty", "-m", "one")
    github_double.fault("lost_and_stranger", "push")

    assert git("push", url, "main").returncode != 0
    assert github_double.commits(github_double.login, NAME)[1:] == [git("rev-parse", "main").stdout.strip()]


def test_workflows_need_their_scope(
    api: Api, github_double: GitHubDouble, git: Callable[..., Any], tmp_path: Path
) -> None:
    url = with_token(github_double, api.create().json()["clone_url"])
    github_double.state.scopes = "repo"
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/x.yml").write_text("on: push\n")
    git("init", "-b", "main")
    git("add", ".github")
    git("commit", "-m", "one")

    assert "without `workflow` scope" in git("push", url, "main").stderr
