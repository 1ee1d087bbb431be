"""Builds commits in memory with dulwich, so that a forge knows the SHA before it sends anything."""

from __future__ import annotations

import re
import stat
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree

from engine.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dulwich.object_store import BaseObjectStore

    from engine.domain.repository import CommitSpec

FILE_MODE = 0o100644
LONGEST_PATH = 1024
LONGEST_NAME = 255  # bytes; common file systems allow no more

_AUTHOR = re.compile(r"[^<>\n\0]+ <[^<>\s\0]+>")


@dataclass(frozen=True, slots=True)
class BuiltCommit:
    """A commit; `objects` are its blobs and trees, and the commit itself at the end."""

    sha: str
    objects: list[ShaFile]


@dataclass(slots=True)
class _Folder:
    files: dict[bytes, Blob] = field(default_factory=dict)
    folders: dict[bytes, _Folder] = field(default_factory=dict)


def build_commit(spec: CommitSpec) -> BuiltCommit:
    """Build a commit with the SHA that git itself would give. Raises Permanent (unsafe_path, bad_commit).

    The paths are checked here because dulwich accepts `../x` and `.git/config`.
    """
    if not _AUTHOR.fullmatch(spec.author) or "\0" in spec.message or not spec.message.strip():
        raise Permanent("bad_commit", "A commit needs an author written as 'Name <address>' and a message.")
    objects: dict[ObjectID, ShaFile] = {}
    commit = Commit()
    commit.tree = _store_tree(_folders(spec.files), objects)
    commit.parents = [ObjectID(spec.parent.encode())] if spec.parent else []
    commit.author = commit.committer = spec.author.encode()
    commit.author_time = commit.commit_time = int(spec.when.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.message = spec.message.rstrip("\n").encode() + b"\n"
    objects[commit.id] = commit
    return BuiltCommit(commit.id.decode(), list(objects.values()))


def read_tree(store: BaseObjectStore, sha: str) -> dict[str, bytes]:
    """Return a commit's regular files with UTF-8 names, by path. Raises Permanent(commit_missing)."""
    try:
        commit = store[ObjectID(sha.encode())]
        if not isinstance(commit, Commit):
            raise Permanent("commit_missing", f"{sha} is not a commit.")
        entries = [entry for entry in iter_tree_contents(store, commit.tree) if entry.mode and stat.S_ISREG(entry.mode)]
        return dict(_readable((entry.path, store[entry.sha]) for entry in entries if entry.path and entry.sha))
    except KeyError:
        raise Permanent("commit_missing", f"The repository does not hold the whole commit {sha}.") from None


def _readable(entries: Iterable[tuple[bytes, ShaFile]]) -> Iterable[tuple[str, bytes]]:
    for path, blob in entries:
        try:
            yield path.decode(), blob.as_raw_string()
        except UnicodeDecodeError:
            continue


def _folders(files: Mapping[str, bytes]) -> _Folder:
    root = _Folder()
    for path, content in files.items():
        *parents, name = _segments(path)
        folder = root
        for parent in parents:
            folder = folder.folders.setdefault(parent, _Folder())
        folder.files[name] = Blob.from_string(content)
    return root


def _store_tree(folder: _Folder, objects: dict[ObjectID, ShaFile]) -> ObjectID:
    if both := folder.files.keys() & folder.folders.keys():
        raise Permanent("unsafe_path", f"{min(both).decode()} cannot be both a file and a folder.")
    tree = Tree()
    for name, blob in folder.files.items():
        objects[blob.id] = blob
        tree.add(name, FILE_MODE, blob.id)
    for name, inner in folder.folders.items():
        tree.add(name, stat.S_IFDIR, _store_tree(inner, objects))
    objects[tree.id] = tree
    return tree.id


def _segments(path: str) -> list[bytes]:
    """Split a path. Raises Permanent(unsafe_path) if a checkout would refuse the path or would leave its folder."""
    segments = path.split("/")
    if len(path) > LONGEST_PATH or not all(map(_is_safe, segments)):
        raise Permanent("unsafe_path", f"{path[:200]!r} cannot be the path of a file in a repository.")
    return [segment.encode() for segment in segments]


def _is_safe(segment: str) -> bool:
    if segment in ("", ".", "..") or "\\" in segment:
        return False
    categories = {unicodedata.category(character) for character in segment}
    if categories & {"Cc", "Cs"} or len(segment.encode()) > LONGEST_NAME:
        return False
    return not _means_git(segment)


def _means_git(segment: str) -> bool:
    """Say whether some file system reads the name as `.git`. The rules are those of `git fsck`.

    macOS ignores format characters, Windows ignores dots and spaces at the end.
    """
    plain = "".join(character for character in segment if unicodedata.category(character) != "Cf")
    name = unicodedata.normalize("NFKC", plain).casefold().partition(":")[0].rstrip(" .")
    return name == ".git" or re.fullmatch(r"git~\d+", name) is not None
