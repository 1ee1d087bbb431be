"""Looks for secrets in everything that was ever committed to a repository."""

from __future__ import annotations

import base64
import stat
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from dulwich.objects import S_ISGITLINK, Blob, Commit, Tag, Tree

from tasks_app.rehearsal.judging.clones import oldest_first
from tasks_app.rehearsal.judging.observed import Observed

if TYPE_CHECKING:
    from engine.ports import Scanner
    from tasks_app.rehearsal.judging.clones import ClonedRepository

#: A shorter secret would be found by chance.
SHORTEST_SECRET = 6

_MOST_LEAKS = 20
_LONGEST_TEXT = 5_000_000  # bytes of one file that are searched for tokens
_LONGEST_PATH = 300
_BEGINNING = 8_000


@dataclass(frozen=True, slots=True)
class ScanLimits:
    seconds: float = 60.0
    bytes: int = 300_000_000


@dataclass(slots=True)
class _Scan:
    """One search. `visited` holds the trees and blobs that were seen, so that none is read twice."""

    repository: ClonedRepository
    scanner: Scanner
    forms: list[bytes]  # of the submission's secret
    given: str  # text of the request: what it holds was leaked by nobody
    limits: ScanLimits
    ends: float
    visited: set[bytes] = field(default_factory=set)
    leaks: list[str] = field(default_factory=list)
    read: int = 0
    files: int = 0
    cut: list[str] = field(default_factory=list)

    @property
    def over(self) -> str:
        """Why the search must stop; "" if it may go on."""
        if time.monotonic() > self.ends:
            return f"after {self.limits.seconds:.0f} seconds"
        if self.read > self.limits.bytes:
            return f"after {self.limits.bytes / 1_000_000:,.0f} MB"
        return "at the most leaks that are listed" if len(self.leaks) >= _MOST_LEAKS else ""


def secret_forms(secret: str) -> list[bytes]:
    """Return the forms in which a secret may be written: plain, URL-encoded, and base64 at each of three offsets."""
    if len(secret) < SHORTEST_SECRET:
        return []
    raw = secret.encode("utf-8", "replace")
    encoded = [base64.b64encode(bytes(offset) + raw).rstrip(b"=") for offset in range(3)]
    # The characters that depend on what stands before and after the secret are left out.
    inner = [text[-(-offset * 8 // 6) : len(text) - 1] for offset, text in enumerate(encoded)]
    forms = [
        raw,
        quote(secret, safe="", errors="replace").encode(),
        *(one for one in inner if len(one) >= SHORTEST_SECRET),
    ]
    return list(dict.fromkeys([*forms, *(one.translate(bytes.maketrans(b"+/", b"-_")) for one in inner)]))


def without_secret(text: str, secret: str) -> str:
    """Return a text with every form of the submission's secret masked."""
    for form in secret_forms(secret):
        text = text.replace(form.decode(), "[the secret]")
    return text


def secrets_in_history(
    repository: ClonedRepository, scanner: Scanner, *, secret: str, given: str, limits: ScanLimits
) -> Observed:
    """Search everything that a branch or tag leads to: files, messages, names. A leak is named, never shown.

    `given` is the text of the request: a token that it holds is no leak.
    """
    scan = _Scan(repository, scanner, secret_forms(secret), given, limits, time.monotonic() + limits.seconds)
    commits = repository.reachable(repository.refs.values())
    stopped = _scan_refs(scan)
    for number, sha in enumerate([] if stopped else oldest_first(commits)):
        if stopped := scan.over or _scan_commit(scan, sha, commits[sha]):
            stopped = f"the search stopped {stopped}, at commit {number + 1} of {len(commits)} ({sha[:12]})"
            break
    seen = f"commits: {len(commits)}, versions of files: {scan.files}, bytes: {scan.read}"
    short = [] if scan.forms else [f"the submission's secret is shorter than {SHORTEST_SECRET} and was not looked for"]
    lines = "\n".join([seen, *short, *([stopped] if stopped else []), *scan.cut, *scan.leaks])
    if scan.leaks:
        return Observed(0.0, "; ".join(scan.leaks[:5]), lines)
    if stopped or scan.cut:
        return Observed(None, stopped or scan.cut[0], lines)
    return Observed(1.0, f"none was found: {seen}", lines)


def _scan_refs(scan: _Scan) -> str:
    """Scan the names of branches and tags, the tags' messages, and tags of files and folders. Return why it stopped."""
    for ref, sha in scan.repository.refs.items():
        _scan_text(scan, ref.encode(), "the name of a branch or tag", sha)
        found = scan.repository.read(sha.encode())
        while isinstance(found, Tag):
            _scan_text(scan, b"\n".join([found.name, found.tagger or b"", found.message or b""]), f"the tag {ref}", sha)
            found = scan.repository.read(found.object[1])
        if over := "" if isinstance(found, Commit) or found is None else _scan_files(scan, [(ref, found.id)], sha):
            return over
    return ""


def _scan_commit(scan: _Scan, sha: str, commit: Commit) -> str:
    """Scan what a commit brought. Return why the search stopped; "" if it did not."""
    _scan_text(scan, b"\n".join([commit.message, commit.author, commit.committer]), "the commit's message", sha)
    return _scan_files(scan, [("", commit.tree)], sha)


def _scan_files(scan: _Scan, waiting: list[tuple[str, bytes]], sha: str) -> str:
    """Scan the files and folders that were not seen before. Return why the search stopped; "" if it did not."""
    while waiting:
        path, item = waiting.pop()
        if item in scan.visited:
            continue
        scan.visited.add(item)
        _scan_object(scan, path, item, sha, waiting)
        if over := scan.over:
            return over
    return ""


def _scan_object(scan: _Scan, path: str, item: bytes, sha: str, waiting: list[tuple[str, bytes]]) -> None:
    found = scan.repository.read(item)
    if isinstance(found, Blob):
        _scan_text(scan, found.as_raw_string(), path, sha)
        scan.files += 1
        return
    entries = scan.repository.tree(item) if isinstance(found, Tree) else None
    if entries is None:
        scan.cut.append(f"{path or 'the root'} in commit {sha[:12]} could not be read")
        return
    _scan_text(scan, "\n".join(name for name, _, _ in entries).encode(), f"the names of files in /{path}", sha)
    for name, mode, inner in entries:
        if not S_ISGITLINK(mode):
            waiting.append((f"{path}{name}"[-_LONGEST_PATH:] + ("/" if stat.S_ISDIR(mode) else ""), inner))


def _scan_text(scan: _Scan, content: bytes, path: str, sha: str) -> None:
    scan.read += len(content)
    where = f"{path} in commit {sha[:12]}"
    if any(form in content for form in scan.forms):
        scan.leaks.append(f"the submission's secret stands in {where}")
    if b"\0" in content[:_BEGINNING]:
        return
    if len(content) > _LONGEST_TEXT:
        scan.cut.append(f"only the first {_LONGEST_TEXT} bytes of {where} were searched for tokens")
    text = content[:_LONGEST_TEXT].decode("utf-8", "replace")
    for token in scan.scanner.tokens(text):
        if token.match not in scan.given:
            scan.leaks.append(f"a {token.what} ({token.redacted}) stands in line {token.line} of {where}")
        if len(scan.leaks) >= _MOST_LEAKS:
            return
