"""The foreign implementation itself: flawless without a fault, and each fault shows its symptom."""

from __future__ import annotations

import hashlib
import json
import queue
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import yaml
from dulwich.client import get_transport_and_path
from dulwich.objects import Commit
from dulwich.repo import MemoryRepo

from tests.doubles.foreign.content import credentials
from tests.doubles.foreign.endpoints import ORDER, class_routes, fault_of
from tests.doubles.foreign.faults import NAMES, read_faults
from tests.doubles.foreign.running import TEMPLATES, Foreign, process, served
from tests.doubles.http_server import Asked, HttpServer, Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOT_FILES = {"LICENSE", "README.md", "index.html", "facts.json", "picture.png", "figures.csv"}


class Evaluator(HttpServer):
    """Takes callbacks, and posts tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.came: queue.Queue[dict[str, Any]] = queue.Queue()
        self.answers = [Script()]

    def answer(self, asked: Asked) -> Script:
        self.came.put(json.loads(asked.body))
        return self.answers.pop() if len(self.answers) > 1 else self.answers[0]


@dataclass
class Played:
    """A task that is played with an endpoint, as an evaluator does."""

    foreign: Foreign
    evaluator: Evaluator
    endpoint: str
    task: str
    statuses: list[int] = field(default_factory=list)

    def post(self, number: int = 1, *, seconds: float = 20, **changes: Any) -> httpx2.Response:
        """Post a round."""
        [template] = yaml.safe_load(TEMPLATES.read_text().replace("${seed}", "a1b2"))
        asked = template if number == 1 else template["round2"][0]
        nonce = f"{self.task}-{number}"
        body = {
            "email": "student@example.com",
            "secret": self.foreign.secret,
            "task": self.task,
            "round": number,
            "nonce": nonce,
            "brief": asked["brief"],
            "checks": [],
            "evaluation_url": self.evaluator.url("/notify"),
            "attachments": asked.get("attachments", []),
        }
        answer = httpx2.post(self.endpoint, json={**body, **changes}, timeout=seconds, trust_env=False)
        self.statuses.append(answer.status_code)
        return answer

    def round(self, number: int = 1) -> dict[str, Any]:
        """Post a round and return its callback."""
        self.post(number)
        return self.evaluator.came.get(timeout=20)

    def nothing_comes(self) -> bool:
        """Say whether the next callback is of a task that is posted only now, to an honest endpoint."""
        other = Played(self.foreign, self.evaluator, self.foreign.endpoint(), f"{self.task}-other")
        return other.round()["task"] == other.task


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    with served(tmp_path_factory.mktemp("foreign"), made=class_routes) as running:
        yield running


@pytest.fixture
def evaluator() -> Iterator[Evaluator]:
    with Evaluator() as server:
        yield server


@pytest.fixture
def played(foreign: Foreign, evaluator: Evaluator, request: pytest.FixtureRequest) -> Played:
    faults = getattr(request, "param", "")
    name = hashlib.sha256(request.node.name.encode()).hexdigest()[:8]
    return Played(foreign, evaluator, foreign.endpoint(faults), f"greeting-{name}")


def having(faults: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("played", [faults], indirect=True, ids=[faults])


def fetched(url: str) -> MemoryRepo:
    """Return a clone, with all branches."""
    repo = MemoryRepo()
    client, path = get_transport_and_path(url)
    for ref, sha in client.fetch(path, repo).refs.items():
        if sha and not ref.endswith(b"^{}") and ref != b"HEAD":
            repo.refs[ref] = sha
    return repo


def commits(repo: MemoryRepo, sha: str) -> list[str]:
    return [entry.commit.id.decode() for entry in repo.get_walker(include=[sha.encode()])]


def files(repo: MemoryRepo, sha: str) -> dict[str, bytes]:
    commit = repo[sha.encode()]
    assert isinstance(commit, Commit)
    return {name.decode(): repo[blob].data for name, _, blob in repo[commit.tree].items()}


def page(told: dict[str, Any], path: str = "") -> httpx2.Response:
    return httpx2.get(told["pages_url"] + path, trust_env=False)


def test_without_a_fault_both_rounds_are_as_they_should_be(played: Played) -> None:
    first = played.round()
    second = played.round(2)
    assert played.statuses == [200, 200]
    assert [first["nonce"], second["nonce"]] == [f"{played.task}-1", f"{played.task}-2"]
    assert first["repo_url"] == second["repo_url"]
    repo = fetched(second["repo_url"])
    assert commits(repo, second["commit_sha"]) == [second["commit_sha"], first["commit_sha"]]
    assert repo.refs[b"refs/heads/main"].decode() == second["commit_sha"]
    made = files(repo, second["commit_sha"])
    assert made.keys() == ROOT_FILES
    assert made["picture.png"].startswith(b"\x89PNG")
    assert b'<span id="total">61.5</span>' in made["index.html"]
    assert b"Goodbye, a1b2!" in made["index.html"]
    assert b"Goodbye" not in files(repo, first["commit_sha"])["index.html"]
    for path in ROOT_FILES:
        assert page(second, path).content == made[path]
    assert page(second).content == made["index.html"]
    assert page(second, "picture.png").headers["content-type"] == "image/png"
    assert page(second, "nowhere").status_code == 404


def test_a_wrong_secret_is_refused(played: Played) -> None:
    assert played.post(secret="wrong").status_code == 401
    assert played.nothing_comes()


def test_the_same_request_again_is_done_once(played: Played) -> None:
    played.round()
    assert played.post().status_code == 200
    assert played.nothing_comes()


def test_a_callback_that_nobody_takes_comes_again(played: Played) -> None:
    played.evaluator.answers = [Script(), Script(503)]
    first = played.round()
    assert played.evaluator.came.get(timeout=20) == first
    assert played.nothing_comes()


def test_the_template_says_what_is_there(foreign: Foreign) -> None:
    [template] = yaml.safe_load(TEMPLATES.read_text())
    assert [each["name"] for each in template["attachments"]] == ["picture.png", "figures.csv"]
    assert {name for check in template["checks"] for name in check} == {"js", "html", "file"}


# --- Each fault ---


@having("two-commits")
def test_two_commits(played: Played) -> None:
    told = played.round()
    assert len(commits(fetched(told["repo_url"]), told["commit_sha"])) == 2


@having("stale-page")
def test_stale_page(played: Played) -> None:
    played.round()
    told = played.round(2)
    assert b"Goodbye" in files(fetched(told["repo_url"]), told["commit_sha"])["index.html"]
    assert "Goodbye" not in page(told).text


@having("wrong-sha")
def test_wrong_sha(played: Played) -> None:
    told = played.round()
    assert re.fullmatch("[0-9a-f]{40}", told["commit_sha"])
    assert told["commit_sha"].encode() not in fetched(told["repo_url"])


@having("late=0.5")
def test_late(played: Played) -> None:
    assert played.round()["round"] == 1
    [posted] = [one["at"] for one in played.foreign.log() if one["task"] == played.task]
    assert played.evaluator.asked[0].at - datetime.fromisoformat(posted) >= timedelta(seconds=0.5)


@having("no-licence")
def test_no_licence(played: Played) -> None:
    rounds = [played.round(), played.round(2)]
    for told in rounds:
        assert files(fetched(told["repo_url"]), told["commit_sha"]).keys() == ROOT_FILES - {"LICENSE"}


@having("secret-in-history")
def test_secret_in_history(played: Played) -> None:
    told = played.round()
    repo = fetched(told["repo_url"])
    draft = repo.refs[b"refs/heads/draft"].decode()
    assert len(commits(repo, told["commit_sha"])) == 1
    found = [files(repo, sha).get("local.env") for sha in (*commits(repo, told["commit_sha"]), *commits(repo, draft))]
    assert [one for one in found if one] == [credentials(played.foreign.secret)]
    assert "local.env" not in files(repo, draft)


@having("second-callback")
def test_second_callback(played: Played) -> None:
    told = played.round()
    assert played.evaluator.came.get(timeout=20) == told
    assert played.nothing_comes()


@having("status-201")
def test_status_201(played: Played) -> None:
    played.round()
    assert played.statuses == [201]


@having("ignores-round-2")
def test_ignores_round_2(played: Played) -> None:
    first, second = played.round(), played.round(2)
    assert second["round"] == 2
    assert second["commit_sha"] == first["commit_sha"]


@having("base64-text")
def test_base64_text(played: Played) -> None:
    told = played.round()
    assert files(fetched(told["repo_url"]), told["commit_sha"])["picture.png"].startswith(b"iVBORw0KGgo")


@having("hang")
def test_hang(played: Played) -> None:
    with pytest.raises(httpx2.ReadTimeout):
        played.post(seconds=0.5)
    assert played.foreign.log()[-1]["task"] == played.task
    assert "status" not in played.foreign.log()[-1]


@having("rubbish-200")
def test_rubbish(played: Played) -> None:
    answer = played.post()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()
    assert played.nothing_comes()


@having("redirect")
def test_redirect(played: Played) -> None:
    answer = played.post()
    assert (answer.status_code, answer.headers["location"]) == (307, played.foreign.endpoint())
    assert played.nothing_comes()


@having("other-nonce")
def test_other_nonce(played: Played) -> None:
    assert played.round()["nonce"] != f"{played.task}-1"


@having("for-somebody-else")
def test_for_somebody_else(played: Played) -> None:
    assert played.round()["email"] != "student@example.com"


@having("huge-repository")
def test_huge_repository(played: Played) -> None:
    told = played.round()
    client, path = get_transport_and_path(told["repo_url"])
    received = 0

    def take(data: bytes) -> None:
        nonlocal received
        received += len(data)
        if received > 5_000_000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        client.fetch_pack(path, lambda refs, **_: [refs[b"refs/heads/main"]], MemoryRepo().get_graph_walker(), take)
    assert page(told).status_code == 200


@having("no-callback")
def test_no_callback(played: Played) -> None:
    assert played.post().status_code == 200
    assert played.nothing_comes()


@having("private")
def test_private(played: Played) -> None:
    told = played.round()
    with pytest.raises(Exception, match="No valid credentials"):
        fetched(told["repo_url"])
    assert page(told).status_code == 200


@having("page-404")
def test_page_404(played: Played) -> None:
    assert page(played.round()).status_code == 404


@having("never-200")
def test_never_200(played: Played) -> None:
    assert [played.post().status_code for _ in range(4)] == [500] * 4
    assert played.nothing_comes()


@having("flaky")
def test_flaky(played: Played) -> None:
    assert [played.post().status_code for _ in range(3)] == [500, 500, 200]
    assert played.evaluator.came.get(timeout=20)["round"] == 1


@having("two-commits+no-licence")
def test_faults_are_combined(played: Played) -> None:
    told = played.round()
    repo = fetched(told["repo_url"])
    assert len(commits(repo, told["commit_sha"])) == 2
    assert "LICENSE" not in files(repo, told["commit_sha"])


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="'slow' is none of the faults hang"):
        read_faults("no-licence+slow")


# --- A class ---


def test_an_endpoint_of_the_class_has_the_fault_of_its_number(foreign: Foreign, evaluator: Evaluator) -> None:
    number = ORDER.index("status-201") + len(ORDER)
    played = Played(foreign, evaluator, f"{foreign.url}/e/{number}", "greeting-numbered")
    played.round()
    assert played.statuses == [201]
    assert [(one["path"], one["status"]) for one in foreign.log() if one["task"] == played.task] == [
        (f"/e/{number}", 201)
    ]


def test_a_class_has_every_fault_and_honest_ones() -> None:
    found = [fault_of(number) for number in range(200)]
    assert {name.partition("=")[0] for name in found} == {*NAMES, "none"}
    assert found.count("none") > 200 // 4


@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.parametrize("module", ["tests.doubles.foreign", "tests.doubles.foreign.endpoints"])
def test_it_runs_as_a_process_of_its_own(tmp_path: Path, evaluator: Evaluator, module: str) -> None:
    with process(tmp_path / "foreign", module) as running:
        played = Played(running, evaluator, running.endpoint(), "greeting-process")
        told = played.round()
        assert files(fetched(told["repo_url"]), told["commit_sha"]).keys() == ROOT_FILES
        assert [one["nonce"] for one in running.log()] == ["greeting-process-1"]
    with pytest.raises(httpx2.ConnectError):
        running.log()
