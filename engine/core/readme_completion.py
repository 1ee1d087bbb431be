"""Completes a model's README: parts that are missing or say nothing true are written by the service, out of the tree that is published."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core import readme_text
from engine.core.app_facts import app_facts
from engine.core.readme import OURS, Section, empty_parts, is_about, parts_of, sections_of
from engine.core.repository import README_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TELLS = r"\bround\W{0,3}%d\b|\b(?:changes?|changed|changelog|change log|what'?s new|updates?|history)\b"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the tree: the request, the addresses ("" before the repository is made), the tree before this round."""

    task: str
    number: int
    brief: str
    clone_url: str = ""
    pages_url: str = ""
    before: Mapping[str, bytes] = field(default_factory=dict)


def completed(text: str, files: Mapping[str, bytes], known: Known) -> tuple[str, list[str]]:
    """Return the README of `files` (its own present text is `text`) and, in sentences, what was added to it and why."""
    notes: list[str] = []
    page = files.get("index.html", b"").decode("utf-8", "replace")[:200_000]
    if not is_about(text, f"{known.task} {known.brief} {page}"):
        text = f"# {known.task}\n"
        notes.append("README.md told of another app; the service wrote it anew")
    text, added = _with_parts(text if text.strip() else f"# {known.task}\n", files, known)
    notes += added
    return _with_changes(text, files, known, notes), notes


def _with_parts(text: str, files: Mapping[str, bytes], known: Known) -> tuple[str, list[str]]:
    reasons = empty_parts(text, files)
    blocks = _Blocks(text)
    asked = blocks.quotation("summary") or readme_text.quoted(known.brief)
    due = [part for part in README_PARTS if part in reasons or blocks.is_ours(part)]
    if not due:
        return text, []
    writers = _writers(files, known, asked)
    for part in due:
        blocks.write(part, writers[part]())
    told = "; ".join(f"{part}: {why}" for part, why in reasons.items())
    return blocks.text(), [f"README.md was completed by the service ({told})"] if told else []


def _writers(files: Mapping[str, bytes], known: Known, asked: str) -> dict[str, Callable[[], str]]:
    facts = app_facts(files)
    return {
        "summary": lambda: readme_text.summary(asked, facts),
        "setup": lambda: readme_text.setup(known.clone_url),
        "usage": lambda: readme_text.usage(facts, known.pages_url),
        "code explanation": lambda: readme_text.code_explanation({**files, "README.md": b""}, facts),
        "licence": lambda: "MIT, see [LICENSE](LICENSE).",
    }


class _Blocks:
    """A README as its sections' raw lines, in which parts are replaced or inserted in their usual order."""

    def __init__(self, text: str) -> None:
        lines = text.rstrip().split("\n")
        sections = sections_of("\n".join(lines))
        ends = [one.line - 1 for one in sections[1:]] + [len(lines)]
        self._raw = ["\n".join(lines[one.line - 1 : end]) for one, end in zip(sections, ends, strict=True)]
        self._sections: list[Section] = sections
        self._places = parts_of(sections)
        self._written: dict[str, str] = {}

    def is_ours(self, part: str) -> bool:
        return part in self._places and self._sections[self._places[part][0]].ours

    def quotation(self, part: str) -> str:
        """Return what a part of ours quotes: the brief that the app began with, which a later round's does not replace."""
        if not self.is_ours(part):
            return ""
        return "\n".join(line for line in self._sections[self._places[part][0]].lines if line.startswith(">"))

    def write(self, part: str, body: str) -> None:
        title = self._sections[self._places[part][0]].title if part in self._places else part.capitalize()
        self._written[part] = f"## {title}\n\n{OURS}\n\n{body}"

    def text(self) -> str:
        """Return the README with what was written: in its old place, else before the first part that usually follows."""
        out: list[str] = []
        skip_to = 0
        waiting = [part for part in self._written if part not in self._places]
        starts = {start: (part, end) for part, (start, end) in self._places.items()}
        order = list(README_PARTS)
        for at, raw in enumerate(self._raw):
            part, end = starts.get(at, ("", 0))
            if part:
                earlier = [one for one in waiting if order.index(one) < order.index(part)]
                out += [self._written[one] for one in earlier]
                waiting = [one for one in waiting if one not in earlier]
            if at < skip_to:
                continue
            if part in self._written:
                out.append(self._written[part])
                skip_to = end
            else:
                out.append(raw)
        out += [self._written[one] for one in waiting]
        return "\n\n".join(block.strip("\n") for block in out if block.strip()) + "\n"


def _with_changes(text: str, files: Mapping[str, bytes], known: Known, notes: list[str]) -> str:
    """Tell of a later round's changes, where the model did not, and of any round that left the README as it was."""
    before = known.before.get("README.md", b"").decode("utf-8", "replace")
    title = f"Round {known.number}"
    ours = next((one for one in sections_of(text) if one.title == title and one.ours), None)
    if ours is None and text != before and (known.number == 1 or _tells(text, before, known.number)):
        return text
    body = readme_text.changes(known.brief, known.before, files)
    section = f"## {title}\n\n{OURS}\n\n{body}\n"
    if ours is None:
        notes.append("README.md did not tell of this round's changes; the service added a section about them")
        return f"{text.rstrip()}\n\n{section}"
    lines = text.split("\n")
    end = ours.line + len(ours.lines)
    rest = "\n".join(lines[end:]).strip("\n")
    return "\n".join([*lines[: ours.line - 1], section]) + (f"\n{rest}\n" if rest else "")


def _tells(text: str, before: str, number: int) -> bool:
    """Say whether a README that changed has a section on changes that was not there before."""
    pattern = re.compile(_TELLS % number, re.IGNORECASE)
    told = ("\n".join(one.lines).strip() for one in sections_of(text) if pattern.search(one.title))
    return any(body and body not in before for body in told)
