"""Which sentences and checks the simulated model may call done: only those of which it understood every clause."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.adapters.simulated_wishes import IMAGE, OTHER, TABLE

if TYPE_CHECKING:
    from engine.adapters.simulated_wishes import Wishes

_QUOTED = re.compile(r"(['\"`])[^'\"`\n]+\1|\u201c[^\u201d\n]+\u201d|\u2018[^\u2019\n]+\u2019")
_CLAUSES = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|that|which)\s+")
_HEADING = re.compile(r"add an? heading ID(?: with the text| says| saying| reads)? (?:that )?.+")
_PLAIN = (
    r"(?:(?:publish|create|build|make|write) )?an? (?:(?:single-page|simple|small|static|one-page) )*(?:page|site|website|web page|app) (?:titled|with (?:the )?title|called) Q",
    r"(?:set|change) the (?:page's )?title to Q",
    r"repo(?:sitory)? has (?:an? )?mit licen[sc]e(?: file)?(?: in (?:the )?root)?",
)
_ON_FIGURES = (
    r"(?:sums?|totals?|averages?|counts?) (?:its|the|all) (?:\S+ column|rows)",
    r"(?:displays?|shows?|puts?|writes?) (?:its|the) (?:total|sum|average|mean|count|result)(?: of (?:the )?\S+ column)? (?:inside|in|into) ID",
)
_ON_TABLES = (r"(?:lists?|shows?|displays?) (?:its|the|all) (?:rows|data) (?:in|as) a table(?: with id)?(?: ID)?",)
_ON_FILES = (
    r"(?:fetches|fetch|loads?|reads?|shows?|displays?) (?:the )?(?:attached |attachment )?FILE(?: from (?:the )?attachments?)?",
)


def not_done(wishes: Wishes) -> tuple[str, ...]:
    """Return the sentences of the brief and the checks that are not met for certain, as they came."""
    sentences = [sentence for sentence in wishes.sentences if not _sentence_is_met(sentence, wishes)]
    return (*sentences, *(f"Check: {check}" for check in wishes.checks if not _check_is_met(check, wishes)))


def _sentence_is_met(sentence: str, wishes: Wishes) -> bool:
    text = sentence.strip().rstrip(".!")
    if not wishes.title and re.search(r"\btitle", text):
        return False
    text = re.sub(r"\bid\s*=?\s*(['\"`])[A-Za-z][\w-]*\1|(?<![\w&/])#[A-Za-z][\w-]*", "ID", text)
    for file in wishes.files:
        if file.kind != OTHER:
            text = text.replace(file.name, "FILE")
    text = re.sub(r"\s+", " ", _QUOTED.sub("Q", text))
    if _HEADING.fullmatch(text.replace("Add", "add", 1)):
        return any(element.tag == "h2" and element.text for element in wishes.elements)
    known = [*_PLAIN, *_ON_FILES]
    if wishes.figures:
        known += _ON_FIGURES
    if any(file.kind == TABLE for file in wishes.files):
        known += _ON_TABLES
    return all(
        any(re.fullmatch(pattern, clause, re.IGNORECASE) for pattern in known) for clause in _CLAUSES.split(text)
    )


def _check_is_met(check: str, wishes: Wishes) -> bool:
    expression = check.removeprefix("js:").strip().rstrip(";")
    if not check.startswith("js:"):
        return _sentence_is_met(expression, wishes) and not any(
            file.kind == IMAGE and file.name in expression for file in wishes.files
        )
    title = re.fullmatch(r"document\.title(?:\.trim\(\))?\s*={2,3}\s*(['\"`])(.*)\1", expression)
    if title:
        return title[2] == wishes.title
    named = re.fullmatch(
        r"(?:!!\s*)?document\.(?:querySelector\((['\"`])#|getElementById\((['\"`]))([\w-]+)(?:\1|\2)?['\"`]?\)(.*)",
        expression,
    )
    if not named:
        return False
    rest = named[4].strip()
    said = re.fullmatch(r"(?:\?)?\.textContent(?:\.trim\(\))?\s*={2,3}\s*(['\"`])(.*)\1", rest)
    wanted = next((element for element in wishes.elements if element.id == named[3]), None)
    if wanted is None:
        return False
    return rest in {"", "!== null", "!= null"} or bool(said and wanted.text == said[2])
