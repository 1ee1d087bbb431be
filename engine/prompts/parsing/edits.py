"""Applies edits to a shown file, exactly or not at all, and says which of them do not fit.

What is forgiven makes no difference to the meaning: white space at the ends of lines, a fence around a block, and blank
lines around it. Even so the old text must then stand in the file exactly once. Nothing is guessed.
"""

from __future__ import annotations

import difflib
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The most edits of one file. A reply with more of them has no use for edits.
MOST_EDITS = 200

#: Bounds of a sentence on an old text: lines of the file, characters, and lines that are compared one by one.
_MOST_NEAREST = 14
_MOST_CHARACTERS = 2_000
_MOST_COMPARED = 2_000
#: The most old texts of a file for which the nearest lines are looked up.
_MOST_LOOKED_UP = 5

_FENCE = re.compile(r"(?:`{3,}|~{3,})[ \t]*([\w.+-]*)[ \t]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """Whole lines of a shown file, and the lines that take their place."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why the edits of a file cannot be applied, in a sentence for the model."""

    path: str
    says: str


class _Place(NamedTuple):
    """The lines that an edit replaces, from `start` to before `end`."""

    start: int
    end: int
    number: int
    lines: tuple[str, ...]


def apply_edits(path: str, text: str, edits: Sequence[Edit]) -> tuple[str, list[Misfit]]:
    """Return the edited text, or "" and each reason why the edits do not fit.

    `text` has LF line ends. Every edit refers to it, whatever the order. It keeps or lacks its final line end.
    """
    if len(edits) > MOST_EDITS:
        return "", [Misfit(path, f"{path}: more than {MOST_EDITS} edits; write the file whole.")]
    file = _File(path, text)
    misfits: list[Misfit] = []
    places: list[_Place] = []
    for number, edit in enumerate(edits, 1):
        found = file.place(edit, number, explains=len(misfits) < _MOST_LOOKED_UP)
        if isinstance(found, str):
            misfits.append(Misfit(path, f"{path}, edit {number}{_beginning(edit.old)}: {found}"))
        else:
            places.append(found)
    places.sort()
    for first, second in itertools.pairwise(places):
        if second.start < first.end:
            pair = sorted((first.number, second.number))
            misfits.append(
                Misfit(
                    path,
                    f"{path}: edits {pair[0]} and {pair[1]} both replace line {second.start + 1}; make one of them.",
                )
            )
    edited = "" if misfits else file.with_places(places)
    if not misfits and not edited.strip():
        misfits.append(Misfit(path, f"{path}: its edits remove all of it. A file is removed by a line `delete`."))
    return ("" if misfits else edited), misfits


class _File:
    """A shown file, searched for old texts."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._ends = text.endswith("\n")
        self._lines = text.removesuffix("\n").split("\n")
        self._as_shown = _searchable(self._lines)
        self._bare = _searchable([line.rstrip() for line in self._lines])

    def place(self, edit: Edit, number: int, *, explains: bool = True) -> _Place | str:
        """Return the only place of an edit's old text, or why there is none; `explains`: with the nearest lines."""
        if not edit.old.strip():
            return "its old text is empty; give lines of the file."
        forms = list(_forms(self._path, edit))
        for bare in (False, True):
            for old, new in forms:
                starts = self._starts([line.rstrip() for line in old] if bare else old, bare=bare)
                if len(starts) == 1:
                    return _Place(starts[0], starts[0] + len(old), number, tuple(new))
                if starts:
                    at = ", ".join(str(start + 1) for start in starts[:6])
                    return (
                        f"its old text is in the file {len(starts)} times, at the lines {at}; take more lines into it."
                    )
        return self._missing(edit) if explains else "its old text is not in the file."

    def with_places(self, places: Sequence[_Place]) -> str:
        lines: list[str] = []
        at = 0
        for place in places:
            lines += [*self._lines[at : place.start], *place.lines]
            at = place.end
        lines += self._lines[at:]
        return "\n".join(lines) + ("\n" if self._ends and lines else "")

    def _starts(self, old: Sequence[str], *, bare: bool) -> list[int]:
        text, sought = self._bare if bare else self._as_shown, _searchable(old)
        starts: list[int] = []
        at = text.find(sought)
        while at >= 0 and len(starts) < MOST_EDITS:
            starts.append(text.count("\n", 0, at))
            at = text.find(sought, at + 1)
        return starts

    def _missing(self, edit: Edit) -> str:
        says = "its old text is not in the file."
        if edit.new.strip() and len(self._starts(_lines(edit.new), bare=False)) == 1:
            says = "its old text is not in the file, but its new text is: the file holds the change already."
        elif _searchable([line.strip() for line in _lines(edit.old)]) in _searchable(
            [line.strip() for line in self._lines]
        ):
            says = "its old text is not in the file: only the white space at the beginning of its lines is another."
        start, end = self._nearest(edit.old.strip("\n").split("\n"))
        if start == end:
            return f"{says} Nothing in the file is like it."
        nearest = "\n".join(self._lines[start:end])[:_MOST_CHARACTERS]
        return f"{says} The nearest lines there, {start + 1} to {end}:\n{nearest}"

    def _nearest(self, old: Sequence[str]) -> tuple[int, int]:
        """Return the range of lines most like `old`: with most of its lines, else with a similar one."""
        wanted = [line.strip() for line in old]
        sought = {*wanted} - {""}
        hits = [line.strip() in sought for line in self._lines]
        size = min(len(old) + 2, _MOST_NEAREST)
        count = best = sum(hits[:size])
        first = 0
        for at in range(1, max(len(hits) - size, 0) + 1):
            count += hits[at + size - 1] - hits[at - 1]
            if count > best:
                best, first = count, at
        if best:
            first = hits.index(True, first)
            above = wanted.index(self._lines[first].strip())
        else:
            longest = max(old, key=len)[:300]
            shown = [line[:300] for line in self._lines[:_MOST_COMPARED]]
            alike = difflib.get_close_matches(longest, shown, n=1, cutoff=0.6)
            if not alike:
                return 0, 0
            first, above = shown.index(alike[0]), next(at for at, line in enumerate(old) if line[:300] == longest)
        start = max(first - min(above, size - 2) - 1, 0)
        return start, min(start + size, len(self._lines))


def _forms(path: str, edit: Edit) -> Iterator[tuple[list[str], list[str]]]:
    """Yield an edit's old and new lines as they came, then without what a model may have put around them."""
    old, new = _lines(edit.old), _lines(edit.new)
    inner_old, inner_new = _unfenced(old), _unfenced(new)
    is_markdown = path.lower().endswith((".md", ".markdown"))
    pairs = [(old, new if is_markdown or inner_new is None else inner_new)]
    if inner_old:
        pairs.append((inner_old, new if inner_new is None else inner_new))
    yield from pairs
    for one, other in pairs:
        head, tail = _blank(one), _blank(one[::-1])
        if (head or tail) and head < len(one):
            last = len(other) - min(tail, _blank(other[::-1]))
            yield one[head : len(one) - tail], other[min(head, _blank(other), last) : last]


def _unfenced(lines: Sequence[str]) -> list[str] | None:
    """Return the lines inside of a fence; None if there is no fence around them."""
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if len(filled) < 2:
        return None
    opening, closing = _FENCE.fullmatch(lines[filled[0]]), _FENCE.fullmatch(lines[filled[-1]])
    return list(lines[filled[0] + 1 : filled[-1]]) if opening and closing and not closing[1] else None


def _blank(lines: Sequence[str]) -> int:
    """Return the number of blank lines at the beginning."""
    return next((at for at, line in enumerate(lines) if line.strip()), len(lines))


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _searchable(lines: Sequence[str]) -> str:
    """Return lines as one text in which only whole lines are found."""
    return "".join(f"\n{line}" for line in lines) + "\n"


def _beginning(old: str) -> str:
    line = next((line.strip() for line in old.splitlines() if line.strip()), "")
    return f" ({line[:60]!r})" if line else ""
