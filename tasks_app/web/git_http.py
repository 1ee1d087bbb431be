"""The door through which anybody clones the local forge's repositories: git's smart HTTP, reading only.

It speaks upload-pack alone. dulwich's own web application would take anonymous pushes as well.
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

from engine.errors import Permanent
from tasks_app import wiring

if TYPE_CHECKING:
    from django.http import HttpRequest
    from dulwich.repo import Repo
    from dulwich.server import BackendRepo

MOST_BYTES = (
    1024 * 1024
)  # what a client wants and has; git itself sends more only in pieces, for tens of thousands of branches

_ADVERTISED = b"001e# service=git-upload-pack\n0000"


@csrf_exempt
def git_read(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponse:
    """Answer the two requests of a clone or fetch; 403 to everything else, pushes above all."""
    asking = request.method == "GET" and rest == "info/refs" and request.GET.getlist("service") == ["git-upload-pack"]
    fetching = request.method == "POST" and rest == "git-upload-pack"
    if not (asking or fetching):
        return _plain(403, "This address is for cloning and fetching; pushes are refused.")
    try:
        with wiring.local_forge().opened(owner, name) as repo:
            return _advertise(repo) if asking else _upload(repo, request)
    except Permanent as error:
        return _plain(404, error.message)


def _advertise(repo: Repo) -> HttpResponse:
    return _git("advertisement", _ADVERTISED + _converse(repo, b"", advertise=True))


def _upload(repo: Repo, request: HttpRequest) -> HttpResponse:
    # Browsers must ask before they send this type across origins; so no page can have a visitor do it.
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
    """Return the body without its compression; None for one that is too long, and empty for one that is broken."""
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
