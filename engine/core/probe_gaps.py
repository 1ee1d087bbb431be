"""What a sentence says and its probe leaves out: weak models test the half of it, and such a test decides nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.probes import LITERAL, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Sequence

_ACTS = frozenset(Verb) - {Verb.WAIT}

#: What a sentence does with the page, and the verbs by which a probe may do it.
_DONE = (
    (re.compile(r"\breload(?:s|ed|ing)?\b"), frozenset({Verb.RELOAD})),
    (re.compile(r"(?:(?<![\w/?&=.:%-])|(?<=\s/))\?[\w.-]+="), {Verb.OPEN, Verb.CLICK}),
    (re.compile(r"\b(?:pressing|presses|pressed) (?:enter|escape|tab|the (?:enter|escape|tab) key)\b"), {Verb.PRESS}),
    (re.compile(r"\bclick(?:s|ed|ing)?\b"), {Verb.CLICK, Verb.PRESS}),
    (re.compile(r"\b(?:choos(?:es|ing)|chosen|selecting)\b"), {Verb.SELECT, Verb.CLICK, Verb.FILL}),
    (re.compile(r"\b(?:typ(?:es|ed|ing)|fill(?:s|ed|ing)|entered|entering)\b"), {Verb.FILL, Verb.PRESS}),
    (re.compile(r"\b(?:is|was|are|were) (?:added|removed|deleted|sent|submitted|sorted)\b"), _ACTS),
    (
        re.compile(
            r"\b(?:after|when|once|upon)\b(?! (?:the |this )?(?:page|document|site|it)\b.{0,12}\b(?:load|open))"
        ),
        _ACTS,
    ),
)
#: What happens before is no act of the test.
_BEFORE = re.compile(r"\b(?:before|until|without|not)\b")
_TWICE = re.compile(r"\b(?:second|third|another|twice|two|both)\b")
_REPEATED = re.compile(r"\b(?:add|click|submit|press|type|typed|enter|fill)")
_ID = re.compile(r"#[A-Za-z][\w-]*")
_NUMBER = re.compile(r"(?<![\w#.,-])\d+(?:[.,-]\d+)*(?![\w%])")


def gap(sentence: str, steps: Sequence[Step], expression: str) -> str:
    """Return what a probe leaves out of its sentence, as a clause about "it"; "" where it leaves out nothing that we know of.

    It must name the ids, numbers and quoted texts of the sentence, do what the sentence does, and do twice what is done twice.
    """
    probe = " ".join([expression, *(f"{step.selector} {step.value}" for step in steps)]).casefold()
    for name in _named(sentence):
        if name.casefold().removeprefix("#") not in probe:
            return f"it says nothing of {name[:60]}"
    said, verbs = sentence.casefold(), [step.verb for step in steps]
    if not _BEFORE.search(said):
        for words, wanted in _DONE:
            if (found := words.search(said)) and not wanted & {*verbs}:
                return f"it takes no step for “{found[0]}”"
    twice = _TWICE.search(said)
    if twice and _REPEATED.search(said) and max((verbs.count(one) for one in _ACTS), default=0) < 2:
        return f"it does nothing twice, for “{twice[0]}”"
    return ""


def _named(sentence: str) -> list[str]:
    """Return the ids, quoted texts and numbers of a sentence; of 250.00 only 250, as a number of JavaScript would be written."""
    quoted = [next(group for group in found.groups() if group is not None) for found in LITERAL.finditer(sentence)]
    rest = LITERAL.sub(" ", sentence)
    numbers = [re.sub(r"[.,]0+$", "", number) for number in _NUMBER.findall(_ID.sub(" ", rest))]
    return [*_ID.findall(rest), *(text for text in quoted if text.strip()), *numbers]
