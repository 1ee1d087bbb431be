"""The double's REST: repositories and their names, what is in them, and what a token may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from github import Auth, Github
from github.GithubException import GithubException

from tests.doubles.github.asking import NAME, Api, get

if TYPE_CHECKING:
    from tests.doubles.github.double import GitHubDouble


def test_pygithub_reads_and_writes(github_double: GitHubDouble) -> None:
    at_once: dict[str, Any] = {"retry": None, "seconds_between_requests": None, "seconds_between_writes": None}
    with Github(auth=Auth.Token(github_double.token), base_url=github_double.url, **at_once) as client:
        repo = client.get_user().create_repo("Sum of sales", description="x [12345678]")
        made = repo.create_file("a b.txt", "one", b"\x00\xff")["commit"].sha
        repo.update_file("a b.txt", "two", "hello", repo.get_contents("a b.txt").sha)
        with pytest.raises(GithubException, match="already exists"):
            client.get_user().create_repo("sum-OF-sales")

        assert repo.name == "Sum-of-sales"
        assert repo.compare(made, "main").ahead_by == 1
        assert [each.full_name for each in client.get_user().get_repos()] == [f"{github_double.login}/Sum-of-sales"]
        assert client.search_repositories(f"12345678 user:{github_double.login}").totalCount == 1
        assert client.get_user(github_double.organisation).type == "Organization"
    assert github_double.count("contents") == 3


def test_an_empty_repository_takes_no_objects(api: Api) -> None:
    api.create()

    assert api.client.post(f"{api.repo}/git/blobs", json={"content": "a"}).status_code == 409
    assert api.client.get(f"{api.repo}/git/ref/heads/main").status_code == 409


def test_the_git_data_api_makes_one_commit(api: Api, github_double: GitHubDouble) -> None:
    api.create(auto_init=True)
    head = api.client.get(f"{api.repo}/git/ref/heads/main").json()["object"]["sha"]
    blob = api.client.post(f"{api.repo}/git/blobs", json={"content": "AP8=", "encoding": "base64"}).json()["sha"]
    entries = [
        {"path": "x.bin", "mode": "100644", "type": "blob", "sha": blob},
        {"path": "data/x.txt", "mode": "100644", "type": "blob", "content": "hello"},
    ]
    tree = api.client.post(f"{api.repo}/git/trees", json={"tree": entries, "base_tree": head}).json()["sha"]
    commit = api.client.post(f"{api.repo}/git/commits", json={"message": "m", "tree": tree, "parents": [head]}).json()
    moved = api.client.patch(f"{api.repo}/git/refs/heads/main", json={"sha": commit["sha"]})
    back = api.client.patch(f"{api.repo}/git/refs/heads/main", json={"sha": head})

    assert (moved.status_code, back.status_code) == (200, 422)
    assert github_double.files(github_double.login, NAME).keys() == {"README.md", "x.bin", "data/x.txt"}


@pytest.mark.parametrize(
    ("name", "description", "becomes"),
    [
        ("a b/c", None, "a-b-c"),
        ("x" * 100, "y" * 350, "x" * 100),
        ("x" * 101, None, None),
        ("ok", "y" * 351, None),
        ("ok", "two\nlines", None),
        ("ok.wiki", None, None),
        ("page.git", None, "page"),
    ],
)
def test_names_and_descriptions(api: Api, name: str, description: str | None, becomes: str | None) -> None:
    answer = api.client.post("/user/repos", json={"name": name} | ({"description": description} if description else {}))

    assert (answer.json().get("name"), answer.status_code) == (becomes, 201 if becomes else 422)


def test_a_renamed_repository_is_found_by_its_old_name(api: Api, github_double: GitHubDouble) -> None:
    url = api.create().json()["clone_url"]
    api.commit({"index.html": b"one"})
    github_double.rename(github_double.login, NAME, "new-name")

    moved = api.client.get(f"{api.repo}/commits/main")
    there = api.client.get(moved.headers["Location"])

    assert (moved.status_code, there.status_code) == (301, 200)
    assert (
        get(f"{url}/info/refs?service=git-upload-pack")
        .headers["Location"]
        .startswith(f"{github_double.url}/{github_double.login}/new-name.git")
    )
    assert api.create().status_code == 201  # the old name is free


def test_a_name_taken_by_somebody_else(api: Api, github_double: GitHubDouble) -> None:
    github_double.take_name(github_double.login, NAME)

    assert api.create().json()["errors"][0]["message"] == "name already exists on this account"
    assert "[" not in api.client.get(api.repo).json()["description"]


def test_a_token_is_revoked_and_lacks_permissions(api: Api, github_double: GitHubDouble) -> None:
    assert "github-authentication-token-expiration" in api.client.get("/user").headers
    github_double.state.lacking.add("administration")
    assert api.create().json()["message"] == "Resource not accessible by personal access token"
    github_double.revoke()
    assert api.client.get("/user").status_code == 401
    github_double.restore()
    github_double.state.lacking.clear()
    assert api.create().status_code == 201
