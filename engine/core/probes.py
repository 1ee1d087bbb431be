"""Probes: small tests of one sentence each, written by a model before there is a page and frozen then."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_SENTENCES = 12  # that are asked for at once

#: A string in an expression.
LITERAL = re.compile(r""""((?:[^"\\\n]|\\.){0,400})"|'((?:[^'\\\n]|\\.){0,400})'|`((?:[^`\\]|\\.){0,400})`""")
_WORD = re.compile(r"[\w-]*\w")
_UNIVERSAL = frozenset({"html", "head", "body", "title", "main", "0", "1"})

#: Tags that come with another.
_IMPLIED = {"tbody": ("table", "thead", "tr", "td", "th"), "ul": ("li",), "ol": ("li",), "select": ("option",)}


class Verb(StrEnum):
    """What a step does with an element; `wait` takes milliseconds alone."""

    FILL = "fill"
    CLICK = "click"
    PRESS = "press"  # a key
    SELECT = "select"
    WAIT = "wait"
    RELOAD = "reload"  # the page, with what it has stored
    OPEN = "open"  # the page anew, at its address with a query or a fragment


@dataclass(frozen=True, slots=True)
class Step:
    """One interaction. `selector` is CSS ("" for wait, open, and a key that goes to the page), `value` what is filled, selected, pressed, waited or opened; reload has neither."""

    verb: Verb
    selector: str = ""
    value: str = ""

    def __str__(self) -> str:
        return " ".join(
            filter(None, (self.verb, self.selector, f"= {self.value}" if self.selector and self.value else self.value))
        )


@dataclass(frozen=True, slots=True)
class Probe:
    """The test of the request's check at `position` (from 0). Without an `expression` there is none: `why_not` says why."""

    position: int
    text: str
    steps: tuple[Step, ...] = ()
    expression: str = ""
    why_not: str = ""

    def __str__(self) -> str:
        return "; ".join([*map(str, self.steps), f"expect {self.expression}"]) if self.expression else self.why_not


@dataclass(frozen=True, slots=True)
class Asked:
    """A sentence that needs a probe, and the place of its check in the request, from 0."""

    position: int
    text: str


def unasked(asked: Sequence[Asked], why: str) -> tuple[Probe, ...]:
    """Return for each sentence that it has no probe, and why."""
    return tuple(Probe(one.position, one.text, why_not=why) for one in asked)


def guesses(probe: Probe, words: str) -> tuple[str, ...]:
    """Return what a probe names that neither the brief nor the checks (`words`) do: where it fails the page may be right all the same."""
    named = words.casefold()
    known = {*_WORD.findall(named), *_UNIVERSAL}
    given = " ".join(step.value for step in probe.steps).casefold()
    known |= set(_WORD.findall(given))
    known |= {tag for parent, tags in _IMPLIED.items() if parent in known for tag in tags}
    literals = [next(g for g in m.groups() if g is not None) for m in LITERAL.finditer(probe.expression)]
    free = [text for text in literals if text.casefold() not in named and text.casefold() not in given]
    code = LITERAL.sub(" ", probe.expression)
    found = [word for text in (*(s.selector for s in probe.steps), *free) for word in _WORD.findall(text)]
    found += re.findall(r"(?<![\w.])\d+(?:\.\d+)?", code)
    if re.search(r"(?:^|[(,=:!&|?])\s{0,4}/[^/*\n]", code):
        found.append("a pattern")
    return tuple(dict.fromkeys(word for word in found if word.casefold() not in known))
