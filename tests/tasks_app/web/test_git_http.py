from __future__ import annotations

import gzip
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from engine.adapters.local.local_forge import LocalForge
from engine.domain.repository import CommitSpec, Reach, Repository, RepositorySpec
from tasks_app import wiring
from tasks_app.web.git_http import _CALLERS, IN_MEMORY, MOST_BYTES, git_read
from tests.processes import wait_for
from tests.stock_git import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from django.http import HttpResponse

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SPEC = RepositorySpec("site", "1234abcd", "f" * 64, "d", LONG_AGO)
REQUEST = "application/x-git-upload-pack-request"


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalForge:
    forge = LocalForge(tmp_path / "repositories", pages_origin="http://127.0.0.1:8000")
    monkeypatch.setattr(wiring, "local_forge", lambda: forge)
    return forge


@pytest.fixture
def repository(forge: LocalForge) -> Repository:
    repository = forge.create(SPEC)
    commit(forge, repository, {"index.html": b"one", "a/b.bin": bytes(range(256)) * 100})
    return repository


def commit(forge: LocalForge, repository: Repository, files: Mapping[str, bytes]) -> None:
    spec = CommitSpec(files, forge.head(repository), "m", "S <s@example.com>", LONG_AGO)
    assert forge.commit(repository, spec)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = False


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    request = WSGIRequest(environ)
    _, _, owner, name, rest = request.path.split("/", 4)
    response = git_read(request, owner, name.removesuffix(".git"), rest)
    start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
    content = response.getvalue()
    response.close()
    return [content]


@contextmanager
def served(app: WSGIApplication = application) -> Iterator[str]:
    with make_server("127.0.0.1", 0, app, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/git/local/site.git"
        finally:
            server.shutdown()
            thread.join()


def cloned(url: str, folder: Path, *options: str) -> Path:
    done = git(folder, "clone", "--quiet", *options, url, "clone")
    assert done.returncode == 0, done.stderr
    return folder / "clone"


@pytest.mark.processes
def test_stock_git_clones_a_sound_repository(forge: LocalForge, repository: Repository, tmp_path: Path) -> None:
    with served() as url:
        clone = cloned(url, tmp_path)
    assert git(clone, "rev-parse", "HEAD").stdout.strip() == forge.head(repository)
    assert git(clone, "branch", "--show-current").stdout.strip() == "main"
    assert git(clone, "fsck", "--strict").returncode == 0
    assert (clone / "a/b.bin").read_bytes() == bytes(range(256)) * 100


@pytest.mark.processes
def test_fetch_gets_what_another_process_committed(forge: LocalForge, repository: Repository, tmp_path: Path) -> None:
    with served() as url:
        clone = cloned(url, tmp_path)
        other = LocalForge(tmp_path / "repositories", pages_origin="http://x")
        commit(other, repository, {"index.html": b"two"})
        assert git(clone, "fetch", "--quiet").returncode == 0
    assert git(clone, "rev-parse", "origin/main").stdout.strip() == forge.head(repository)


@pytest.mark.processes
def test_fetch_that_git_compresses_gets_through(forge: LocalForge, repository: Repository, tmp_path: Path) -> None:
    encodings = set[str | None]()

    def noting(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        encodings.add(environ.get("HTTP_CONTENT_ENCODING"))
        return application(environ, start_response)

    with served(noting) as url:
        clone = cloned(url, tmp_path)
        for _ in range(60):  # git compresses what it says that it has from 1 KB on
            git(clone, "commit", "--quiet", "--allow-empty", "--message", "mine")
        commit(forge, repository, {"index.html": b"two"})
        assert git(clone, "fetch", "--quiet").returncode == 0
    assert git(clone, "rev-parse", "origin/main").stdout.strip() == forge.head(repository)
    assert "gzip" in encodings


@pytest.mark.processes
def test_shallow_clone_has_one_commit(forge: LocalForge, repository: Repository, tmp_path: Path) -> None:
    commit(forge, repository, {"index.html": b"two"})
    with served() as url:
        clone = cloned(url, tmp_path, "--depth", "1")
    assert git(clone, "rev-list", "--count", "HEAD").stdout.strip() == "1"
    assert (clone / "index.html").read_bytes() == b"two"


@pytest.mark.processes
def test_empty_repository_can_be_cloned(forge: LocalForge, tmp_path: Path) -> None:
    forge.create(SPEC)
    with served() as url:
        cloned(url, tmp_path)


@pytest.mark.processes
def test_push_is_refused(forge: LocalForge, repository: Repository, tmp_path: Path) -> None:
    head = forge.head(repository)
    with served() as url:
        clone = cloned(url, tmp_path)
        assert git(clone, "commit", "--quiet", "--allow-empty", "--message", "mine").returncode == 0
        pushed = git(clone, "push", "origin", "main")
    assert pushed.returncode != 0
    assert "403" in pushed.stderr
    assert forge.head(repository) == head


def ask(method: str, rest: str, body: bytes = b"", **headers: str) -> HttpResponse:
    request = RequestFactory().generic(
        method, f"/git/local/site.git/{rest}", body, headers=headers, content_type=REQUEST
    )
    response = git_read(request, "local", "site", rest.partition("?")[0])
    vars(response)["body"] = response.getvalue()
    response.close()
    return response


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "info/refs"),
        ("GET", "info/refs?service=git-receive-pack"),
        ("GET", "info/refs?service=git-upload-pack&service=git-receive-pack"),
        ("HEAD", "info/refs?service=git-upload-pack"),
        ("POST", "git-receive-pack"),
        ("POST", "info/refs?service=git-upload-pack"),
        ("PUT", "git-upload-pack"),
        ("GET", "HEAD"),
        ("GET", "config"),
        ("GET", "objects/info/packs"),
        ("GET", "../../../etc/passwd"),
    ],
)
def test_everything_else_is_refused(repository: Repository, method: str, rest: str) -> None:
    response = ask(method, rest)
    assert (response.status_code, b"pushes are refused" in response.content) == (403, True)


@pytest.mark.parametrize("name", ["other", "..", "", "site.git/../site"])
def test_unknown_repository_is_not_found(repository: Repository, name: str) -> None:
    request = RequestFactory().get("/", {"service": "git-upload-pack"})
    assert git_read(request, "local", name, "info/refs").status_code == 404


def packet(line: bytes) -> bytes:
    return f"{len(line) + 4:04x}".encode() + line


def wanting(forge: LocalForge, repository: Repository) -> bytes:
    head = (forge.head(repository) or "").encode()
    return packet(b"want " + head + b" side-band-64k thin-pack ofs-delta\n") + b"0000" + packet(b"done\n")


def test_compressed_request_is_understood(forge: LocalForge, repository: Repository) -> None:
    plain = ask("POST", "git-upload-pack", wanting(forge, repository))
    packed = ask("POST", "git-upload-pack", gzip.compress(wanting(forge, repository)), **{"Content-Encoding": "gzip"})
    assert plain.status_code == packed.status_code == 200
    assert b"PACK" in packed.body


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (bytes(MOST_BYTES + 1), {}, 413),
        (gzip.compress(bytes(MOST_BYTES + 1)), {"Content-Encoding": "gzip"}, 413),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400),
        (b"garbage", {}, 400),
        (b"zzzz", {}, 400),
        (packet(b"have nothing\n"), {}, 400),
        (packet(b"want " + b"0" * 40 + b" side-band-64k thin-pack ofs-delta\n") + b"0000", {}, 400),
        (packet(b"want x\n") + b"0000", {}, 400),
        (packet(b"want " + b"0" * 40 + b" filter=tree:x side-band-64k thin-pack ofs-delta\n") + b"0000", {}, 400),
    ],
)
def test_body_that_is_no_fetch_is_a_plain_refusal(
    repository: Repository, body: bytes, headers: Mapping[str, str], status: int
) -> None:
    assert ask("POST", "git-upload-pack", body, **headers).status_code == status


def test_form_of_a_web_page_is_refused(repository: Repository) -> None:
    request = RequestFactory().post("/git/local/site.git/git-upload-pack", {"a": "b"})
    assert git_read(request, "local", "site", "git-upload-pack").status_code == 403


def test_request_of_unknown_length_is_refused(repository: Repository) -> None:
    request = RequestFactory().post("/git/local/site.git/git-upload-pack", b"0000", content_type=REQUEST)
    del request.META["CONTENT_LENGTH"]
    assert git_read(request, "local", "site", "git-upload-pack").status_code == 411


@pytest.mark.parametrize(("reach", "status"), [(Reach.PAGES, 200), (Reach.ARCHIVE, 200), (Reach.PRIVATE, 404)])
def test_only_a_private_repository_of_a_page_that_is_taken_down_cannot_be_cloned(
    forge: LocalForge, repository: Repository, reach: Reach, status: int
) -> None:
    forge.take_down(repository, reach)
    assert ask("GET", "info/refs?service=git-upload-pack").status_code == status
    assert ask("POST", "git-upload-pack", wanting(forge, repository)).status_code == status


# --- Many at once -----------------------------------------------------------------------------------------------------


@pytest.fixture
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_app.web.git_http.LARGE", 1)


@pytest.mark.usefixtures("_large")
def test_a_pack_is_streamed_from_a_file_and_its_place_is_free_once_the_answer_is_closed(
    forge: LocalForge, repository: Repository
) -> None:
    commit(forge, repository, {"big.bin": os.urandom(3 * IN_MEMORY)})
    request = RequestFactory().post("/x", wanting(forge, repository), content_type=REQUEST)
    response = git_read(request, "local", "site", "git-upload-pack")
    pieces = list(response)
    assert len(pieces) > 10
    assert int(response["Content-Length"]) == sum(map(len, pieces)) > 3 * IN_MEMORY
    response.close()
    response.close()
    for _ in range(5):
        assert ask("POST", "git-upload-pack", wanting(forge, repository)).status_code == 200


@pytest.mark.usefixtures("_large")
def test_a_client_that_goes_before_its_pack_and_one_that_asks_nonsense_leave_their_places(
    forge: LocalForge, repository: Repository
) -> None:
    for _ in range(5):
        request = RequestFactory().post("/x", wanting(forge, repository), content_type=REQUEST)
        git_read(request, "local", "site", "git-upload-pack").close()
        assert ask("POST", "git-upload-pack", b"zzzz").status_code == 400


def test_small_repositories_are_cloned_beside_each_other(forge: LocalForge, repository: Repository) -> None:
    request = RequestFactory().post("/x", wanting(forge, repository), content_type=REQUEST)
    answers = [git_read(request, "local", "site", "git-upload-pack") for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    for answer in answers:
        answer.close()


@pytest.mark.usefixtures("_large")
def test_one_pack_is_sent_at_a_time_one_clone_waits_and_more_are_told_to_come_again(
    forge: LocalForge, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = RequestFactory().post("/x", wanting(forge, repository), content_type=REQUEST)
    first = git_read(request, "local", "site", "git-upload-pack")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask, "POST", "git-upload-pack", wanting(forge, repository))
        try:
            assert wait_for(lambda: not _CALLERS._value, 30)
            refused = ask("POST", "git-upload-pack", wanting(forge, repository))
            assert (refused.status_code, int(refused["Retry-After"]) > 0) == (503, True)
            assert ask("GET", "info/refs?service=git-upload-pack").status_code == 200
        finally:
            first.close()
        assert waiting.result(10).status_code == 200
    monkeypatch.setattr("tasks_app.web.git_http.WAITS", 0.01)
    held = git_read(request, "local", "site", "git-upload-pack")
    assert ask("POST", "git-upload-pack", wanting(forge, repository)).status_code == 503
    held.close()
    assert ask("POST", "git-upload-pack", wanting(forge, repository)).status_code == 200
