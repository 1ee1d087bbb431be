"""How many words, lines, sentences, paragraphs and characters a text has, and the phrases that ask for a number of them.

A word is what stands between white space and holds a letter or a digit: `well-known` and `it's` are one, a dash that stands alone is none.
Where counting otherwise is as common (`wc -w` counts the dash; blank lines count or do not) a number holds only if it holds either way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SMALL = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty"
_NUMBERS = {word: number for number, word in enumerate(_SMALL.split())} | {
    "a single": 1, "single": 1, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "eighty": 80, "hundred": 100, "a hundred": 100,
    "one hundred": 100, "two hundred": 200,
}  # fmt: skip
_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,2}|\d{1,6}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"
NUMBER = re.compile(_NUMBER, re.IGNORECASE)

UNITS = {
    "word": "words",
    "line": "lines",
    "sentence": "sentences",
    "paragraph": "paragraphs",
    "character": "characters",
}
_AT_LEAST = r"at least|no fewer than|no less than|not fewer than|not less than|a minimum of|minimum(?: of)?|min\.?|≥|>="
_AT_MOST = r"at most|no more than|not more than|up to|a maximum of|maximum(?: of)?|max\.?|not over|≤|<="
_PHRASE = re.compile(
    r"(?<![\w.-])(?:(?P<between>between\s{1,3})|(?P<least>"
    + _AT_LEAST
    + r")\s{0,3}|(?P<most>"
    + _AT_MOST
    + r")\s{0,3}|"
    r"(?P<over>more than|over)\s{1,3}|(?P<under>fewer than|less than|under|below)\s{1,3}|(?P<exact>exactly|precisely)\s{1,3}|"
    r"(?P<rough>about|around|approximately|approx\.?|roughly|circa|nearly|almost|some|~)\s{0,3})?"
    rf"(?P<low>{_NUMBER})(?:\s{{0,3}}(?P<to>-|\u2013|—|to|and|or)\s{{0,3}}(?P<high>{_NUMBER}))?"
    r"(?:\s{1,3}|-)(?:(?P<inner>english|plain|different|short|non-empty|non-blank)\s{1,3})?"
    r"(?P<unit>word|line|sentence|paragraph|character)s?(?![\w-])"
    r"(?:\s{1,3}(?P<after>exactly|or more|or fewer|or less|at most|at least|maximum|minimum|max|min|or so|in total|long|in length|each)\b)?",
    re.IGNORECASE,
)
#: What is counted is then not the file: the first 50 words of it, five words a line, a title of five words.
_PART_BEFORE = re.compile(
    r"\b(?:or|to|least|most|than)\s{1,3}$|\d\s{0,3}[-\u2013\u2014]\s{0,3}$|"
    r"\b(?:first|last|top|next|every|these|those|common|longest|shortest|other|each|per|frequent|more|another|extra|the)\s{1,3}$|"
    r"\b(?:titles?|heading|headline|tagline|slogan|captions?|names?|sentences?|lines?|stanzas?|paragraphs?|sections?|intro(?:duction)?|"
    r"abstract|conclusion|bullets?|items?|entr(?:y|ies)|labels?|quotes?|comments?|fields?|values?|reasons?|subtitle|verses?|columns?|rows?)"
    r"\s{1,3}(?:of|with|in|has|have|is|are|contains?|having)\s{1,3}(?:an?\s{1,3})?$",
    re.IGNORECASE,
)
_PART_AFTER = re.compile(
    r"\s{0,3}(?:per|each|a|an|apart|from|that|which|starting|beginning|of(?!\s{1,3}(?:text|prose|content|english|plain|fiction|poetry)\b))\b|"
    r"\s{0,3}(?:or|/)\s|"
    r"\s{1,3}(?:titles?|heading|headline|tagline|slogan|captions?|names?|sentences?|lines?|stanzas?|paragraphs?|sections?|intro(?:duction)?|"
    r"abstract|conclusion|bullets?|items?|labels?|quotes?|comments?|fields?|reasons?|subtitle|verses?)\b",
    re.IGNORECASE,
)
_PART_OF_MORE = re.compile(r"\b(?:with|including|includes|plus|followed by|and)\s{1,3}an?\s{1,3}$", re.IGNORECASE)
#: `word count: 300-400` says the same as `300-400 words`.
_NAMED_COUNT = re.compile(
    r"\b(word|line|character)[ -]count\s{0,3}(?:is|of|:|must be|should be)?\s{0,3}"
    rf"((?:(?:between|exactly|{_AT_LEAST}|{_AT_MOST})\s{{0,3}})?{_NUMBER}(?:\s{{0,3}}(?:-|\u2013|\u2014|to|and)\s{{0,3}}{_NUMBER})?)(?![\w%]|\.\d)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
_ENDS = re.compile(r"[.!?…]+[\"'”\u2019)\]]*(?=\s|$)")
_CERTAIN_ENDS = re.compile(r"[.!?…]+[\"'”\u2019)\]]*(?=\s+[\"'“\u2018(]?[A-Z0-9]|\s*$)")


@dataclass(frozen=True, slots=True)
class Count:
    """A number of units that is asked for: from `low` to `high`, which is None where there is no upper bound."""

    unit: str
    low: int
    high: int | None

    def __str__(self) -> str:
        if self.high is None:
            return f"at least {self._of(self.low)}"
        if self.low == self.high:
            return f"exactly {self._of(self.low)}"
        return f"at most {self._of(self.high)}" if self.low == 0 else f"{self.low} to {self._of(self.high)}"

    def _of(self, number: int) -> str:
        return f"{number} {self.unit if number == 1 else UNITS[self.unit]}"

    def holds(self, number: int) -> bool:
        """Say whether a number is what is asked for."""
        return self.low <= number and (self.high is None or number <= self.high)


def take_counts(clause: str) -> tuple[list[Count], str]:
    """Return the counts that a clause asks for, and the clause without the phrases that were understood."""
    counts: list[Count] = []

    def take(found: re.Match[str]) -> str:
        count = _count(found, clause)
        if count is None:
            return found[0]
        counts.append(count)
        return " "

    clause = _NAMED_COUNT.sub(r"\2 \1s ", clause)
    left = _PHRASE.sub(take, clause)
    return counts, left


def number_of(text: str) -> int:
    """Return the number that a text matching NUMBER says."""
    plain = " ".join(text.lower().split())
    return _NUMBERS[plain] if plain in _NUMBERS else int(plain.replace(",", ""))


def readings(unit: str, text: str) -> tuple[int, ...]:
    """Return how many of a unit a text has, first as we count, then as others do where that differs."""
    match unit:
        case "word":
            tokens = text.split()
            found = (sum(map(bool, map(_LETTER.search, tokens))), len(tokens))
        case "line":
            lines = text.strip("\n").split("\n") if text.strip() else []
            found = (sum(bool(line.strip()) for line in lines), len(lines))
        case "sentence":
            found = (_sentences(text, _CERTAIN_ENDS), _sentences(text, _ENDS))
        case "paragraph":
            blocks = [block for block in re.split(r"\n[ \t]*\n", text) if block.strip()]
            found = (sum(not block.lstrip().startswith("#") for block in blocks), len(blocks))
        case _:
            found = (len(text.strip()), len(text))
    return tuple(dict.fromkeys(found))


def _count(found: re.Match[str], clause: str) -> Count | None:
    before, after = clause[: found.start()], clause[found.end() :]
    if (
        found["rough"]
        or (found["after"] or "").lower() in {"or so", "each"}
        or (found["inner"] or "").lower() == "different"
    ):
        return None
    if _PART_BEFORE.search(before[-80:]) or _PART_AFTER.match(after[:40]):
        return None
    adjective = clause[found.end() - 1 : found.end()].lower() != "s" and number_of(found["low"]) != 1
    if adjective and _PART_OF_MORE.search(before[-40:]) and "\0" not in after:
        return None
    return _bounded(found)


def _bounded(found: re.Match[str]) -> Count | None:
    unit, low, after = found["unit"].lower(), number_of(found["low"]), (found["after"] or "").lower()
    if found["high"]:
        return _ranged(found, unit, low)
    if found["between"]:
        return None
    bounds = [
        (found["least"] or after in {"or more", "at least", "minimum", "min"}, (low, None)),
        (found["most"] or after in {"or fewer", "or less", "at most", "maximum", "max"}, (0, low)),
        (found["over"], (low + 1, None)),
        (found["under"], (0, low - 1)),
    ]
    asked = [bound for given, bound in bounds if given]
    if len(asked) > 1 or (asked and (found["exact"] or after == "exactly")):
        return None
    lowest, highest = asked[0] if asked else (low, low)
    return Count(unit, lowest, highest)


def _ranged(found: re.Match[str], unit: str, low: int) -> Count | None:
    """Return a count of from n to m; `and` is one only after `between`, and nothing else may bound it."""
    high, joint = number_of(found["high"]), found["to"].lower()
    bound = any(found[name] for name in ("least", "most", "over", "under", "exact"))
    if bound or joint == "or" or (joint == "and") != bool(found["between"]) or high < low:
        return None
    return Count(unit, low, high)


def _sentences(text: str, end: re.Pattern[str]) -> int:
    stripped = text.strip()
    if not stripped:
        return 0
    found = list(end.finditer(stripped))
    return len(found) + (not found or found[-1].end() < len(stripped))
