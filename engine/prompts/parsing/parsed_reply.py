"""A parsed reply, how two of them go together, and whether edits fit the shown files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from engine.domain.paths import clashes
from engine.domain.repository import MAX_FILE_BYTES, MAX_FILES, MAX_TOTAL_BYTES
from engine.prompts.parsing.edits import Edit, Misfit, apply_edits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


class Outcome(StrEnum):
    """The result of parsing a reply."""

    OK = "ok"
    TRUNCATED = "truncated"  # cut off; `files` holds the files before the cut
    SALVAGED = "salvaged"  # not in the agreed format, or miscounted, but with files
    UNMATCHED = "unmatched"  # edits do not fit the shown files; `misfits` says which
    NO_FILES = "no_files"
    EMPTY = "empty"
    REFUSED = "refused"
    FILTERED = "filtered"  # stopped by the provider's content filter


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A parsed reply: whole files and edits by safe path, files to delete, and sentences on its problems.

    `cut` is the beginning of an index.html without an end. It is used only if there is no other page. `lost` are the
    files that the reply was cut off in, and that are in no other reply. `unfinished` is the file whose edits were cut
    off. The edits of a file are used together or not at all, so neither the edits of `unfinished` nor those of a path
    in `misfits` are used.
    """

    outcome: Outcome
    files: Mapping[str, bytes] = field(default_factory=dict)
    deletions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    cut: bytes = b""
    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict)
    misfits: tuple[Misfit, ...] = ()
    unfinished: str = ""
    lost: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the reply holds nothing that may be used."""
        return not (self.files or self.deletions or self.edits.keys() - {self.unfinished})

    def without(self, paths: Collection[str]) -> ParsedReply:
        """Return the reply without what it says about some paths."""
        return replace(
            self,
            files={path: content for path, content in self.files.items() if path not in paths},
            edits={path: edits for path, edits in self.edits.items() if path not in paths},
            deletions=tuple(path for path in self.deletions if path not in paths),
            misfits=tuple(one for one in self.misfits if one.path not in paths),
        )

    def whole_files(self, shown: Mapping[str, str]) -> dict[str, bytes]:
        """Return all files as they are then: the whole ones, and the shown ones with their edits."""
        edited = {path: apply_edits(path, shown[path], edits)[0] for path, edits in self.edits.items()}
        return {**self.files, **{path: encoded(text) for path, text in edited.items()}}


def merged(earlier: ParsedReply, later: ParsedReply, shown: Mapping[str, str]) -> ParsedReply:
    """Return what two replies hold together; of two halves of a page the longer one.

    A whole file replaces edits of before. Edits that did not fit are given up: the later reply was asked for them.
    """
    kept = earlier.without({*(one.path for one in earlier.misfits), *later.files})
    news = later.without({one.path for one in later.misfits})
    edits = dict(kept.edits)
    for path, further in news.edits.items():
        edits[path] = tuple(dict.fromkeys((*edits.get(path, ()), *further)))
    both = replace(
        news,
        files={**kept.files, **news.files},
        deletions=(*kept.deletions, *news.deletions),
        cut=max(earlier.cut, later.cut, key=len),
        edits=edits,
        lost=tuple(
            path
            for path in dict.fromkeys((*earlier.lost, *later.lost))
            if path in later.lost or path not in {*later.files, *later.edits}
        ),
        unfinished=later.unfinished or ("" if earlier.unfinished in {*later.files, *later.edits} else kept.unfinished),
    )
    fitting = checked(both, shown)
    return replace(fitting, misfits=(*later.misfits, *fitting.misfits))


def checked(parsed: ParsedReply, shown: Mapping[str, str]) -> ParsedReply:
    """Add why edits do not fit the shown files."""
    misfits = list(parsed.misfits)
    for path, edits in parsed.edits.items():
        if says := _contradiction(parsed, path, shown):
            misfits.append(Misfit(path, f"{path}: {says}"))
            continue
        text, found = apply_edits(path, shown[path], edits)
        others = {name: content for name, content in parsed.files.items() if name != path}
        if not found and (broken := limit_broken(path, encoded(text), others)):
            found = [Misfit(path, f"{path}: with its edits {broken}.")]
        misfits += found
    if not misfits:
        return parsed
    says = f"The edits of {', '.join(sorted({one.path for one in misfits}))} do not fit."
    return replace(
        parsed,
        outcome=Outcome.UNMATCHED,
        misfits=tuple(misfits),
        problems=tuple(dict.fromkeys((*parsed.problems, says))),
    )


def _contradiction(parsed: ParsedReply, path: str, shown: Mapping[str, str]) -> str:
    """Return why a path cannot have edits whatever they are; "" if it can."""
    if path in parsed.files:
        return "it is both whole and edited; answer one of the two."
    if path in parsed.deletions:
        return "it is both edited and deleted; answer one of the two."
    if path not in shown:
        return "it is not shown to you whole, so it cannot be edited; write it whole if it is yours, or leave it out."
    return ""


def limit_broken(path: str, content: bytes, others: Mapping[str, bytes]) -> str:
    """Return the limit that a further file would break; "" for none."""
    if b"\0" in content:
        return "it holds NUL bytes"
    if clashes(path, others):
        return "another file has this name but for case, or is a folder of it"
    if len(content) > MAX_FILE_BYTES:
        return f"it is larger than {MAX_FILE_BYTES:,} bytes"
    if len(others) >= MAX_FILES:
        return f"there are more than {MAX_FILES} files"
    if sum(map(len, others.values())) + len(content) > MAX_TOTAL_BYTES:
        return f"all files together are larger than {MAX_TOTAL_BYTES:,} bytes"
    return ""


def encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")
