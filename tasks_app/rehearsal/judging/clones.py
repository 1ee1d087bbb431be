"""Reads commits, trees and files of a cloned repository, whatever a stranger put into it."""

from __future__ import annotations

import stat
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dulwich.errors import FileFormatException
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dulwich.object_store import BaseObjectStore
    from dulwich.objects import ShaFile

MOST_FILES = 20_000
DEEPEST = 60
LARGEST_TREE = 5_000_000  # bytes
_UNREADABLE = (KeyError, ValueError, AssertionError, FileFormatException, zlib.error)


class ClonedRepository:
    """A repository's objects and refs. `refs` holds the SHA that each ref names, `HEAD` that of the default branch."""

    def __init__(self, store: BaseObjectStore, refs: Mapping[str, str]) -> None:
        self.store = store
        self.refs = dict(refs)

    @property
    def head(self) -> str:
        """The commit of the default branch; "" for an empty repository."""
        return self.refs.get("HEAD", "")

    def read(self, sha: bytes) -> ShaFile | None:
        """Return an object; None if it is missing or damaged."""
        try:
            return self.store[ObjectID(sha)]
        except _UNREADABLE:
            return None

    def commit(self, sha: str) -> Commit | None:
        found = self.read(sha.encode("ascii", "replace")) if len(sha) == 40 else None
        return found if isinstance(found, Commit) else None

    def reachable(self, shas: Iterable[str]) -> dict[str, Commit]:
        """Return the commits that are reachable from commits or tags, with these themselves."""
        found: dict[str, Commit] = {}
        visited = set[str]()
        waiting = list(shas)
        while waiting:
            sha = waiting.pop()
            if sha in visited:
                continue
            visited.add(sha)
            item = self.read(sha.encode("ascii", "replace"))
            if isinstance(item, Tag):
                waiting.append(item.object[1].decode())
            elif isinstance(item, Commit):
                found[sha] = item
                waiting += [parent.decode() for parent in item.parents]
        return found

    def files(self, commit: Commit) -> CommitFiles:
        return CommitFiles(self, commit.tree)

    def entries(self, tree: bytes) -> Iterator[tuple[str, int, bytes]]:
        """Yield path, mode and SHA of what is no folder, at most MOST_FILES objects, and nothing below DEEPEST.

        A small repository can hold a tree with billions of paths, so folders count too.
        """
        waiting, left = [("", tree, 0)], MOST_FILES
        while waiting and left > 0:
            folder, sha, depth = waiting.pop()
            for name, mode, inner in self.tree(sha) or ():
                left -= 1
                if stat.S_ISDIR(mode) and depth < DEEPEST:
                    waiting.append((f"{folder}{name}/", inner, depth + 1))
                elif not stat.S_ISDIR(mode):
                    yield f"{folder}{name}", mode, inner
                if left <= 0:
                    return

    def tree(self, sha: bytes) -> list[tuple[str, int, bytes]] | None:
        """Return name, mode and SHA of each entry of a tree; None if it is missing, damaged or too large."""
        found = self.read(sha)
        if not isinstance(found, Tree) or found.raw_length() > LARGEST_TREE:
            return None
        try:
            return [(e.path.decode("utf-8", "replace"), e.mode, e.sha) for e in found.iteritems() if e.path]
        except _UNREADABLE:
            return None


class CommitFiles(Mapping[str, bytes]):
    """The regular files of a commit by path, read when they are asked for. `others` are symbolic links and modules."""

    def __init__(self, repository: ClonedRepository, tree: bytes) -> None:
        self._repository = repository
        self._blobs: dict[str, bytes] = {}
        self.others: dict[str, str] = {}
        for path, mode, sha in repository.entries(tree):
            if stat.S_ISREG(mode):
                self._blobs.setdefault(path, sha)
            else:
                self.others[path] = "a symbolic link" if stat.S_ISLNK(mode) else "a submodule"

    def __getitem__(self, path: str) -> bytes:
        blob = self._repository.read(self._blobs[path])
        if not isinstance(blob, Blob):
            raise KeyError(path)
        return blob.as_raw_string()

    def __contains__(self, path: object) -> bool:
        return path in self._blobs

    def __iter__(self) -> Iterator[str]:
        return iter(self._blobs)

    def __len__(self) -> int:
        return len(self._blobs)

    def sha(self, path: str) -> bytes:
        return self._blobs[path]


def time_of(commit: Commit) -> datetime:
    """Return when a commit was made, by its own word."""
    try:
        return datetime.fromtimestamp(commit.commit_time, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def oldest_first(commits: Mapping[str, Commit]) -> list[str]:
    return sorted(commits, key=lambda sha: (commits[sha].commit_time, sha))
