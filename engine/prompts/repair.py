"""The repair prompt: what does not hold, how it was seen, and what must stay.

A change of a text here needs a new VERSION.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from engine.domain.model_call import Prompt
from engine.prompts import form as forms
from engine.prompts.form import form, long_files
from engine.prompts.generate import asked_entries, ids_line, request_messages, rules, shown_files
from engine.prompts.sections import check_line, request_sections

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from engine.domain.brief import Brief
    from engine.plan.schema import RequestPlan
    from engine.prompts.findings import Findings

VERSION = "7"

_TASK = """\
Your last answer shows the files as they are. [findings] says what does not hold and how it was seen. Repair exactly \
that and keep the rest.
Begin with a line for each cause: Cause: what was wrong. If a finding is wrong, say so in a line of its own: Finding N \
is wrong because … If nothing
has to change, answer with one line and no files: Nothing to repair: … Else your answer is the files that change, \
{how}:"""

_FAILING = "These do not hold:"
_REFUSED = "These things must not be in the files:"
_MESSAGES = "What the browser said:"
_RUN_LOG = "The end of the log of the workflow's job that failed:"
_ELEMENTS = "What the elements are on the page:"
_HINTS = "What that may mean:"
_REVIEW = "Advice on the source, to be taken along where it does not change what the page does:"
_REST = "Everything else that was checked holds: keep it so."

_TEXTS = (_TASK, _FAILING, _REFUSED, _MESSAGES, _RUN_LOG, _ELEMENTS, _HINTS, _REVIEW, _REST, *forms.TEXTS)
_DIGEST = hashlib.sha256("\0".join(_TEXTS).encode()).hexdigest()

#: Limits, so that a small model's context has room for the page: entries of a list, characters of an entry.
_MOST_ENTRIES = 12
_MOST_CHARACTERS = 500
_MOST_ELEMENT_CHARACTERS = 3_000
_MOST_LOG_CHARACTERS = 6_000

_NOTHING = re.compile(r"^\W{0,4}nothing to repair\b[\s:.,;\u2013\u2014-]*(.*)", re.IGNORECASE)
_WRONG = re.compile(r"^\W{0,4}finding (\d{1,2}) is wrong\b[\s:.,;\u2013\u2014-]*(?:because\b)?\s*(.*)", re.IGNORECASE)


def repair_prompt(
    brief: Brief,
    plan: RequestPlan,
    *,
    boundary: str,
    tree: Mapping[str, bytes],
    findings: Findings,
    note: str = "",
    computed: Collection[str] | None = None,
) -> Prompt:
    """Return the prompt for the repair of `tree`, the whole site of the best attempt. `computed` as in a first prompt.

    The model writes its lines about causes above the first file, where the parser skips them. Raises ValueError if a
    file contains the boundary: the caller chooses another one.
    """
    present = shown_files(brief, plan, tree, repairs=True, computed=computed or ())
    computes = computed is not None
    finding_text = "\n".join(_finding_lines(findings))
    sections = request_sections(brief, present, boundary=boundary, note=note, findings=finding_text)
    ids = ids_line(brief, present.sources, [result.check for result in findings.failing])
    entries, edited = asked_entries(brief, plan, present, computes=computes), long_files(present.sources)
    end = [*ids, form(_TASK, entries, boundary, all_needed=False, long_files=edited)]
    messages = request_messages(
        rules(brief, plan, present, later=False, computed=computed), [*sections, *end], present, boundary
    )
    return Prompt("repair", VERSION, _DIGEST, messages)


def declined(reply: str) -> str:
    """Return the sentences of a reply without files that decline the repair or call a finding wrong; else ""."""
    lines = [line.strip() for line in reply[:4_000].splitlines() if line.strip()]
    sentences = [line for line in lines if _NOTHING.match(line) or _WRONG.match(line)]
    return " ".join(sentences)[:1_000]


def _finding_lines(findings: Findings) -> Iterator[str]:
    """Yield the findings line by line, the most useful first, within the limits."""
    if findings.failing:
        yield _FAILING
        for at, result in enumerate(findings.failing[:_MOST_ENTRIES]):
            how = findings.how_seen[at] if at < len(findings.how_seen) else ""
            yield check_line(result.check, at + 1)
            yield f"   gave: {_line(result.detail) or result.verdict}{f' ({how})' if how else ''}"
    yield from _listed(_REFUSED, findings.refused)
    if findings.run_log:
        yield "\n".join([_RUN_LOG, "\n".join(findings.run_log)[-_MOST_LOG_CHARACTERS:]])
    yield from _listed(_MESSAGES, findings.browser_messages)
    if findings.page_elements.strip():
        yield f"{_ELEMENTS}\n{findings.page_elements.strip()[:_MOST_ELEMENT_CHARACTERS]}"
    yield from _listed(_HINTS, findings.hints)
    yield from _listed(_REVIEW, findings.review)
    yield _REST


def _listed(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    distinct = list(dict.fromkeys(map(_line, sentences)))[:_MOST_ENTRIES]
    if distinct:
        yield "\n".join([heading, *(f"- {sentence}" for sentence in distinct)])


def _line(text: str) -> str:
    return " ".join(text.split())[:_MOST_CHARACTERS]
