"""A model's judgements of sentences, read from its answer. None of them is ever a pass: the model that judges may be the one that wrote the page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_REPLY = 20_000  # characters that are read
LONGEST_REASON = 300

_LINE = re.compile(
    r"^[\s*>-]{0,6}(\d{1,3})\s{0,2}[:.)]{1,2}[\s*]{0,4}(holds|fails|cannot tell|can't tell)\b[\s*]{0,4}[-:.,;\u2013\u2014]{0,3}\s{0,4}(.*)$",
    re.IGNORECASE,
)


class Opinion(StrEnum):
    """What a model says of a sentence."""

    HOLDS = "holds"
    FAILS = "fails"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Judgement:
    """An opinion with its reason in the model's own words, cut to LONGEST_REASON."""

    opinion: Opinion
    reason: str

    def label(self, model: str, evidence: str) -> str:
        """Return the detail of a check that was judged so: by whom, on what evidence, and that it is no more than that."""
        match self.opinion:
            case Opinion.CANNOT_TELL:
                return f"judged by {model}: it cannot tell from {evidence}: {self.reason}"
            case Opinion.HOLDS:
                return f"judged by {model} to hold, from {evidence}; an opinion and no pass: {self.reason}"
            case Opinion.FAILS:
                return f"judged by {model} to fail, from {evidence}; an opinion and no failure: {self.reason}"


def parse_judgements(reply: str, count: int) -> list[Judgement | None]:
    """Return one judgement for each of `count` sentences, None where the reply has none; of two with one number the first counts."""
    found: dict[int, Judgement] = {}
    for line in reply[:LONGEST_REPLY].splitlines():
        match = _LINE.match(line[:2_000])
        if match and 1 <= int(match[1]) <= count:
            said = match[2].lower().replace("can't", "cannot")
            reason = " ".join(match[3].split())[:LONGEST_REASON] or "no reason was given"
            found.setdefault(int(match[1]), Judgement(Opinion(said), reason))
    return [found.get(number) for number in range(1, count + 1)]
