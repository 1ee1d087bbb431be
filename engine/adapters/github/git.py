"""Reads a head and a tree from GitHub and pushes one branch, over HTTPS with dulwich."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from dulwich.client import HTTPUnauthorized, Urllib3HttpGitClient
from dulwich.errors import (
    ApplyDeltaError,
    ChecksumMismatch,
    GitProtocolError,
    NotGitRepository,
    ObjectFormatException,
    SendPackError,
)
from dulwich.object_store import MemoryObjectStore, ObjectStoreGraphWalker
from dulwich.objects import ObjectID
from dulwich.pack import pack_objects_to_data
from dulwich.refs import Ref
from urllib3.exceptions import HTTPError

from engine.adapters.git_commit import read_tree
from engine.adapters.github.git_transport import BoundedPool, HttpRefusal, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from dulwich.client import GeneratePackDataFunc
    from dulwich.pack import UnpackedObject
    from urllib3 import PoolManager

    from engine.adapters.git_commit import BuiltCommit

BRANCH = Ref(b"refs/heads/main")
USER_AGENT = "git/llm-devops-engine"  # GitHub serves git's smart protocol only to clients whose name starts with git

#: Seconds for all requests of one read or push together.
READ_SECONDS = 40.0
PUSH_SECONDS = 90.0
#: Bytes of a downloaded pack, and of any other answer.
LARGEST_PACK = 200_000_000
LARGEST_ANSWER = 4_000_000
#: How many commits are fetched if the wanted tree is not the head's.
DEPTH = 64

#: dulwich and urllib3 raise these if the answer is missing, cut off or damaged.
_FAILURES = (
    GitProtocolError, NotGitRepository, HTTPUnauthorized, HTTPError, TooLargeError, OSError, ChecksumMismatch,
    ApplyDeltaError, ObjectFormatException, zlib.error, ValueError, KeyError, AssertionError,
)  # fmt: skip


class NoAnswerError(Exception):
    """No whole answer came, so GitHub may have done the request. The text is a short reason without addresses."""


class RefusedError(Exception):
    """The server answered with a status other than 200."""

    def __init__(self, refusal: HttpRefusal) -> None:
        super().__init__(str(refusal.status))
        self.refusal = refusal


@dataclass(slots=True)
class Pushed:
    """The outcome of a push: `before` is the server's old head, `sent` says that we asked for an update.

    `refused` is the server's reason, "" if it took the update; `remote` is the text of its progress messages.
    """

    before: str | None
    sent: bool
    refused: str = ""
    remote: str = ""


@dataclass(slots=True)
class _Update:
    """Decides during a push whether to update the branch: only if the server's head is still `parent`."""

    built: BuiltCommit
    parent: str | None
    before: str | None = None
    sent: bool = False
    remote_lines: list[bytes] = field(default_factory=list)

    def refs(self, refs: dict[Ref, ObjectID]) -> dict[Ref, ObjectID]:
        head = refs.get(BRANCH)
        self.before = head.decode() if head else None
        # dulwich sends this head as the old one, so another head than our parent must stop the update here.
        if self.before != self.parent:
            return {}
        self.sent = True
        return {BRANCH: ObjectID(self.built.sha.encode())}


class GitHubGit:
    """Git with one token, which is sent in a header to `address` only. `address` is a repository's git URL."""

    def __init__(self, token: str) -> None:
        self._token = token

    def head(self, address: str) -> str | None:
        """Return the SHA of branch main, None for an empty repository. Raises RefusedError, NoAnswerError."""
        with self._client(address, READ_SECONDS, LARGEST_ANSWER) as client:
            head = client.get_refs(b"", ref_prefix=[BRANCH]).refs.get(BRANCH)
        return head.decode() if head else None

    def tree(self, address: str, sha: str) -> Mapping[str, bytes]:
        """Return the files of one of the newest DEPTH commits. Raises as `head` does, Permanent(commit_missing)."""
        store = MemoryObjectStore()
        with self._client(address, READ_SECONDS, LARGEST_PACK) as client:
            spool, done, abort = store.add_pack()
            try:
                client.fetch_pack(
                    b"",
                    lambda refs, depth=None: [head] if (head := refs.get(BRANCH)) else [],
                    ObjectStoreGraphWalker([], lambda _: [], shallow=set()),
                    spool.write,
                    depth=self._depth(client, sha),
                    ref_prefix=[BRANCH],
                )
                done()
            except BaseException:
                abort()
                raise
        return read_tree(store, sha)

    def push(self, address: str, built: BuiltCommit, parent: str | None) -> Pushed:
        """Make `built` the head of branch main if that is still `parent`. Raises RefusedError, NoAnswerError."""
        update = _Update(built, parent)
        with self._client(address, PUSH_SECONDS, LARGEST_ANSWER) as client:
            try:
                result = client.send_pack(
                    b"",
                    update.refs,
                    _packed(built),
                    progress=update.remote_lines.append,
                )
            except SendPackError as error:
                return Pushed(update.before, update.sent, str(error) or "unpack failed", _text(update.remote_lines))
        refused = (result.ref_status or {}).get(BRANCH) if update.sent else None
        return Pushed(update.before, update.sent, refused or "", _text(update.remote_lines))

    @staticmethod
    def _depth(client: Urllib3HttpGitClient, sha: str) -> int:
        head = client.get_refs(b"", ref_prefix=[BRANCH]).refs.get(BRANCH)
        return 1 if head == sha.encode() else DEPTH

    @contextmanager
    def _client(self, address: str, seconds: float, most: int) -> Iterator[Urllib3HttpGitClient]:
        pool = BoundedPool(seconds, most, {"User-Agent": USER_AGENT})
        client = Urllib3HttpGitClient(
            address,
            pool_manager=cast("PoolManager", pool),
            username="x-access-token",
            password=self._token,
            quiet=True,
        )
        try:
            yield client
        except _FAILURES as error:
            if pool.refusal:
                raise RefusedError(pool.refusal) from None
            raise NoAnswerError(_reason(error)) from None
        finally:
            pool.close()


def _packed(built: BuiltCommit) -> GeneratePackDataFunc:
    """Return a function that packs all objects, also those that the server has, because a page's tree is small."""

    def generate(
        have: AbstractSet[ObjectID],
        want: AbstractSet[ObjectID],
        *,
        ofs_delta: bool = False,
        progress: Callable[[bytes], None] | None = None,
    ) -> tuple[int, Iterator[UnpackedObject]]:
        del have, want, ofs_delta, progress
        return pack_objects_to_data(built.objects, deltify=False)

    return generate


def _reason(error: Exception) -> str:
    """Name the failure by its class, because an exception's text may hold an address."""
    cause = error.__cause__ or error
    return "the answer is too large" if isinstance(cause, TooLargeError) else type(cause).__name__


def _text(remote_lines: list[bytes]) -> str:
    return b"".join(remote_lines).decode("utf-8", "replace")
