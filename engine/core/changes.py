"""Files that came attached and that the brief asks to change: which of them may be written anew, and whether that was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.change_requests import asked_changes
from engine.core.checks import Check, CheckResult, Kind, Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A model must see all of a file that it writes anew: so long may one be, and all of them together, in bytes.
LONGEST_SHOWN = 60_000
MOST_SHOWN = 120_000


@dataclass(frozen=True, slots=True)
class Changes:
    """What the brief asks to change of the files that are there, and which of these to remove; `texts` are those that are shown whole.

    Only what was shown whole may be written anew. The page may always be, unless the brief wants it as it is.
    """

    asked: frozenset[str]
    removed: frozenset[str]
    texts: Mapping[str, str]

    def may_write(self, path: str) -> bool:
        """Say whether the model's version of a file is taken in place of the one that came."""
        return path in self.texts or (path == "index.html" and path in self.asked)


def changes_of(brief: str, contents: Mapping[str, bytes]) -> Changes:
    """Return what `brief` asks to change of the files with these contents."""
    asked, removed = asked_changes(brief, contents.keys())
    texts: dict[str, str] = {}
    left = MOST_SHOWN
    for path in sorted(asked - {"index.html"}):
        size = len(contents[path])
        text = as_text(contents[path]) if size <= min(left, LONGEST_SHOWN) else None
        if text is not None:
            texts[path] = text
            left -= size
    return Changes(asked, removed, texts)


def as_text(content: bytes) -> str | None:
    """Return what is text in UTF-8, or in Windows' old code page where nothing in it speaks against that; None for anything else."""
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    text = content.decode("cp1252", "replace")
    return None if "\ufffd" in text or any(ord(sign) < 32 and sign not in "\t\r\n\f" for sign in text) else text


def with_line_ends_of(original: bytes, content: bytes) -> bytes:
    """Return what a model wrote with the line ends of the file that it changes: a reply knows one kind only."""
    lines = original.count(b"\n")
    if lines and original.count(b"\r\n") == lines and b"\r" not in content:
        return content.replace(b"\n", b"\r\n")
    return content


def change_results(brief: str, originals: Mapping[str, bytes], files: Mapping[str, bytes]) -> list[CheckResult]:
    """Judge by the files whether each of the `originals` that the brief asks to change was changed or removed."""
    asked, removed = asked_changes(brief, originals.keys())
    return [
        _result(path, originals[path], files.get(path), may_go=path in removed)
        for path in sorted(asked - {"index.html"})
    ]


def _result(path: str, original: bytes, now: bytes | None, *, may_go: bool) -> CheckResult:
    why = ""
    if now == original:
        why = "it is as it came: " + ("remove it" if may_go else "write its new version, whole, under the same name")
    elif now is None and not may_go:
        why = "it is gone: write its new version, whole, under the same name"
    text = f"{path} is {'changed or removed' if may_go else 'changed'}, as the brief asks"
    return CheckResult(Check(Kind.RULE, text), Target.LOCAL, Verdict.FAIL if why else Verdict.PASS, why)
