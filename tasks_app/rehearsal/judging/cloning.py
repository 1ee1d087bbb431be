"""Clones a stranger's repository over HTTP, through the guard and within bounds. Nothing is ever checked out."""

from __future__ import annotations

import tempfile
import time
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from dulwich.client import HTTPUnauthorized, Urllib3HttpGitClient
from dulwich.errors import FileFormatException, GitProtocolError, NotGitRepository
from dulwich.object_store import DiskObjectStore, ObjectStoreGraphWalker
from dulwich.refs import HEADREF
from urllib3 import HTTPHeaderDict

from engine.adapters.github.git_transport import TooLargeError
from engine.errors import EngineError, Permanent
from tasks_app.rehearsal.judging.clones import ClonedRepository
from tasks_app.rehearsal.judging.observed import NotLookedAt, TooLargeToJudge
from tasks_app.rehearsal.judging.packs import CloneLimits, measure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dulwich.objects import ObjectID
    from dulwich.refs import Ref
    from urllib3 import PoolManager

    from engine.adapters.http.guard import GuardedHttp

USER_AGENT = "git/llm-devops-engine"  # GitHub serves git's smart protocol only to clients whose name starts with git

_IN_MEMORY = 4_000_000  # bytes of an answer; more go to a temporary file
_LARGEST_LIST = 8_000_000  # bytes of the list of refs

#: Refs of strangers: anybody may open a pull request.
_OF_STRANGERS = (b"refs/pull/", b"refs/merge-requests/", b"refs/changes/")

#: dulwich raises these if an answer is missing, cut off or damaged.
_FAILURES = (
    GitProtocolError, NotGitRepository, HTTPUnauthorized, FileFormatException, TooLargeError, OSError, zlib.error,
    ValueError, KeyError, TypeError, AssertionError, RecursionError,
)  # fmt: skip


class _SpooledReply:
    """The part of urllib3's response that dulwich uses. It has no `__slots__`, since dulwich adds attributes."""

    def __init__(self, status: int, headers: Mapping[str, str], url: str, body: BinaryIO) -> None:
        self.status, self.headers = status, HTTPHeaderDict(headers)
        self._url, self._body = url, body

    def read(self, size: int = -1) -> bytes:
        return self._body.read(size)

    def geturl(self) -> str:
        return self._url

    def close(self) -> None:
        self._body.close()


class GuardedPool:
    """Replaces urllib3's PoolManager for one clone: each request goes through the guard, all within one limit.

    `refused` is the last status other than 200. The answers' files stay open until `stack` closes them.
    """

    def __init__(self, http: GuardedHttp, limits: CloneLimits, ends: float, stack: ExitStack) -> None:
        self.headers = {"User-Agent": USER_AGENT}
        self.refused = 0
        self._http, self._ends, self._left, self._stack = http, ends, limits.pack_bytes, stack

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Iterable[bytes] | None = None,
        *,
        preload_content: bool = False,
    ) -> _SpooledReply:
        """Send one request; GET follows redirects. Raises as the guard does, and TooLargeError."""
        del preload_content
        data = body if body is None or isinstance(body, bytes) else b"".join(body)
        spool = cast("BinaryIO", self._stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY)))  # noqa: SIM115
        most = _LARGEST_LIST if method == "GET" else self._left
        answer = self._http.request(
            method,
            url,
            headers={k: v for k, v in headers.items() if k.lower() not in {"content-length", "transfer-encoding"}},
            body=data,
            seconds=max(self._ends - time.monotonic(), 0.001),
            max_bytes=most,
            redirects="get" if method == "GET" else "none",
            into=None if method == "GET" else spool,
        )
        if answer.truncated:
            raise TooLargeError
        if answer.status != 200:
            self.refused = answer.status
        spool.write(answer.body)
        self._left -= spool.tell()
        spool.seek(0)
        return _SpooledReply(answer.status, answer.headers, answer.url, spool)


@contextmanager
def cloned(
    url: str, http: GuardedHttp, limits: CloneLimits, *, trusted_host: bool = False
) -> Iterator[ClonedRepository]:
    """Clone a repository without credentials into a temporary folder, for the time of a `with` block.

    A `trusted_host` that does not answer is no fault of the repository's owner. Raises NotLookedAt.
    """
    ends = time.monotonic() + limits.seconds
    with tempfile.TemporaryDirectory(prefix="rehearsal-clone-", ignore_cleanup_errors=True) as folder:
        store = DiskObjectStore.init(Path(folder) / "objects")
        try:
            with ExitStack() as stack:
                pool = GuardedPool(http, limits, ends, stack)
                refs = _fetched(url, pool, store, limits, ends, trusted_host=trusted_host)
            yield ClonedRepository(store, refs)
        finally:
            store.close()


def _fetched(
    url: str, pool: GuardedPool, store: DiskObjectStore, limits: CloneLimits, ends: float, *, trusted_host: bool
) -> dict[str, str]:
    """Fetch all objects; return the SHAs by ref. Raises NotLookedAt."""
    try:
        return _fetch(url, pool, store, limits, ends)
    except EngineError as error:
        blamed = None if trusted_host and not isinstance(error, Permanent) else 0.0
        raise NotLookedAt(blamed, f"the repository cannot be cloned: {error.message}") from None
    except _FAILURES as error:
        raise _failure(error, pool, limits, trusted_host=trusted_host) from None


def _fetch(url: str, pool: GuardedPool, store: DiskObjectStore, limits: CloneLimits, ends: float) -> dict[str, str]:
    """Return the SHAs by ref. Raises _FAILURES, EngineError and NotLookedAt."""
    client = Urllib3HttpGitClient(url, pool_manager=cast("PoolManager", pool), quiet=True)

    def wanted(refs: Mapping[Ref, ObjectID], depth: int | None = None) -> list[ObjectID]:
        del depth
        if client.dumb:
            raise NotLookedAt(0.0, "the repository's server does not speak git's smart protocol")
        shas = list(dict.fromkeys(sha for ref, sha in refs.items() if not ref.startswith(_OF_STRANGERS)))
        if len(shas) > limits.refs:
            raise NotLookedAt(0.0, f"the repository has {len(shas)} branches and tags, more than {limits.refs}")
        return shas

    spool, done, abort = store.add_pack()
    try:
        fetched = client.fetch_pack(
            b"",
            wanted,
            ObjectStoreGraphWalker([], lambda _: [], shallow=set()),
            spool.write,
            ref_prefix=[HEADREF, b"refs/"],
        )
        spool.flush()
        if spool.tell():
            measure(spool, limits, ends)
            spool.seek(0, 2)
    except BaseException:
        abort()
        raise
    done()
    found = {ref: sha for ref, sha in fetched.refs.items() if sha and not ref.startswith(_OF_STRANGERS)}
    if HEADREF not in found and (branch := fetched.symrefs.get(HEADREF)) in found:
        found[HEADREF] = found[branch]
    return {ref.decode("utf-8", "replace"): sha.decode() for ref, sha in found.items()}


def _failure(error: Exception, pool: GuardedPool, limits: CloneLimits, *, trusted_host: bool) -> NotLookedAt:
    if isinstance(error, TooLargeError) or isinstance(error.__cause__, TooLargeError):
        return TooLargeToJudge(f"more than {limits.pack_bytes / 1_000_000:,.0f} MB came")
    if pool.refused in {401, 403, 404, 410}:
        sentence = f"the repository cannot be read without credentials: its server answers {pool.refused}"
        return NotLookedAt(0.0, f"{sentence}, so it is private, was deleted or never existed")
    if pool.refused:
        blamed = None if trusted_host and (pool.refused == 429 or pool.refused >= 500) else 0.0
        return NotLookedAt(blamed, f"the repository cannot be cloned: its server answers {pool.refused}")
    return NotLookedAt(
        0.0, f"the repository cannot be cloned: what came is no whole repository ({type(error).__name__})"
    )
