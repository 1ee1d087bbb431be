"""A submission's repository and page on loopback, and a task that names them."""

from __future__ import annotations

import threading
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import HEADREF, Ref
from dulwich.repo import MemoryRepo
from dulwich.server import DictBackend
from dulwich.web import make_wsgi_chain

from engine.adapters.http.guard import GuardedHttp
from engine.adapters.secret_scanner import DetectSecretsScanner
from engine.site.repository_files import licence
from tasks_app.rehearsal.judging.contracts import NotifyRecord, Result, TaskToJudge
from tasks_app.rehearsal.judging.judge import judge
from tasks_app.rehearsal.judging.tools import JudgingTools
from tests.doubles.http_server import Asked, HttpServer, Script

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

MAIN = Ref(b"refs/heads/main")
SENT = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
SECRET = "correct horse battery"
PIXEL = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe"
README = b"""# Sums

A summary of the page.

## Summary
## Setup
## Usage
## Code explanation
## License
"""
PAGE = b'<!doctype html><title>Sums</title><p id="total">12.50</p><script>let a = 1;</script>\n'
FILES = {"LICENSE": licence(2026, "Somebody"), "README.md": README, "index.html": PAGE}


def commit(
    repo: MemoryRepo,
    files: Mapping[str, bytes],
    parents: Sequence[str] = (),
    *,
    when: datetime = SENT + timedelta(minutes=2),
    branch: Ref = MAIN,
    message: str = "Publish\n",
) -> str:
    """Commit exactly these files (a path may be nested) on a branch; return the SHA."""
    made = Commit()
    made.tree = tree(repo, files)
    made.parents = [ObjectID(one.encode()) for one in parents]
    made.author = made.committer = b"Somebody <somebody@example.com>"
    made.author_time = made.commit_time = int(when.timestamp())
    made.author_timezone = made.commit_timezone = 0
    made.message = message.encode()
    repo.object_store.add_object(made)
    repo.refs[branch] = made.id
    return made.id.decode()


def tree(repo: MemoryRepo, files: Mapping[str, bytes]) -> ObjectID:
    made, folders = Tree(), dict[str, dict[str, bytes]]()
    for path, content in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = content
            continue
        blob = Blob.from_string(content)
        repo.object_store.add_object(blob)
        made.add(first.encode(), 0o100644, blob.id)
    for name, inner in folders.items():
        made.add(name.encode(), 0o040000, tree(repo, inner))
    repo.object_store.add_object(made)
    return made.id


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


class GitServer:
    """Serves a repository by git's smart HTTP at `url`."""

    def __init__(self, repo: MemoryRepo) -> None:
        app = make_wsgi_chain(DictBackend({"/repo": repo}))
        self._server = make_server("127.0.0.1", 0, app, server_class=WSGIServer, handler_class=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/repo"

    def __enter__(self) -> GitServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class PageServer(HttpServer):
    """Serves files below /site/, whatever the query; a script of the same path goes first."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}

    def answer(self, asked: Asked) -> Script:
        path = asked.path.partition("?")[0]
        name = path.removeprefix("/site/") or "index.html"
        if path in self.scripts:
            return self.scripts[path]
        return Script(body=self.files[name]) if name in self.files else Script(404)


@dataclass
class World:
    """One submission. `publish` commits and serves; `judged` returns the results by sentence."""

    repo: MemoryRepo
    repo_url: str
    pages: PageServer
    shas: list[str] = field(default_factory=list)

    def publish(self, files: Mapping[str, bytes] | None = None, **options: Any) -> str:
        files = FILES if files is None else files
        self.shas.append(commit(self.repo, files, self.shas[-1:], **options))
        self.pages.files = dict(files)
        return self.shas[-1]

    def callback(self, **changes: Any) -> dict[str, Any]:
        sha = self.shas[-1] if self.shas else "0" * 40
        told = {"email": "a@example.com", "task": "sums-1a2b3", "round": 1, "nonce": "n-1", "repo_url": self.repo_url}
        return told | {"commit_sha": sha, "pages_url": self.pages.url("/site/")} | changes

    def task(self, **changes: Any) -> TaskToJudge:
        number = changes.pop("number", 1)
        attachments = [
            {"name": name, "url": f"data:application/octet-stream;base64,{b64encode(content).decode()}"}
            for name, content in changes.pop("attachments", {}).items()
        ]
        request = {"email": "a@example.com", "task": "sums-1a2b3", "round": number, "nonce": "n-1", "brief": "A page."}
        at = SENT + timedelta(minutes=5)
        values: dict[str, Any] = {
            "request": request | {"attachments": attachments, "checks": []},
            "criteria": (),
            "endpoint": "http://127.0.0.1:1/handle_task",
            "secret": SECRET,
            "tries": 1,
            "status_code": 200,
            "error": "",
            "sent_at": SENT,
            "accepted_at": SENT,
            "deadline_at": SENT + timedelta(minutes=10),
            "callback": self.callback(round=number),
            "callback_at": at,
            "late": False,
            "calls": lambda: (NotifyRecord(at, 200, ""),),
            "earlier_commits": (),
        }
        return TaskToJudge(**(values | changes))

    def judged(self, *, tools: JudgingTools | None = None, **changes: Any) -> dict[str, Result]:
        results = judge(self.task(**changes), tools or tools_for())
        found = {one.check: one for one in results}
        assert len(found) == len(results)
        return found


def tools_for(*, allow_private: bool = True, **changes: Any) -> JudgingTools:
    values: dict[str, Any] = {"http": _http(allow_private), "scanner": _scanner(), "page_seconds": 5.0}
    return JudgingTools(**(values | changes))


@cache
def _http(allow_private: bool) -> GuardedHttp:
    return GuardedHttp(allow_private=allow_private)


@cache
def _scanner() -> DetectSecretsScanner:
    return DetectSecretsScanner()


def new_repository() -> MemoryRepo:
    repo = MemoryRepo()
    repo.refs.set_symbolic_ref(HEADREF, MAIN)
    return repo
