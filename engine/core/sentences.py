"""Sentences that are understood as a whole: their quotes taken out, their form compared with the few that a rule decides.

What is not understood to the last word is not decided: "has a form" says more when "that works on phones" follows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 300  # characters of a sentence that a rule may decide

_QUOTES = ('""', "''", "``", "“”", "„“", "„”", "‘’", "‚‘", "«»", "»«", "‹›")  # noqa: RUF001
_QUOTED = re.compile(
    "|".join(
        rf"(?<![\w.]){re.escape(q[0])}([^{re.escape(q[0])}{re.escape(q[1])}\n]{{1,120}}){re.escape(q[1])}(?!\w)"
        for q in _QUOTES
    )
)
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

#: Parts that the forms of sentences are made of.
MODAL = r"(?:(?:must|should|shall|will|has to|needs to) )?"
HAS = rf"{MODAL}(?:has|have|contains?|includes?)"
SHOWS = rf"{MODAL}(?:shows?|displays?|contains?|includes?|says?|reads?)"
THE_PAGE = (
    r"(?:(?:the|this|published|deployed|html|web|main) ){0,3}(?:page|webpage|web page|site|website|app|index\.html)"
)
THERE = rf"(?:{THE_PAGE} {HAS}|there {MODAL}(?:is|are|be|exists?))"
TEXT = r"(?P<text>§\d+)"
NUMBER = r"(?P<number>-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?)"
COUNT = rf"(?P<count>\d{{1,4}}|{'|'.join(_NUMBERS[1:])})"
ID = r"(?P<id>#[A-Za-z][\w-]*|§\d+)"
#: An id without quotes or # is taken for one only where it cannot be a word: it holds a digit, a hyphen or an underscore.
BARE_ID = r"(?P<id>#[A-Za-z][\w-]*|§\d+|(?=[a-z-]*[\d_-])[A-Za-z][\w-]*)"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its quoted parts replaced by §0, §1, …, blanks made one and the end mark left out."""

    form: str
    quoted: tuple[str, ...]

    def match(self, pattern: str) -> re.Match[str] | None:
        """Compare the whole sentence with a form, whatever its case."""
        return re.fullmatch(pattern, self.form, re.IGNORECASE)

    def said(self, group: str) -> str:
        """Return what stands in a matched group: the quoted text where it is one."""
        return self.quoted[int(group[1:])] if group.startswith("§") else group

    def part(self, form: str) -> Sentence:
        """Return a part of the sentence as one of its own."""
        return Sentence(form.strip(), self.quoted)


def read_sentence(text: str) -> Sentence | None:
    """Return a check's sentence, None where it is several, too long, or holds the sign that stands for quotes."""
    flat = " ".join(text.split())
    if not flat or len(flat) > LONGEST or "§" in flat:
        return None
    quoted: list[str] = []

    def taken(found: re.Match[str]) -> str:
        quoted.append(next(group for group in found.groups() if group is not None).strip())
        return f"§{len(quoted) - 1}"

    form = _QUOTED.sub(taken, flat).rstrip(" .!")
    if not form or any(not one for one in quoted) or re.search(r"[.!?;] ", form):
        return None
    return Sentence(form, tuple(quoted))


def count_of(word: str) -> int:
    """Return a count that is written as a number or a word."""
    return int(word) if word.isdigit() else _NUMBERS.index(word.lower())
