"""Public read-only clones of the local forge's repositories over git's smart HTTP protocol.

It serves upload-pack only; dulwich's own web application would also accept anonymous pushes.
https://git-scm.com/docs/http-protocol
"""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.csrf import csrf_exempt
from dulwich.errors import GitProtocolError, ObjectMissing
from dulwich.protocol import ReceivableProtocol
from dulwich.server import DictBackend, UploadPackHandler

from engine.domain.repository import Reach
from engine.errors import Permanent
from tasks_app import wiring

if TYPE_CHECKING:
    from django.http import HttpRequest
    from dulwich.repo import Repo
    from dulwich.server import BackendRepo

MOST_BYTES = (
    1024 * 1024
)  # bytes of a client's wants and haves; git itself sends more only in chunks, for tens of thousands of branches

_ADVERTISED = b"001e# service=git-upload-pack\n0000"


@csrf_exempt
def git_read(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """Answer the two requests of a clone or fetch. All other requests, such as pushes, get 403."""
    asking = request.method == "GET" and rest == "info/refs" and request.GET.getlist("service") == ["git-upload-pack"]
    fetching = request.method == "POST" and rest == "git-upload-pack"
    if not (asking or fetching):
        return _plain(403, "This address is for cloning and fetching; pushes are refused.")
    if wiring.local_forge().taken_down(owner, name) is Reach.PRIVATE:
        return _plain(404, "This repository is not public any more.")
    try:
        with wiring.local_forge().opened(owner, name) as repo:
            return _advertise(repo) if asking else _upload(repo, request)
    except Permanent as error:
        return _plain(404, error.message)


def _advertise(repo: Repo) -> HttpResponse:
    return _git("advertisement", _ADVERTISED + _converse(repo, b"", advertise=True))


def _upload(repo: Repo, request: HttpRequest) -> HttpResponse:
    # A browser sends this type across origins only after a preflight, so no foreign page can send it.
    if request.content_type != "application/x-git-upload-pack-request":
        return _plain(403, "This is not a request of git.")
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        return _plain(411, "The request must say how long it is.")
    body = _unpacked(request) if int(length) <= MOST_BYTES else None
    if body is None:
        return _plain(413, f"The request is longer than {MOST_BYTES} bytes.")
    try:
        return _git("result", _converse(repo, body, advertise=False))
    except (GitProtocolError, ObjectMissing, ValueError, KeyError, AssertionError):
        return _plain(400, "The request is not what git's protocol asks for.")


def _unpacked(request: HttpRequest) -> bytes | None:
    """Return the decompressed body: None if it is too long, empty if its compression is broken."""
    if request.headers.get("Content-Encoding", "") not in {"gzip", "x-gzip"}:
        return request.body
    try:
        body = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(request.body, MOST_BYTES + 1)
    except zlib.error:
        return b""
    return body if len(body) <= MOST_BYTES else None


def _converse(repo: Repo, body: bytes, *, advertise: bool) -> bytes:
    answer = BytesIO()
    protocol = ReceivableProtocol(BytesIO(body).read, answer.write)
    served: dict[str, BackendRepo] = {"/": repo}
    UploadPackHandler(DictBackend(served), ["/"], protocol, stateless_rpc=True, advertise_refs=advertise).handle()
    return answer.getvalue()


def _git(kind: str, content: bytes) -> HttpResponse:
    return HttpResponse(
        content, content_type=f"application/x-git-upload-pack-{kind}", headers={"Cache-Control": "no-cache"}
    )


def _plain(status: int, text: str) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8")
