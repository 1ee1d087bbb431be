"""What earlier rounds of a task said of files by name, judged again: a later round must not lose what it does not speak of."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.core.checks import Check, Kind, Verdict
from engine.core.file_wishes import all_rules, wishes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.core.checks import CheckResult
    from engine.core.file_rules import FileRule

#: So many rules of earlier rounds are judged again, those of the newest rounds first.
MOST_LASTING = 40

_PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a round was asked for: its brief, its checks, and the files that came with it."""

    words: str
    checks: tuple[Check, ...]
    attachments: Mapping[str, bytes]


def lasting_results(
    earlier: Sequence[Asked], now: Asked, before: Mapping[str, bytes], files: Mapping[str, bytes]
) -> list[CheckResult]:
    """Judge the rules of `earlier` rounds, the newest first, that held in `before`, the tree of the round before.

    A file that the present round names is that round's to change: what was said of it lapses, and so does a link to it. Of the page
    only those rules lapse that the present round has itself, since every round changes it.
    """
    own = {rule.full_text for rule in all_rules(wishes_of(now.words, now.checks, now.attachments), now.words)}
    rules = {rule.full_text: rule for asked in earlier for rule in _lasting(asked, now)}
    held = (
        rule
        for text, rule in rules.items()
        if text not in own and rule.path in before and rule.result(before).verdict is Verdict.PASS
    )
    results = [rule.result(files) for rule, _ in zip(held, range(MOST_LASTING), strict=False)]
    return [replace(result, check=Check(Kind.LASTING, result.check.text)) for result in results]


def _lasting(asked: Asked, now: Asked) -> Iterator[FileRule]:
    said = "\n".join([now.words, *(check.text for check in now.checks)]).lower()
    wishes = wishes_of(asked.words, asked.checks, asked.attachments)
    left = [wish for wish in wishes if wish.path == _PAGE or wish.path.lower() not in said]
    yield from all_rules(left, asked.words)
