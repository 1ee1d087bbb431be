"""git's smart HTTP: anybody clones, whoever has the token pushes. https://git-scm.com/docs/http-protocol"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode
from io import BytesIO
from typing import TYPE_CHECKING, ClassVar

from dulwich.errors import GitProtocolError, ObjectMissing
from dulwich.object_store import iter_tree_contents
from dulwich.objects import ZERO_SHA, Commit, ObjectID
from dulwich.protocol import SIDE_BAND_CHANNEL_PROGRESS, ReceivableProtocol
from dulwich.server import DictBackend, ReceivePackHandler, UploadPackHandler

from tests.doubles.github.wire import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dulwich.refs import Ref

    from tests.doubles.github.faults import Fault
    from tests.doubles.github.state import Repository, State
    from tests.doubles.github.wire import Request

ADDRESS = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")

_DECLINED = b"push declined due to repository rule violations"
# https://docs.github.com/code-security/secret-scanning/working-with-secret-scanning-and-push-protection
_SECRET_FOUND = """error: GH013: Repository rule violations found for refs/heads/main.

- GITHUB PUSH PROTECTION
  —————————————————————————————————————————
    Resolve the following violations before pushing again

    - Push cannot contain secrets

      —— GitHub Personal Access Token ——————————————————————
       locations:
         - commit: {commit}
           path: {path}:1

       (?) To push, remove secret from commit(s) or follow this URL to allow the secret.
       {page}/security/secret-scanning/unblock-secret/2abc
"""
_NO_WORKFLOWS = "refusing to allow a Personal Access Token to create or update workflow `{}` without `workflow` scope"


def kind(request: Request) -> str:
    """Return the kind of an exchange, as faults name it."""
    if request.path.endswith("/info/refs"):
        return "push-refs" if "git-receive-pack" in request.query else "fetch-refs"
    return "push" if request.path.endswith("git-receive-pack") else "fetch"


def answer(state: State, request: Request, fault: Fault | None) -> Answer:
    """Answer one request of git. Whoever calls holds the lock."""
    match = ADDRESS.fullmatch(request.path)
    assert match
    owner, name, rest = match.groups()
    refused = _refused(state, request)
    if refused:
        return refused
    repo = state.find(owner, name)
    if repo is None:
        return _elsewhere(state, request, owner, name, rest)
    if kind(request).startswith("push") and "contents" in state.lacking:
        return _plain(403, f"remote: Permission to {repo.full_name}.git denied to {state.login}.\n")
    try:
        return _conversation(state, repo, request, rest, fault)
    except (GitProtocolError, ObjectMissing, ValueError, KeyError, AssertionError) as error:
        return _plain(400, f"{type(error).__name__}: {error}\n")


def credentials(request: Request) -> str | None:
    """Return the token that a request shows, None without one."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    return b64decode(value).decode().partition(":")[2]


def _refused(state: State, request: Request) -> Answer | None:
    shown = credentials(request)
    if shown is not None and (state.revoked or shown != state.token):
        said = "remote: Invalid username or token. Password authentication is not supported for Git operations.\n"
        return _plain(401, said, **{"WWW-Authenticate": 'Basic realm="GitHub"'})
    if shown is None and kind(request).startswith("push"):
        return _plain(401, "No anonymous write access.\n", **{"WWW-Authenticate": 'Basic realm="GitHub"'})
    return None


def _elsewhere(state: State, request: Request, owner: str, name: str, rest: str) -> Answer:
    moved = state.renamed(owner, name)
    if moved:
        query = f"?{request.query}" if request.query else ""
        return _plain(301, "", Location=f"{state.api}/{moved.full_name}.git/{rest}{query}")
    if credentials(request) is None:
        return _plain(401, "Repository not found.\n", **{"WWW-Authenticate": 'Basic realm="GitHub"'})
    return _plain(404, "remote: Repository not found.\n")


def _conversation(state: State, repo: Repository, request: Request, rest: str, fault: Fault | None) -> Answer:
    if rest == "info/refs":
        service = request.query.removeprefix("service=")
        if service not in ("git-upload-pack", "git-receive-pack"):
            return _plain(403, "Please upgrade your git client.\n")
        line = f"# service={service}\n".encode()
        head = f"{len(line) + 4:04x}".encode() + line + b"0000"
        return _git(f"{service}-advertisement", head + _converse(state, repo, service, b"", fault, advertise=True))
    body = request.body
    if request.headers.get("content-encoding", "") in ("gzip", "x-gzip"):
        body = zlib.decompress(body, wbits=zlib.MAX_WBITS | 16)
    return _git(f"{rest}-result", _converse(state, repo, rest, body, fault, advertise=False))


def _converse(
    state: State, repo: Repository, service: str, body: bytes, fault: Fault | None, *, advertise: bool
) -> bytes:
    out = BytesIO()
    protocol = ReceivableProtocol(BytesIO(body).read, out.write)
    backend = DictBackend({"/": repo.git})
    if service == "git-upload-pack":
        UploadPackHandler(backend, ["/"], protocol, stateless_rpc=True, advertise_refs=advertise).handle()
    else:
        taking = _Taking(backend, ["/"], protocol, stateless_rpc=True, advertise_refs=advertise)
        taking.state, taking.repository, taking.fault = state, repo, fault
        taking.handle()
    return out.getvalue()


class _Taking(ReceivePackHandler):
    """Takes a push as GitHub does: each update from the head that the client names alone, no secrets, no workflows."""

    state: State
    repository: Repository
    fault: Fault | None
    _unpacked: ClassVar[tuple[bytes, bytes]] = (b"unpack", b"ok")

    def _apply_pack(self, refs: list[tuple[ObjectID, ObjectID, Ref]]) -> Iterator[tuple[bytes, bytes]]:
        if any(new != ZERO_SHA for _, new, _ in refs):
            self.repo.object_store.add_thin_pack(self.proto.read, getattr(self.proto, "recv", None))
        yield self._unpacked
        for old, new, ref in refs:
            yield ref, self._update(old, new, ref)

    def _update(self, old: ObjectID, new: ObjectID, ref: Ref) -> bytes:
        if self.fault and self.fault.outcome == "secret":
            self._tell(
                _SECRET_FOUND.format(commit=new.decode(), path=self.fault.message or "index.html", page=self._page())
            )
            return _DECLINED
        if self.fault and self.fault.outcome == "rule":
            self._tell(self.fault.message)
            return _DECLINED
        present = (self.repository.ref(ref) or ZERO_SHA.decode()).encode()
        if present != old:
            return f"cannot lock ref '{ref.decode()}': is at {present.decode()} but expected {old.decode()}".encode()
        if new == ZERO_SHA:
            return b"refusing to delete the current branch: " + ref
        workflow = self._workflow(new)
        if workflow:
            return _NO_WORKFLOWS.format(workflow).encode()
        self.state.move(self.repository, ref, new.decode())
        return b"ok"

    def _workflow(self, sha: ObjectID) -> str:
        scopes = self.state.scopes
        allowed = "workflows" not in self.state.lacking if scopes is None else "workflow" in scopes
        commit = self.repo.object_store[sha]
        if allowed or not isinstance(commit, Commit):
            return ""
        paths = (entry.path for entry in iter_tree_contents(self.repo.object_store, commit.tree) if entry.path)
        return next((path.decode() for path in paths if path.startswith(b".github/workflows/")), "")

    def _tell(self, text: str) -> None:
        if self.has_capability(b"side-band-64k"):
            self.proto.write_sideband(SIDE_BAND_CHANNEL_PROGRESS, text.encode())

    def _page(self) -> str:
        return f"{self.state.api}/{self.repository.full_name}"


def _git(kind_: str, content: bytes) -> Answer:
    return Answer(200, content, {"Content-Type": f"application/x-{kind_}", "Cache-Control": "no-cache"})


def _plain(status: int, text: str, **headers: str) -> Answer:
    return Answer(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8", **headers})
