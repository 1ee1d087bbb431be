"""Verifies a callback from outside: clones the repository, fetches the page and compares the two."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urljoin

import httpx2

from engine.adapters.http.guard import GuardedHttp
from tasks_app.rehearsal.judging.cloning import cloned
from tasks_app.rehearsal.judging.observed import NotLookedAt
from tasks_app.rehearsal.judging.packs import CloneLimits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REQUIRED = ("LICENSE", "README.md", ".nojekyll", "index.html")


class ProofError(Exception):
    """What is published differs from what the callback says; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Clone:
    """A fetched repository: the SHA of its head, the number of commits up to it, and its files."""

    head: str
    commits: int
    files: Mapping[str, bytes]


def clone(url: str) -> Clone:
    """Fetch a repository over HTTP. Raises ProofError."""
    try:
        with cloned(url, GuardedHttp(allow_private=True), CloneLimits()) as fetched:
            if (commit := fetched.commit(fetched.head)) is None:
                raise ProofError(f"{url} is empty")
            return Clone(fetched.head, len(fetched.reachable([fetched.head])), dict(fetched.files(commit)))
    except NotLookedAt as missing:
        raise ProofError(missing.reason) from None


def prove(callback: Mapping[str, Any], *, commits: int, attachments: Mapping[str, bytes], secret: str) -> Clone:
    """Check a callback's repository, page and attachments; return the clone. Raises ProofError with all differences."""
    cloned = clone(str(callback["repo_url"]))
    differences = [f"{name} is missing" for name in REQUIRED if name not in cloned.files]
    if cloned.head != callback["commit_sha"]:
        differences.append(f"the head is {cloned.head}, told was {callback['commit_sha']}")
    if cloned.commits != commits:
        differences.append(f"{cloned.commits} commits, expected {commits}")
    differences += [
        f"{path} holds the shared secret" for path, content in cloned.files.items() if secret.encode() in content
    ]
    differences += [
        f"{name} is not the attachment byte for byte"
        for name, content in attachments.items()
        if cloned.files.get(name) != content
    ]
    page = str(callback["pages_url"])
    with httpx2.Client(timeout=10.0, trust_env=False, follow_redirects=True) as client:
        for path in ("", *attachments):
            answer = client.get(urljoin(page, path))
            if answer.status_code != 200 or answer.content != cloned.files.get(path or "index.html"):
                differences.append(
                    f"{answer.url} answers {answer.status_code} and is not the commit's {path or 'index.html'}"
                )
    if differences:
        raise ProofError("; ".join(differences))
    return cloned


def data_files(attachments: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the contents of a sample's `data:` attachments by name. https://www.rfc-editor.org/rfc/rfc2397"""
    files = {}
    for attachment in attachments:
        match = re.fullmatch(r"data:[^,]*?(;base64)?,(.*)", str(attachment.get("url") or ""), re.DOTALL)
        if match:
            files[str(attachment["name"])] = b64decode(match[2]) if match[1] else unquote_to_bytes(match[2])
    return files
