"""The paths that a file of a published repository may have.

Attachments are named by strangers and files by models. An accepted path is safe in git, Windows, macOS and a URL.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_PATH = 240  # characters
MAX_SEGMENT = 120  # characters
MAX_SEGMENT_BYTES = 255  # the limit of ext4, APFS and NTFS

_DRIVE = re.compile(r"\A[A-Za-z]:")
#: Windows allows none of these in a name; the colon opens an NTFS stream, so `index.html:x` would be index.html there.
_NOT_ON_WINDOWS = frozenset('<>:"|?*')
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(?:\..*)?", re.IGNORECASE)
_GIT = re.compile(r"\.git|git~[0-9]", re.IGNORECASE)
_JOINERS = frozenset("\u200c\u200d")
_VIRAMA = 9  # canonical combining class
#: The folder of GitHub's workflows.
WORKFLOWS = ".github/workflows/"
_WORKFLOW = re.compile(r"\.github/workflows/[A-Za-z0-9][A-Za-z0-9._-]{0,100}\.ya?ml")
_SERVICE_FILES = frozenset({"license", ".nojekyll", "readme.md"})

#: GitHub itself reads these at the root: a CNAME moves the site to another host, CODEOWNERS asks people for reviews.
#: https://docs.github.com/en/pages/configuring-a-custom-domain-for-your-github-pages-site/troubleshooting-custom-domains-and-github-pages
_FORGE_FILES = frozenset({"cname", "codeowners"})

#: Characters of a name that are looked at, from its end. Most of a longer name would be cut off anyway.
_LONGEST_NAME = 4_000


class UnsafePath(ValueError):
    """A path that must not enter a repository. `reason` completes a sentence."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def safe_path(raw: str) -> str:
    """Return `raw` as an NFC-normalised, repository-relative POSIX path.

    Raises UnsafePath for anything that git, Windows or macOS treats specially
    (https://git-scm.com/docs/git-config#Documentation/git-config.txt-coreprotectNTFS,
    https://learn.microsoft.com/windows/win32/fileio/naming-a-file).
    """
    path = unicodedata.normalize("NFC", raw)
    if not path:
        raise UnsafePath("is empty")
    if path.startswith(("/", "~")) or _DRIVE.match(path):
        raise UnsafePath("is not relative to the repository")
    if "\\" in path:
        raise UnsafePath("holds a backslash")
    if not _NOT_ON_WINDOWS.isdisjoint(path):
        raise UnsafePath('holds one of < > : " | ? *, which Windows does not allow in a name')
    if any(_is_invisible(path, at) for at in range(len(path))):
        raise UnsafePath("holds a control or format character")
    if len(path) > MAX_PATH:
        raise UnsafePath(f"is longer than {MAX_PATH} characters")
    for segment in path.split("/"):
        _refuse_segment(segment)
    return path


def is_workflow(path: str) -> bool:
    return _WORKFLOW.fullmatch(path) is not None


def clashes(path: str, taken: Collection[str]) -> bool:
    """Say whether `path` conflicts with `taken`: equal except for case, or the folder of the other."""
    folded = path.casefold()
    return any(
        folded == other or folded.startswith(f"{other}/") or other.startswith(f"{folded}/")
        for other in (name.casefold() for name in taken)
    )


def attachment_name(raw: object, position: int, taken: Collection[str]) -> tuple[str, str | None]:
    """Return the attachment's safe name, and a warning if it differs from `raw`.

    `position` counts from 1; `taken` are the names of the attachments before it. No name is refused: unsafe parts are
    removed.
    """
    name = _cleaned(raw) if isinstance(raw, str) else ""
    name = name or f"attachment-{position}"
    if name.casefold() in _SERVICE_FILES | _FORGE_FILES:
        name = f"attachments/{name}"
    name = _unclashed(name, taken)
    if name == raw:
        return name, None
    problem = f"the name {raw[:200]!r} cannot be used" if isinstance(raw, str) and raw else "there is no name"
    return name, f"attachment {position}: {problem}; kept as {name!r}"


def _is_invisible(text: str, at: int) -> bool:
    """Say whether a character is invisible. A joiner after a virama is visible, as in Hindi (RFC 5892, A.1)."""
    character = text[at]
    if character in _JOINERS and at and unicodedata.combining(text[at - 1]) == _VIRAMA:
        return False
    return unicodedata.category(character) in _INVISIBLE


def _refuse_segment(segment: str) -> None:
    if segment in {"", ".", ".."}:
        raise UnsafePath("holds an empty, '.' or '..' segment")
    if _GIT.match(segment):
        raise UnsafePath("holds a segment that belongs to git or the forge")
    if segment.startswith(".") and segment.casefold() != ".nojekyll":
        raise UnsafePath("holds a hidden file or folder")
    if segment != segment.strip() or segment.endswith("."):
        raise UnsafePath("holds a segment with a space around it or a dot at its end")
    if _DEVICE.fullmatch(segment):
        raise UnsafePath("holds the name of a Windows device")
    if len(segment) > MAX_SEGMENT or len(segment.encode()) > MAX_SEGMENT_BYTES:
        raise UnsafePath(f"holds a segment longer than {MAX_SEGMENT} characters or {MAX_SEGMENT_BYTES} bytes")


def _cleaned(raw: str) -> str:
    """Return the safe part of `raw`; "" if nothing is left."""
    path = unicodedata.normalize("NFC", raw[-_LONGEST_NAME:]).replace("\\", "/")
    path = "".join(character for at, character in enumerate(path) if not _is_invisible(path, at))
    segments = [
        cleaned for segment in _DRIVE.sub("", path, count=1).split("/") if (cleaned := _cleaned_segment(segment))
    ]
    while segments and len("/".join(segments)) > MAX_PATH - len("attachments/-999"):
        segments.pop(0)
    try:
        return safe_path("/".join(segments))
    except UnsafePath:
        return ""


def _cleaned_segment(segment: str) -> str:
    safe = "".join(character for character in segment if character not in _NOT_ON_WINDOWS)
    safe = safe.strip().rstrip(". ").lstrip("~")
    if safe.casefold() != ".nojekyll":
        safe = safe.lstrip(". ~")
    if _DEVICE.fullmatch(safe) or _GIT.match(safe):
        safe = f"_{safe}"
    return _shortened(safe)


def _shortened(segment: str) -> str:
    """Cut a segment's stem so that it fits with a number appended. The suffix stays, because it gives the type."""
    stem, dot, suffix = segment.rpartition(".")
    if not stem or len(suffix) > 12:
        stem, dot, suffix = segment, "", ""
    while stem and (
        len(stem + dot + suffix) > MAX_SEGMENT - 4 or len((stem + dot + suffix).encode()) > MAX_SEGMENT_BYTES - 4
    ):
        stem = stem[:-1].rstrip(". ")
    return stem + dot + suffix


def _unclashed(name: str, taken: Collection[str]) -> str:
    if any(name.casefold().startswith(f"{other.casefold()}/") for other in taken):
        name = _shortened(name.replace("/", "-"))
    folder, slash, last = name.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem:
        stem, dot, suffix = last, "", ""
    candidate, number = name, 1
    while clashes(candidate, taken):
        number += 1
        candidate = f"{folder}{slash}{stem}-{number}{dot}{suffix}"
    return candidate
