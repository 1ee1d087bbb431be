"""Decides predicates about a file's text: its content, length, headings, sections and licence."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING

from engine.formats import markdown
from engine.formats.text_counts import readings
from engine.plan.deciding.evidence import distance, failed, listed, passed, text_of, undecided
from engine.plan.predicates import Contains, Headings, Lacks, LicenceMit, Lines, ReadmeSections, Words
from engine.site.readme import README_PARTS
from engine.site.repository_files import is_mit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.formats.markdown import MarkdownSection
    from engine.plan.deciding.evidence import PredicateFinding

_PAGES = (".html", ".htm")
_MARKUP = (*_PAGES, ".svg", ".xml")
#: Scripts that put no space between words: kana, Han, Thai, Lao, Burmese, Khmer.
_UNSPACED = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
)
_MOST_SECTIONS = 1_000
_AROUND_TITLES = frozenset(" .:;!?,*_`~\ufe0f")


def decide_text(
    predicate: Contains | Lacks | Words | Lines | Headings | LicenceMit | ReadmeSections, content: bytes
) -> PredicateFinding:
    text = text_of(content)
    match predicate:
        case Contains():
            return _contains(predicate, text)
        case Lacks():
            return _decide_lacks(predicate, text)
        case LicenceMit():
            return passed("the MIT licence") if is_mit(_spaced(text)) else failed("it is not the MIT licence")
        case ReadmeSections():
            return _sections(predicate.names, text)
        case Words() | Lines() | Headings():
            return _size(predicate, text)


def _contains(predicate: Contains, text: str) -> PredicateFinding:
    sources = _sources(predicate, text)
    missing = [
        wanted for wanted in predicate.texts if not any(_same_case(predicate, wanted) in source for source in sources)
    ]
    return (
        failed(f"it does not contain {listed(missing)}")
        if missing
        else passed(f"it contains {listed(predicate.texts)}")
    )


def _decide_lacks(predicate: Lacks, text: str) -> PredicateFinding:
    sources = _sources(predicate, text)
    found = [wanted for wanted in predicate.texts if any(_same_case(predicate, wanted) in source for source in sources)]
    if not found:
        return passed(f"it does not contain {listed(predicate.texts)}")
    at = text.find(found[0])
    line = f" (line {text.count(chr(10), 0, at) + 1})" if at >= 0 else ""
    return failed(f"it contains {listed(found)}{line}")


def _sources(predicate: Contains | Lacks, text: str) -> list[str]:
    """Return the texts to search: the file, and for markup also the file without character references."""
    sources = [text, html.unescape(text)] if predicate.path.lower().endswith(_MARKUP) and "&" in text else [text]
    return [_same_case(predicate, source) for source in sources]


def _same_case(predicate: Contains | Lacks, text: str) -> str:
    return _spaced(text).casefold() if predicate.ignore_case else _spaced(text)


def _size(predicate: Words | Lines | Headings, text: str) -> PredicateFinding:
    if predicate.path.lower().endswith(_PAGES):
        return undecided(f"the {predicate.kind} of a page are what it shows, not what its source holds")
    match predicate:
        case Headings(names=[], min=0, max=None) | Words(min=0, max=None) | Lines(min=0, max=None):
            return undecided(f"the plan does not say how many {predicate.kind}")
        case Headings():
            return _headings(predicate, text)
        case Words() | Lines():
            return _count(predicate, text)


def _count(predicate: Words | Lines, text: str) -> PredicateFinding:
    """Count words or lines. The bounds must hold for every common way of counting (docs/decisions/0011)."""
    low, high, unit = predicate.min, predicate.max, predicate.kind
    if unit == "words" and len(_UNSPACED.findall(text)) * 10 > len(text):
        return undecided("its language puts no space between words, so they cannot be counted")
    found = readings(unit.removesuffix("s"), text)
    number = f"{found[0]} {unit if found[0] != 1 else unit.removesuffix('s')}"
    also = f" ({found[1]} as others count)" if len(found) > 1 else ""
    misses = [distance(count, low, high) for count in found]
    if not any(misses):
        return passed(f"{number}{also}")
    return failed(f"it has {number}{also}{misses[0] or misses[-1]}")


def _headings(predicate: Headings, text: str) -> PredicateFinding:
    found = [heading.title for heading in markdown.headings(text)]
    titles = {_plain_title(title) for title in found}
    missing = [name for name in predicate.names if _plain_title(name) not in titles]
    if missing:
        return failed(f"no heading says {listed(missing)}; its headings are {listed(found) or 'none'}")
    number = f"{len(found)} heading{'' if len(found) == 1 else 's'}"
    missed = distance(len(found), predicate.min, predicate.max)
    return failed(f"it has {number}{missed}") if missed else passed(number)


def _plain_title(title: str) -> str:
    """Return a heading in lower case without emphasis, symbols and punctuation at its ends, for comparison."""
    spaced = _spaced(unicodedata.normalize("NFC", title)).casefold()
    start, end = 0, len(spaced)
    while start < end and _is_ornament(spaced[start]):
        start += 1
    while end > start and _is_ornament(spaced[end - 1]):
        end -= 1
    return spaced[start:end]


def _is_ornament(sign: str) -> bool:
    return sign in _AROUND_TITLES or unicodedata.category(sign) in {"So", "Sk", "Cf"}


def _sections(names: Sequence[str], text: str) -> PredicateFinding:
    sections = markdown.sections(text)[:_MOST_SECTIONS]
    patterns = {name: _words_of(name) for name in names} or {
        part: [rf"\b(?:{words})\b"] for part, words in README_PARTS.items()
    }
    states = {name: _section_state(sections, wanted) for name, wanted in patterns.items()}
    missing = [name for name, state in states.items() if state is None]
    empty = [name for name, state in states.items() if state is False]
    problems = [f"no section is headed {listed(missing)}"] * bool(missing) + [
        f"nothing stands below {listed(empty)}"
    ] * bool(empty)
    return failed("; ".join(problems)) if problems else passed(f"sections: {', '.join(states)}")


def _words_of(name: str) -> list[str]:
    """Return a pattern for each word of a section's name; licence matches both spellings."""
    words = re.findall(r"\w+", name.casefold()) or [re.escape(name.casefold())]
    return [r"\blicen[cs]e\b" if word in {"licence", "license"} else rf"(?<!\w){word}(?!\w)" for word in words]


def _section_state(sections: Sequence[MarkdownSection], wanted: Sequence[str]) -> bool | None:
    """Say whether a section whose heading has all the words has text; None without such a section."""
    titles = sum(section.level == 1 for section in sections)
    state = None
    for at, section in enumerate(sections):
        is_title = section.level == 1 and titles == 1  # the README's title, which is no section
        title = section.title[:300].casefold()
        if section.level and not is_title and all(re.search(word, title) for word in wanted):
            state = _has_text(sections, at)
            if state:
                return True
    return state


def _has_text(sections: Sequence[MarkdownSection], at: int) -> bool:
    """Say whether a section, with its subsections, has anything but headings and comments."""
    for section in sections[at:]:
        if section is not sections[at] and section.level <= sections[at].level:
            return False
        if any(
            line.strip() and not (line.lstrip().startswith("<!--") and line.rstrip().endswith("-->"))
            for line in section.lines
        ):
            return True
    return False


def _spaced(text: str) -> str:
    return " ".join(text.split())
