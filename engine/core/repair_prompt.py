"""What the model is told after a browser has judged its page: what does not hold, what was seen instead, and what must stay.

A change of any text here is a new VERSION.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.file_form import failing_files, form, links_of, page_fails, shown_whole
from engine.core.prompt_sections import check_line, data_sections
from engine.core.prompts import IDS, RULES, ids_to_write, request_messages, with_files
from engine.core.replies import mark
from engine.ports import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.core.brief import Brief
    from engine.core.checks import Check, CheckResult

VERSION = "5"

_FORM = """\
Your last answer is the app as it is. It was opened in a browser; [findings] says what does not hold. Repair exactly that and keep the rest.
Begin with one line: Cause: what in the code is wrong. Then the files that change, every line of them, in this form:
{first}
<!DOCTYPE html>
(the page, whole, repaired)
{closing}
It ends with the line `{closing}`, which counts the files. README.md only if it says something untrue now."""

_FAILING = "These checks do not hold:"
_REFUSED = "These things must not be in the files:"
_SAID = "What the browser said:"
_SEEN = "What the elements are on the page:"
_HINTS = "What that means:"
_REVIEW = "What a reader of the source would have changed (mend it without changing what the page does):"
_KEPT = "Checks of earlier rounds, which hold and must go on holding:"
_REST = "All other checks hold: keep it so."

_DIGEST = hashlib.sha256(
    "\0".join([RULES, _FORM, IDS, _FAILING, _REFUSED, _SAID, _SEEN, _HINTS, _REVIEW, _KEPT, _REST]).encode()
).hexdigest()

#: Bounds on what is told, so that a small model's context keeps room for the page: entries of a list, characters of an entry.
_MOST_ENTRIES = 12
_MOST_CHARACTERS = 500
_MOST_SEEN = 3_000


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with an attempt.

    `failing`: results whose `detail` tells the actual value and its type; `how_seen`: on what each of them was decided. `refused`: sentences of the gates, with file and line. `said`: what
    the page threw, logged as an error, or could not get. `seen`: the elements that the failing checks name as they are on the page, a
    line each (`#total: <b id="total">$600.00</b>`, `#rows: no such element`), since `false (boolean)` alone tells a model little.
    `hints`: sentences on the likely cause. `review`: flaws of the source with file and line, the gravest first. `kept`: checks of earlier rounds that hold.
    """

    failing: Sequence[CheckResult] = ()
    how_seen: Sequence[str] = ()
    refused: Sequence[str] = ()
    said: Sequence[str] = ()
    seen: str = ""
    hints: Sequence[str] = ()
    review: Sequence[str] = ()
    kept: Sequence[Check] = ()


def repair_prompt(
    brief: Brief, *, boundary: str, tree: Mapping[str, bytes], findings: Findings, attachments_note: str = ""
) -> Prompt:
    """Return the prompt that asks for the repair of `tree`, the whole site of the best attempt so far.

    The answer has the form of every reply; the line about the cause stands above its first file, where the parser leaves it out.
    Raises ValueError where a file holds the boundary: choose another.
    """
    told = "\n".join(_told(findings))
    wrong = failing_files(brief, findings.failing)
    whole = shown_whole(brief, tree, also=wrong)
    sections, sources = data_sections(
        brief, boundary=boundary, tree=tree, note=attachments_note, findings=told, whole=whole
    )
    ids = ids_to_write(brief, sources, [result.check for result in findings.failing])
    if wrong.keys() - {"index.html"}:
        end = form(
            "repair",
            wrong,
            boundary,
            page=bool(findings.refused) or page_fails(findings.failing),
            readme=False,
            links=links_of(brief),
        )
        messages = request_messages([*sections, ids + end], sources, boundary)
        return with_files(Prompt(name="repair", version=VERSION, digest=_DIGEST, messages=messages))
    end = _FORM.format(first=mark(boundary, "file", "index.html"), closing=mark(boundary, "complete", 1))
    messages = request_messages([*sections, ids + end], sources, boundary)
    return Prompt(name="repair", version=VERSION, digest=_DIGEST, messages=messages)


def _told(findings: Findings) -> Iterator[str]:
    """Yield the findings line by line, the most telling first, within the bounds."""
    if findings.failing:
        yield _FAILING
        for result in findings.failing[:_MOST_ENTRIES]:
            yield f"{check_line(result.check)}\n  gave: {_line(result.detail) or result.verdict}"
    yield from _listed(_REFUSED, findings.refused)
    yield from _listed(_SAID, findings.said)
    if findings.seen.strip():
        yield f"{_SEEN}\n{findings.seen.strip()[:_MOST_SEEN]}"
    yield from _listed(_HINTS, findings.hints)
    yield from _listed(_REVIEW, findings.review)
    if findings.kept:
        yield "\n".join([_KEPT, *map(check_line, findings.kept)])
    yield _REST


def _listed(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    distinct = list(dict.fromkeys(map(_line, sentences)))[:_MOST_ENTRIES]
    if distinct:
        yield "\n".join([heading, *(f"- {sentence}" for sentence in distinct)])


def _line(text: str) -> str:
    return " ".join(text.split())[:_MOST_CHARACTERS]
