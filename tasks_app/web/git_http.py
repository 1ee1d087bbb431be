"""Public read-only clones of the local forge's repositories over git's smart HTTP protocol.

It serves upload-pack only; dulwich's own web application would also accept anonymous pushes.
https://git-scm.com/docs/http-protocol
"""

from __future__ import annotations

import tempfile
import threading
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from dulwich.errors import GitProtocolError, ObjectMissing
from dulwich.protocol import ReceivableProtocol
from dulwich.server import DictBackend, UploadPackHandler

from engine.domain.repository import Reach
from engine.errors import Permanent
from tasks_app import wiring

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from dulwich.repo import Repo
    from dulwich.server import BackendRepo

MOST_BYTES = (
    1024 * 1024
)  # bytes of a client's wants and haves; git itself sends more only in chunks, for tens of thousands of branches

#: A web process has four threads. One serves a large repository at a time and one waits for that, so that two stay for
#: tasks. What comes besides gets a 503. A repository below LARGE is served in a moment, and needs no place.
LARGE = 1_000_000  # bytes of objects
_PACKS = threading.BoundedSemaphore(1)
_CALLERS = threading.BoundedSemaphore(2)
WAITS = 20.0  # seconds

#: Bytes of a pack that are kept in memory; a larger one is in a temporary file.
IN_MEMORY = 256_000
_PIECE = 64 * 1024

_ADVERTISED = b"001e# service=git-upload-pack\n0000"


@csrf_exempt
def git_read(request: HttpRequest, owner: str, name: str, rest: str) -> HttpResponseBase:
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
    answer = BytesIO()
    _converse(repo, b"", answer, advertise=True)
    content = _ADVERTISED + answer.getvalue()
    kind = "application/x-git-upload-pack-advertisement"
    return HttpResponse(content, content_type=kind, headers={"Cache-Control": "no-cache"})


def _upload(repo: Repo, request: HttpRequest) -> HttpResponseBase:
    # A browser sends this type across origins only after a preflight, so no foreign page can send it.
    if request.content_type != "application/x-git-upload-pack-request":
        return _plain(403, "This is not a request of git.")
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal():
        return _plain(411, "The request must say how long it is.")
    body = _unpacked(request) if int(length) <= MOST_BYTES else None
    if body is None:
        return _plain(413, f"The request is longer than {MOST_BYTES} bytes.")
    place = Place.taken() if _is_large(repo) else Place(held=False)
    if place is None:
        return _plain(503, "Too many clones at once. Try again.", {"Retry-After": "10"})
    try:
        return _pack(repo, body, place)
    except BaseException as error:
        place.close()
        if isinstance(error, (GitProtocolError, ObjectMissing, ValueError, KeyError, AssertionError)):
            return _plain(400, "The request is not what git's protocol asks for.")
        raise


class Place:
    """The right to make and send a pack, which counts while it is `held`; and the file that holds the pack."""

    def __init__(self, *, held: bool) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- closed by `close`
        self._lock = threading.Lock()
        self._held = held

    @classmethod
    def taken(cls) -> Place | None:
        """Wait for a place; None if too many wait already, or for too long."""
        if not _CALLERS.acquire(blocking=False):
            return None
        if _PACKS.acquire(timeout=WAITS):
            return cls(held=True)
        _CALLERS.release()
        return None

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(_PIECE), b"")

    def close(self) -> None:
        """Free the place. Django calls this when the response has been sent, or when the client is gone."""
        with self._lock:
            held, self._held = self._held, False
        self.file.close()
        if held:
            _PACKS.release()
            _CALLERS.release()


def _is_large(repo: Repo) -> bool:
    """Say whether the objects of a repository take LARGE bytes or more."""
    size = 0
    for path in (Path(repo.path) / "objects").rglob("*"):
        size += path.stat().st_size if path.is_file() else 0
        if size >= LARGE:
            return True
    return False


def _pack(repo: Repo, body: bytes, place: Place) -> HttpResponseBase:
    """Answer the request from a file, since a pack may be as large as all of a repository."""
    _converse(repo, body, place.file, advertise=False)
    length = place.file.tell()
    place.file.seek(0)
    headers = {"Cache-Control": "no-cache", "Content-Length": str(length)}
    return StreamingHttpResponse(place, content_type="application/x-git-upload-pack-result", headers=headers)


def _unpacked(request: HttpRequest) -> bytes | None:
    """Return the decompressed body: None if it is too long, empty if its compression is broken."""
    if request.headers.get("Content-Encoding", "") not in {"gzip", "x-gzip"}:
        return request.body
    try:
        body = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(request.body, MOST_BYTES + 1)
    except zlib.error:
        return b""
    return body if len(body) <= MOST_BYTES else None


def _converse(repo: Repo, body: bytes, answer: IO[bytes], *, advertise: bool) -> None:
    protocol = ReceivableProtocol(BytesIO(body).read, answer.write)
    served: dict[str, BackendRepo] = {"/": repo}
    UploadPackHandler(DictBackend(served), ["/"], protocol, stateless_rpc=True, advertise_refs=advertise).handle()


def _plain(status: int, text: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(text + "\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)
