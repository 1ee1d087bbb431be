"""What predicates about files are decided on, and what comes out."""

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
    """`files`: the tree to be published, `attachments`: as they came, both by path.

    `sheets`: the sheets that could be read, as CSV, by workbook and sheet name; the name "" stands for the first sheet.
    """

    files: Mapping[str, bytes]
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    sheets: Mapping[tuple[str, str], bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PredicateFinding:
    """What deciding a predicate gave: the verdict, and in one short sentence what was seen."""

    verdict: Verdict
    seen: str


def passed(seen: str) -> PredicateFinding:
    """Return the finding that a predicate holds."""
    return PredicateFinding(Verdict.PASS, _sentence(seen))


def failed(seen: str) -> PredicateFinding:
    """Return the finding that a predicate does not hold."""
    return PredicateFinding(Verdict.FAIL, _sentence(seen))


def undecided(reason: str) -> PredicateFinding:
    """Return the finding that code cannot know whether a predicate holds."""
    return PredicateFinding(Verdict.UNVERIFIABLE, _sentence(reason))


def text_of(content: bytes) -> str:
    """Return a file as text with plain line ends; what is no text is read as Windows' code page, in which any bytes are one."""
    decoded = decode(content)
    return decoded.text if decoded else content.decode("cp1252", "replace")


def listed(texts: list[str], most: int = 6) -> str:
    """Return texts in quotes, the first few of them."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(repr(text[:80]) for text in texts[:most]) + more


def distance(found: int, low: int, high: int | None) -> str:
    """Return by how much a number misses its bounds, as the end of a sentence; "" where it is within them."""
    if found < low:
        return f": {low - found} too few"
    return f": {found - high} too many" if high is not None and found > high else ""


def _sentence(text: str) -> str:
    """Return a text in one line that any database takes: files of strangers hold NUL and halves of characters."""
    line = " ".join(text.replace("\0", " ").split()).encode("utf-8", "replace").decode()
    return line if len(line) <= _LONGEST_SEEN else f"{line[:_LONGEST_SEEN]}…"
