"""Decides predicates that compare a file with an attachment."""

from __future__ import annotations

import posixpath
from itertools import zip_longest
from typing import TYPE_CHECKING

from engine.plan.deciding.evidence import failed, passed, text_of, undecided
from engine.plan.predicates import DiffersFromAttachment, EqualsAttachment

if TYPE_CHECKING:
    from engine.plan.deciding.evidence import Evidence, PredicateFinding


def decide_attachment(
    predicate: EqualsAttachment | DiffersFromAttachment, content: bytes, evidence: Evidence
) -> PredicateFinding:
    name = attachment_of(predicate, evidence)
    if name is None:
        return undecided(f"no attachment is called {predicate.attachment or predicate.path}")
    original = evidence.attachments[name]
    match predicate:
        case EqualsAttachment() if content == original:
            return passed(f"the same {len(content)} bytes as the attachment {name}")
        case EqualsAttachment():
            return failed(f"it differs from the attachment {name}{_difference(content, original)}")
        case DiffersFromAttachment() if content == original:
            return failed(f"it is the attachment {name}, unchanged")
        case DiffersFromAttachment() if _lines(content) == _lines(original):
            return failed(f"it differs from the attachment {name} in line ends alone")
        case DiffersFromAttachment():
            return passed(f"it differs from the attachment {name}{_difference(content, original)}")


def attachment_of(predicate: EqualsAttachment | DiffersFromAttachment, evidence: Evidence) -> str | None:
    """Return the attachment with the predicate's attachment or path as its name, else with the same base name."""
    wanted = (predicate.attachment or predicate.path).removeprefix("./")
    if wanted in evidence.attachments:
        return wanted
    base = posixpath.basename(wanted)
    return next((name for name in evidence.attachments if posixpath.basename(name) == base), None)


def _difference(content: bytes, original: bytes) -> str:
    """Return the place of the first difference, as the end of a sentence."""
    if _lines(content) == _lines(original):
        return " in line ends or in white space at an end alone"
    if b"\0" in content or b"\0" in original:
        return f": it has {len(content)} bytes, the attachment {len(original)}"
    lines = zip_longest(_lines(content), _lines(original))
    number = next(at for at, (one, other) in enumerate(lines, 1) if one != other)
    return f", first in line {number}"


def _lines(content: bytes) -> list[str]:
    return [line.rstrip() for line in text_of(content).rstrip().split("\n")]
