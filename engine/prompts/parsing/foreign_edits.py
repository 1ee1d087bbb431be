"""Reads edits in the forms that models know from other programs: search-and-replace blocks and unified diffs.

Only edits of a named shown file are read. What is not read as a whole is not read at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.prompts.parsing.edits import Edit

if TYPE_CHECKING:
    from collections.abc import Collection

_SEARCH = re.compile(r"<{5,9} ?(?:SEARCH|ORIGINAL)\b.*")
_DIVIDER = re.compile(r"={5,9}\s*")
_REPLACE = re.compile(r">{5,9} ?(?:REPLACE|UPDATED)\b.*")
_OLD_NAME = re.compile(r"--- (?:a/)?(\S+).*")
_NEW_NAME = re.compile(r"\+\+\+ (?:b/)?(\S+).*")
_HUNK = re.compile(r"@@.*")
_NAMED = re.compile(r"[\w./-]+")
#: The most lines above a block that may name its file.
_ABOVE = 3

_Edits = dict[str, list[Edit]]


def holds_foreign_edits(text: str) -> bool:
    """Say whether a text has blocks of one of the forms."""
    lines = text.split("\n")
    return any(map(_SEARCH.fullmatch, lines)) or any(
        _OLD_NAME.fullmatch(one) and _NEW_NAME.fullmatch(two) and _HUNK.match(three)
        for one, two, three in zip(lines, lines[1:], lines[2:], strict=False)
    )


def begins_foreign(text: str) -> bool:
    """Say whether a text begins with such a block, or with a fence around one. A file may hold one as an example."""
    first = [
        line for line in text.split("\n", 20) if line.strip() and not line.startswith(("```", "~~~", "diff --git"))
    ]
    return (
        bool(first) and holds_foreign_edits(text) and bool(_SEARCH.fullmatch(first[0]) or _OLD_NAME.fullmatch(first[0]))
    )


def foreign_edits(text: str, shown: Collection[str], path: str = "") -> dict[str, list[Edit]]:
    """Return the edits of shown files in a text, by path; {} if one cannot be read. `path` is used without a name."""
    lines = text.split("\n")
    if any(map(_SEARCH.fullmatch, lines)):
        return _blocks(lines, shown, path) or {}
    return _hunks(lines, shown) or {}


def _blocks(lines: list[str], shown: Collection[str], path: str) -> _Edits | None:
    edits: _Edits = {}
    at = last = 0
    while at < len(lines):
        if not _SEARCH.fullmatch(lines[at]):
            at += 1
            continue
        path = _name_above(lines[last:at], shown) or path
        end = next((n for n in range(at, len(lines)) if _REPLACE.fullmatch(lines[n])), 0)
        dividers = [n for n in range(at, end) if _DIVIDER.fullmatch(lines[n])]
        if path not in shown or len(dividers) != 1:
            return None
        edits.setdefault(path, []).append(_edit(lines[at + 1 : dividers[0]], lines[dividers[0] + 1 : end]))
        at = last = end + 1
    return edits


def _name_above(lines: list[str], shown: Collection[str]) -> str:
    """Return the shown file that the nearest lines name; "" if they name none."""
    filled = [line for line in lines if line.strip()]
    names = (name.removeprefix("./") for line in filled[: -_ABOVE - 1 : -1] for name in _NAMED.findall(line))
    return next((name for name in names if name in shown), "")


def _hunks(lines: list[str], shown: Collection[str]) -> _Edits | None:
    edits: _Edits = {}
    path, old, new = "", list[str](), list[str]()
    inside = False
    for at, line in enumerate([*lines, "@@"]):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if (named := _NEW_NAME.fullmatch(following)) and _OLD_NAME.fullmatch(line):
            inside = _end(edits, path, old, new)
            path = named[1].removeprefix("./")
            if path not in shown:
                return None
        elif path and _HUNK.match(line):
            _end(edits, path, old, new)
            inside = True
        elif inside and line[:1] in {" ", "-", "+", ""}:
            old += [line[1:]] if line[:1] != "+" else []
            new += [line[1:]] if line[:1] != "-" else []
        elif inside and not line.startswith("\\"):
            inside = _end(edits, path, old, new)
    return edits


def _end(edits: _Edits, path: str, old: list[str], new: list[str]) -> bool:
    """Add the hunk that has been read, if there is one, and begin an empty one. Return False: no hunk goes on."""
    if old != new:
        edits.setdefault(path, []).append(_edit(old, new))
    old.clear()
    new.clear()
    return False


def _edit(old: list[str], new: list[str]) -> Edit:
    return Edit("".join(f"{line}\n" for line in old), "".join(f"{line}\n" for line in new))
