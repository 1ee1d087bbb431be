"""Bare git repositories in a folder, and how they answer over smart HTTP."""

from __future__ import annotations

import io
import os
import re
import struct
import threading
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dulwich.errors import NotGitRepository
from dulwich.index import commit_tree
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.pack import pack_object_header
from dulwich.refs import Ref
from dulwich.repo import Repo
from dulwich.server import Backend, UploadPackHandler
from dulwich.web import make_wsgi_chain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAIN = Ref(b"refs/heads/main")
DRAFT = Ref(b"refs/heads/draft")
_NAME = re.compile(r"[a-z0-9-]+")
_WHO = b"A stranger <stranger@example.com>"
_MODE = 0o100644
_HUGE = 2**33  # bytes that the one blob of the pack without end is said to have
_PART = 32_768


class _LikeGit(UploadPackHandler):
    """git serves a client that takes no thin packs, dulwich does not."""

    @classmethod
    def required_capabilities(cls) -> tuple[bytes, ...]:
        return ()


class Repositories(Backend):
    """The repositories of a folder, `<name>.git` each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._git = make_wsgi_chain(self, handlers={b"git-upload-pack": _LikeGit})

    def open_repository(self, path: str | bytes) -> Repo:
        """Open a repository by its path, `/<name>.git`. Raises NotGitRepository."""
        name = os.fsdecode(path).strip("/").removesuffix(".git")
        if not _NAME.fullmatch(name):
            raise NotGitRepository(f"no repository {name}")
        return Repo(str(self._folder / f"{name}.git"))

    def create(self, name: str) -> None:
        """Make an empty repository."""
        folder = self._folder / f"{name}.git"
        folder.mkdir(parents=True)
        Repo.init_bare(folder, default_branch=b"main").close()

    def commit(self, name: str, files: Mapping[str, bytes], message: str, branch: Ref = MAIN) -> str:
        """Add a commit with exactly these files to a branch, a new one from `main` on; return its SHA."""
        with self._lock, self.open_repository(name) as repo:
            blobs = [(path.encode(), Blob.from_string(content)) for path, content in files.items()]
            for _, blob in blobs:
                repo.object_store.add_object(blob)
            head = repo.refs.read_loose_ref(branch) or repo.refs.read_loose_ref(MAIN)
            made = Commit()
            made.tree = commit_tree(repo.object_store, [(path, blob.id, _MODE) for path, blob in blobs])
            made.parents = [ObjectID(head)] if head else []
            made.author = made.committer = _WHO
            made.author_time = made.commit_time = int(datetime.now(UTC).timestamp())
            made.author_timezone = made.commit_timezone = 0
            made.message = message.encode()
            repo.object_store.add_object(made)
            repo.refs[branch] = made.id
            return made.id.decode()

    def files(self, name: str, commit: str) -> dict[str, bytes]:
        """Return the files of a commit."""
        with self._lock, self.open_repository(name) as repo:
            found = repo[ObjectID(commit.encode())]
            assert isinstance(found, Commit)
            entries = list(iter_tree_contents(repo.object_store, found.tree))
            return {entry.path.decode(): repo[entry.sha].as_raw_string() for entry in entries}

    def answer(self, environ: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answer a request of git's, given as WSGI has it: status, headers, body."""
        status, written = 500, io.BytesIO()
        headers: dict[str, str] = {}

        def start(line: str, fields: list[tuple[str, str]], _error: object = None) -> Any:
            nonlocal status
            status = int(line.split()[0])
            headers.update(fields)
            return written.write

        with self._lock:
            for part in self._git({**environ, "wsgi.input": io.BytesIO(body)}, start):
                written.write(part)
        return status, headers, written.getvalue()


def pack_without_end() -> Iterator[bytes]:
    """Yield the answer to a fetch: a pack whose one blob is made up while it is read, up to 8 GB."""
    yield b"0008NAK\n"
    packer = zlib.compressobj(level=0)
    header = pack_object_header(Blob.type_num, None, _HUGE, DEFAULT_OBJECT_FORMAT)
    yield _packet(b"PACK" + struct.pack(">LL", 2, 1) + bytes(header))
    filler = os.urandom(_PART)
    for _ in range(_HUGE // _PART):
        packed = packer.compress(filler)
        yield _packet(packed[:_PART]) + _packet(packed[_PART:])


def _packet(data: bytes) -> bytes:
    """Return a packet of the side band that carries the pack; empty for nothing."""
    return f"{len(data) + 5:04x}".encode() + b"\x01" + data if data else b""
