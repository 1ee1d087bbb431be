"""The input and the result of deciding predicates about files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.domain.checks import Verdict
from engine.formats.text_encoding import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_SEEN = 600


@dataclass(frozen=True, slots=True)
class Evidence:
    """`files` are the tree to be published, `attachments` are unchanged, both by path.

    `sheets` are readable sheets as CSV, by workbook and sheet name; the name "" is the first sheet. `not_made` says why
    a file is missing without a fault of the page, by path.
    """

    files: Mapping[str, bytes]
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    sheets: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    not_made: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PredicateFinding:
    """The verdict on a predicate; `seen` is the observation in one short sentence."""

    verdict: Verdict
    seen: str


def passed(seen: str) -> PredicateFinding:
    return PredicateFinding(Verdict.PASS, _sentence(seen))


def failed(seen: str) -> PredicateFinding:
    return PredicateFinding(Verdict.FAIL, _sentence(seen))


def undecided(reason: str) -> PredicateFinding:
    return PredicateFinding(Verdict.UNVERIFIABLE, _sentence(reason))


def text_of(content: bytes) -> str:
    """Return a file as text with LF. Content in no text encoding is read as cp1252, which accepts any bytes."""
    decoded = decode(content)
    return decoded.text if decoded else content.decode("cp1252", "replace")


def listed(texts: list[str], most: int = 6) -> str:
    """Return the first `most` texts in quotes, and the number of the others."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(repr(text[:80]) for text in texts[:most]) + more


def distance(found: int, low: int, high: int | None) -> str:
    """Return by how much a number misses its bounds, as the end of a sentence, or ""."""
    if found < low:
        return f": {low - found} too few"
    return f": {found - high} too many" if high is not None and found > high else ""


def _sentence(text: str) -> str:
    """Return a text in one line without NUL and lone surrogates, which a file may have and databases refuse."""
    line = " ".join(text.replace("\0", " ").split()).encode("utf-8", "replace").decode()
    return line if len(line) <= _LONGEST_SEEN else f"{line[:_LONGEST_SEEN]}…"
