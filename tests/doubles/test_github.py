"""Is the double to be trusted? What it does, and that it notices what GitHub would not take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from github import Auth, Github
from github.GithubException import GithubException

from tests.doubles.github import GitHubDouble
from tests.doubles.github_description import PATHS, description
from tests.doubles.github_limits import WRITES_PER_HOUR, WRITES_PER_MINUTE
from tests.doubles.github_routes import ROUTES
from tests.parts.program import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "sum-of-sales"


class Api:
    """GitHub's REST calls, asked plainly."""

    def __init__(self, double: GitHubDouble) -> None:
        self.double = double
        self.client = httpx2.Client(base_url=double.url, timeout=30.0, trust_env=False, verify=False)
        self.client.headers["Authorization"] = f"Bearer {double.token}"
        self.repo = f"/repos/{double.login}/{NAME}"

    def create(self, **fields: object) -> httpx2.Response:
        return self.client.post("/user/repos", json={"name": NAME, **fields})

    def enable_pages(self) -> httpx2.Response:
        return self.client.post(f"{self.repo}/pages", json={"source": {"branch": "main", "path": "/"}})

    def build(self) -> dict[str, Any]:
        return self.client.get(f"{self.repo}/pages/builds").json()[0]

    def commit(self, files: dict[str, bytes | None]) -> str:
        return self.double.stranger_commits(self.double.login, NAME, files)

    def site(self) -> str:
        """Publish a site without waiting for its build; return its address."""
        self.create()
        self.commit({"index.html": b"one", ".nojekyll": b"", "about.md": b"# About"})
        return str(self.enable_pages().json()["html_url"])


@pytest.fixture
def api(github_double: GitHubDouble) -> Iterator[Api]:
    asking = Api(github_double)
    with asking.client:
        yield asking


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    command_of_git = program("git", package="git")
    who = {f"GIT_{role}_{what}": "a@b.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = os.environ | who | {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(tmp_path)}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [command_of_git, "-C", str(tmp_path), *command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def with_token(double: GitHubDouble, url: str) -> str:
    return url.replace("://", f"://x-access-token:{double.token}@")


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


def get(url: str) -> httpx2.Response:
    return httpx2.get(url, trust_env=False, timeout=30.0, verify=False)  # there is no TLS; its set-up takes a while


# --- git


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


# --- REST


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


# --- Limits


def test_writes_have_a_pace(api: Api, github_double: GitHubDouble) -> None:
    for _ in range(WRITES_PER_MINUTE):
        assert api.client.post("/user/repos", json={"name": ""}).status_code == 422

    refused = api.create()

    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (403, True)
    assert github_double.exceeded == ["secondary: POST /user/repos"]
    github_double.pass_time(61)
    assert api.create().status_code == 201
    github_double.state.limits.writes.extend([github_double.state.clock() - 120] * WRITES_PER_HOUR)
    assert api.client.post("/user/repos", json={"name": "b"}).status_code == 403


def test_what_is_unchanged_costs_nothing(api: Api) -> None:
    api.create()
    first = api.client.get(api.repo)
    again = api.client.get(api.repo, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"].replace("4999", "4998")


def test_the_hour_is_used_up(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.limits.remaining = 1
    last, refused = api.client.get("/user"), api.client.get("/user")

    assert (last.headers["x-ratelimit-remaining"], refused.status_code) == ("0", 403)
    assert github_double.exceeded == ["primary: GET /user"]
    assert api.client.get("/rate_limit").json()["rate"]["remaining"] == 0
    github_double.pass_time(3601)
    assert api.client.get("/user").status_code == 200


# --- Pages


def test_a_build_goes_its_way(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 30
    url = api.site()

    assert (api.build()["status"], get(url).status_code) == ("queued", 404)
    github_double.pass_time(15)
    assert (api.build()["status"], get(url).status_code) == ("building", 404)
    github_double.pass_time(15)
    page = get(url)
    assert (api.build()["status"], page.content) == ("built", b"one")
    assert (page.headers["cache-control"], page.headers["content-type"]) == ("max-age=600", "text/html; charset=utf-8")
    assert get(f"{url}about.md").headers["content-type"] == "text/markdown; charset=utf-8"
    assert github_double.login.lower() in url


def test_jekyll_drops_files_without_nojekyll(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 0
    api.create()
    api.commit({"_x.js": b"1", "about.md": b"# About", "README.md": b"# Read"})
    url = api.enable_pages().json()["html_url"]
    before = [get(url + path).status_code for path in ("_x.js", "about.md", "about.html", "")]
    api.commit({".nojekyll": b""})

    assert before == [404, 404, 200, 200]
    assert [get(url + path).status_code for path in ("_x.js", "about.md", "about.html", "")] == [200, 200, 404, 404]


def test_pages_refuse_what_makes_no_sense(api: Api) -> None:
    api.create()
    assert api.enable_pages().status_code == 422
    assert api.client.get(f"{api.repo}/pages").status_code == 404
    api.commit({"index.html": b"one"})
    assert [api.enable_pages().status_code for _ in range(2)] == [201, 409]
    assert api.client.post(f"{api.repo}/pages/builds").status_code == 201


def test_builds_go_wrong(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 3
    url = api.site()
    github_double.pass_time(3)
    for name in ("errored", "never", "superseded"):
        github_double.fault(name, "build")
    api.commit({"index.html": b"two"})
    github_double.pass_time(3)
    assert (api.build()["status"], api.build()["error"]["message"]) == ("errored", "Page build failed.")
    api.commit({"index.html": b"three"})
    github_double.pass_time(1000)
    assert (api.build()["status"], get(url).content) == ("building", b"one")
    mine = api.commit({"index.html": b"four"})
    github_double.pass_time(3)
    assert api.build()["commit"] != mine
    assert (api.build()["status"], get(url).content) == ("built", b"four")


def test_the_cdn_serves_old_bytes_for_a_while(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.build_seconds = 0
    github_double.fault("stale", "cdn", times=2, seconds=300)
    url = api.site()
    early = (get(url).status_code, get(f"{url}?cb=1").status_code)
    github_double.pass_time(300)
    api.commit({"index.html": b"two"})

    assert early == (404, 200)
    assert (get(url).content, get(f"{url}?cb=2").content) == (b"one", b"two")
    github_double.pass_time(300)
    assert get(url).content == b"two"


# --- Faults


def test_a_fault_before_and_after_the_act(api: Api, github_double: GitHubDouble) -> None:
    github_double.fault("bad_gateway", "create")
    github_double.fault("bad_gateway", "create", when="after")

    before, there = api.create(), github_double.repositories()
    after = api.create()

    assert (before.status_code, after.status_code, there) == (502, 502, [])
    assert "<html>" in after.text
    assert github_double.repositories() == [f"{github_double.login}/{NAME}"]
    assert [call.fault for call in github_double.calls] == ["before 502", "after 502"]


def test_no_answer_at_all(api: Api, github_double: GitHubDouble) -> None:
    github_double.fault("reset", "create")
    github_double.fault("hang", "create", when="after")

    with pytest.raises(httpx2.NetworkError):
        api.create()
    with pytest.raises(httpx2.TimeoutException):
        api.client.post("/user/repos", json={"name": NAME}, timeout=0.5)

    wait_until(github_double.repositories)
    assert github_double.repositories() == [f"{github_double.login}/{NAME}"]


def test_closing_frees_who_hangs() -> None:
    with GitHubDouble() as double:
        double.fault("hang", "user")
        waiting = threading.Thread(target=hang_on, args=(f"{double.url}/user",))
        waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()


def hang_on(url: str) -> None:
    with suppress(httpx2.HTTPError):
        get(url)


# --- The description


def test_every_call_that_is_served_is_described() -> None:
    served = {(route.template, route.method.lower()) for route in ROUTES}

    assert served == {(path, method) for path, methods in PATHS.items() for method in methods}
    assert "@octokit/openapi" in description().data["info"]["x-source"]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/user/repos", {"name": "a", "privat": False}, "'privat' was unexpected"),
        ("/user/repos", {"description": "no name"}, "'name' is a required property"),
        ("/user/repos?colour=red", {"name": "a"}, "unknown parameter 'colour'"),
        ("/repos/a/b/pages", {}, "not valid under any"),
        ("/repos/a/b/pages", {"source": {"path": "/"}}, "'branch' is a required property"),
        ("/repos/a/b/git/trees", {"tree": [{"path": "x", "mode": "0644", "content": ""}]}, "'0644' is not one of"),
        ("/repos/a/b/starring", {}, "not served by the double"),
    ],
)
def test_a_wrong_request_is_noticed(
    api: Api, github_double: GitHubDouble, path: str, body: dict[str, object], says: str
) -> None:
    api.client.post(path, json=body)

    assert says in " ".join(github_double.violations)
    github_double.log.violations.clear()


def test_a_wrong_answer_of_ours_is_noticed(
    api: Api, github_double: GitHubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.doubles.github_bodies.own_account", lambda state, who: {"login": who.login})
    api.client.get("/user")

    assert "answer 200" in " ".join(github_double.violations)
    github_double.log.violations.clear()


# --- By itself


def test_it_runs_by_itself_and_is_controlled_from_outside() -> None:
    command = [sys.executable, "-m", "tests.doubles.github", "--build-seconds", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready = _ready(process)
            with httpx2.Client(base_url=ready["url"], timeout=30.0, trust_env=False) as client:
                client.headers["Authorization"] = f"Bearer {ready['token']}"
                where = {"owner": ready["login"], "repo": NAME}
                client.post("/_double/faults", json={"name": "bad_gateway", "kind": "create"})
                statuses = [client.post("/user/repos", json={"name": NAME}).status_code for _ in range(2)]
                sha = client.post("/_double/stranger", json=where | {"files": {"index.html": "hi"}}).json()["sha"]
                client.post("/_double/rename", json=where | {"to": "other"})
                client.post("/_double/token", json={"revoked": True})
                revoked = client.get("/user").status_code
                wrong = client.post("/_double/faults", json={"name": "flood"}).status_code
                told = client.get("/_double/summary").json()
                calls = client.get("/_double/calls").json()
        finally:
            process.terminate()
    assert (statuses, len(sha), revoked, wrong, process.returncode) == ([502, 201], 40, 401, 400, 0)
    assert (told["writes"], told["pushes"], told["violations"]) == (2, 0, [])
    assert told["repositories"] == [f"{ready['login']}/other"]
    assert [call["kind"] for call in calls] == ["create", "create", "user"]


def _ready(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout
    begun = time.monotonic()
    line = process.stdout.readline()
    assert line, f"it ended after {time.monotonic() - begun:.1f} s"
    return dict(json.loads(line))
