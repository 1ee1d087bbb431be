"""From what is said of a file to the rules that it asks for, and the words that were not understood."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.core import file_rules as rules
from engine.core.file_mentions import suffix
from engine.core.json_clauses import take_shape
from engine.core.text_counts import NUMBER, number_of, take_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.core.file_rules import FileRule

MOST_CLAUSE = 4_000

_COUNTED = frozenset({"txt", "md", "markdown", "rst", "tex"})
_XML = frozenset({"xml", "rss", "atom"})
_JSON = frozenset({"json", "geojson", "webmanifest"})
_NEGATED = re.compile(
    r"\b(?:not|never|without|avoid\w*|unless|if|otherwise|instead|neither|nor|except|optional(?:ly)?|ideally|maybe|perhaps|\w+n['\u2019]t)\b",
    re.IGNORECASE,
)
_NO_FORM = re.compile(r"\b(?:not|never|instead|\w+n['\u2019]t)\b[^{]{0,40}\{", re.IGNORECASE)
_QUOTED = r"(?:\"([^\"\n]{1,300})\"|“([^”\n]{1,300})”|`([^`\n]{1,300})`|(?<!\w)'([^'\n]{1,300})'(?!\w))"
_CONTAINS = re.compile(
    r"\b(?:contain(?:s|ing)?|includ(?:es?|ing)|say(?:s|ing)|mention(?:s|ing)?|with)\s{1,3}(?:the\s{1,3})?(?:exact\s{1,3})?"
    r"(?:(?:text|phrase|words?|string|sentence|line)\s{0,3}:?\s{0,3})?" + _QUOTED,
    re.IGNORECASE,
)
_ONLY = re.compile(r"\b(?:only|just|nothing but|exactly|or|either)\b", re.IGNORECASE)
_HEADING_COUNT = re.compile(
    rf"(?<![\w-])(?:exactly\s{{1,3}})?({NUMBER.pattern})\s{{1,3}}(?:markdown\s{{1,3}})?headings\b(?!\s*[:(])",
    re.IGNORECASE,
)
_BOUNDED = re.compile(
    r"\b(?:at least|at most|least|most|than|about|around|roughly|to|up|minimum|maximum|over|under)\s{1,3}$|[-\u2013]\s{0,3}$",
    re.IGNORECASE,
)
_HEADING_NAME = r"(?:\"[^\"\n]{1,80}\"|“[^”\n]{1,80}”|`[^`\n]{1,80}`|'[^'\n]{1,80}'|[A-Z][\w-]{1,40})"
_HEADINGS = re.compile(
    rf"\b[Hh]eadings?:?\s{{1,3}}({_HEADING_NAME}(?:(?:\s{{0,3}},\s{{0,3}}(?:and\s{{1,3}})?|\s{{1,3}}and\s{{1,3}}){_HEADING_NAME}){{0,20}})"
)
_ELEMENTS = re.compile(
    rf"(?<![\w-])(?:exactly\s{{1,3}})?({NUMBER.pattern})\s{{1,3}}(?:(items?|entries|entry)\b|<([A-Za-z][\w-]{{0,40}})>(?:\s{{1,3}}(?:elements?|tags?))?|"
    r"([A-Za-z][\w-]{0,40})\s{1,3}elements?\b)",
    re.IGNORECASE,
)
_VALID_XML = re.compile(
    r"\b(?:(?:valid|well-formed|wellformed)\s{1,3}(?:xml|rss|atom|svg)|xml|rss|atom(?:\s+feed)?)\b(?:\s{1,3}(?:file|feed|document|image))?",
    re.IGNORECASE,
)
_VALID_SVG = re.compile(
    r"\b(?:(?:valid|well-formed)\s{1,3})?(?:svg|xml)\b(?:\s{1,3}(?:file|image|drawing|document))?", re.IGNORECASE
)
_COLUMNS = re.compile(
    r"\b(?:columns?|header(?: row| line)?):?\s{1,3}([`\"']?[A-Za-z_][\w-]{0,40}[`\"']?(?:(?:\s{0,3},\s{0,3}(?:and\s{1,3})?|\s{1,3}and\s{1,3})[`\"']?[A-Za-z_][\w-]{0,40}[`\"']?){0,30})"
)
_STOPPING = (
    "is are has have must should each a an the all with which where that then be in of for and its their row rows"
)
_STOP = frozenset(_STOPPING.split())
_UNCHANGED = re.compile(
    r"\b(?:the\s{1,3}attach\w*(?:\s{1,3}(?:file|one))?|unchanged|verbatim|as\s{1,3}(?:it\s{1,3})?(?:is|came|attached|provided|given)|byte\s{1,3}for\s{1,3}byte|"
    r"exact\s{1,3}copy)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Reading:
    """A clause in the course of being understood: the rules so far, and what is left of its words."""

    path: str
    left: str
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    found: list[FileRule] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str], rule: Callable[[re.Match[str], str], FileRule | None]) -> None:
        """Take out each phrase of a pattern that gives a rule; `rule` is told what stands before it."""
        whole = self.left

        def taken(match: re.Match[str]) -> str:
            made = rule(match, whole[: match.start()])
            if made is None:
                return match[0]
            self.found.append(made)
            return " "

        self.left = pattern.sub(taken, whole)


def read_clause(path: str, clause: str, attachments: Mapping[str, bytes] | None = None) -> Reading:
    """Return the rules on `path` that a clause states, and what of the clause is not understood.

    What stands after a word that denies or makes a condition is not read, nor are the two words before it: `50 words unless`.
    """
    kind = suffix(path)
    read, unread = _affirmed(clause[:MOST_CLAUSE], kind)
    reading = Reading(path, read, attachments or {})
    for reader in (
        _shape if kind in _JSON else None,
        _contained,
        _by_type(kind),
        _counts if kind in _COUNTED else None,
        _kept,
    ):
        if reader is not None:
            reader(reading)
    reading.left = f"{reading.left} {unread}"
    return reading


def _affirmed(clause: str, kind: str) -> tuple[str, str]:
    """Return the part of a clause that is read, and the rest. A form in braces is one whatever stands before it but `not`."""
    denied = _NEGATED.search(clause)
    if denied is None or (kind in _JSON and "{" in clause and not _NO_FORM.search(clause)):
        return clause, ""
    end = clause.rfind(" ", 0, max(0, clause.rfind(" ", 0, max(0, denied.start() - 1))))
    end = max(end, clause.find("\0") + 1 if clause.find("\0") < denied.start() else 0, 0)
    return clause[:end], clause[end:]


def _by_type(kind: str) -> Callable[[Reading], None] | None:
    if kind in _XML:
        return _xml
    return {"svg": _svg, "md": _headings, "markdown": _headings, "csv": _columns}.get(kind)


def _shape(reading: Reading) -> None:
    shape, reading.left = take_shape(reading.left)
    if shape is not None:
        reading.found.append(rules.shaped(reading.path, shape))


def _contained(reading: Reading) -> None:
    def rule(match: re.Match[str], before: str) -> FileRule | None:
        quoted = next(group for group in match.groups() if group)
        return (
            None
            if _ONLY.search(before[-20:]) or "heading" in before[-20:].lower()
            else rules.containing(reading.path, quoted)
        )

    if suffix(reading.path) not in _JSON:
        reading.take(_CONTAINS, rule)


def _counts(reading: Reading) -> None:
    counts, reading.left = take_counts(reading.left)
    reading.found += [rules.counted(reading.path, count) for count in dict.fromkeys(counts)]


def _headings(reading: Reading) -> None:
    def listed(match: re.Match[str], before: str) -> FileRule | None:
        del before
        names = re.findall(_HEADING_NAME, match[1])
        return rules.headed(reading.path, [name.strip("\"“”`'") for name in names])

    def number(match: re.Match[str], before: str) -> FileRule | None:
        return None if _BOUNDED.search(before[-30:]) else rules.headed(reading.path, count=number_of(match[1]))

    reading.take(_HEADINGS, listed)
    reading.take(_HEADING_COUNT, number)


def _xml(reading: Reading) -> None:
    root = (
        "rss"
        if re.search(r"\brss\b", reading.left, re.IGNORECASE)
        else "feed"
        if re.search(r"\batom\b", reading.left, re.IGNORECASE)
        else ""
    )

    def elements(match: re.Match[str], before: str) -> FileRule | None:
        if _BOUNDED.search(before[-30:]):
            return None
        name = {"items": "item", "entries": "entry"}.get((match[2] or "").lower(), match[2]) or match[3] or match[4]
        return rules.well_formed(reading.path, name, number_of(match[1]))

    reading.take(_ELEMENTS, elements)
    reading.take(_VALID_XML, lambda match, before: rules.well_formed(reading.path, root=root))


def _svg(reading: Reading) -> None:
    reading.take(_VALID_SVG, lambda match, before: rules.drawn(reading.path))


def _columns(reading: Reading) -> None:
    def rule(match: re.Match[str], before: str) -> FileRule | None:
        del before
        names = [name.strip("`\"'") for name in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", match[1])]
        return None if _STOP & {name.lower() for name in names} else rules.columned(reading.path, names)

    reading.take(_COLUMNS, rule)


def _kept(reading: Reading) -> None:
    if reading.path in reading.attachments:
        original = reading.attachments[reading.path]
        reading.take(_UNCHANGED, lambda match, before: rules.unchanged(reading.path, original))
