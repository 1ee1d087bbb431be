"""Judges one issued task: a list of questions, each answered by one function that looks at the evidence."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.checks.page_load import IN_ORDER
from tasks_app.redaction import keepable
from tasks_app.rehearsal.criteria import (
    FileCriterion,
    HtmlCriterion,
    JsCriterion,
    RubricCriterion,
    SentenceCriterion,
)
from tasks_app.rehearsal.judging import callbacks, pages, published, repositories
from tasks_app.rehearsal.judging.contracts import Result
from tasks_app.rehearsal.judging.evidence import TaskEvidence
from tasks_app.rehearsal.judging.history import without_secret
from tasks_app.rehearsal.judging.observed import NotLookedAt, Observed, Once, own_fault
from tasks_app.rehearsal.judging.opinions import judged_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tasks_app.rehearsal.judging.contracts import TaskToJudge
    from tasks_app.rehearsal.judging.tools import JudgingTools

log = logging.getLogger(__name__)

LONGEST_REASON = 2_000
LONGEST_LOG = 20_000


@dataclass(frozen=True, slots=True)
class _Question:
    kind: str
    check: str
    look: Callable[[TaskEvidence], Observed]


def judge(task: TaskToJudge, tools: JudgingTools) -> list[Result]:
    """Return the result of each check: for the same task always the same checks in the same order.

    This never raises for what a submission did. It may take minutes.
    """
    with TaskEvidence(task, tools) as evidence:
        questions = list(_questions(evidence))
        # How often the endpoint calls back is asked last: a second callback may come during the judging.
        results = {
            at: _result(one, evidence) for at, one in enumerate(questions) if one.look is not callbacks.callback_once
        }
        return [results.get(at) or _result(one, evidence) for at, one in enumerate(questions)]


def _result(question: _Question, evidence: TaskEvidence) -> Result:
    try:
        seen = question.look(evidence)
    except NotLookedAt as missing:
        seen = Observed(missing.score, missing.reason, missing.log)
    except Exception as error:
        log.exception("A check of a rehearsal failed")
        seen = Observed(None, own_fault(error).reason)
    return Result(
        kind=question.kind,
        check=_shown(question.check, evidence, LONGEST_REASON),
        score=seen.score,
        reason=_shown(seen.reason, evidence, LONGEST_REASON),
        log=_shown(seen.log, evidence, LONGEST_LOG),
        screenshot=seen.screenshot,
    )


def _shown(text: str, evidence: TaskEvidence, most: int) -> str:
    """Return a text for a row: without the submission's secret and our own, and not too long."""
    masked = keepable(without_secret(text, evidence.task.secret))
    return masked if len(masked) <= most else f"{masked[: most - 1]}…"


def _questions(evidence: TaskEvidence) -> Iterator[_Question]:
    task = evidence.task
    yield _Question("request", "The endpoint accepts the task with 200", callbacks.request_accepted)
    yield _Question("callback", "A callback that matches came within the deadline", callbacks.callback_in_time)
    yield _Question("callback", "The callback came exactly once", callbacks.callback_once)
    yield _Question("callback", "The callback has exactly the fields of the contract", callbacks.callback_fields)
    yield from _of_repository(task)
    yield from _of_files(task)
    yield from _of_page(task)
    yield from _of_texts(evidence)


def _of_repository(task: TaskToJudge) -> Iterator[_Question]:
    later = task.round > 1
    yield _Question("repository", "The repository can be read without credentials", repositories.repository_public)
    if not later:
        yield _Question("repository", "The repository was created after the request", repositories.repository_new)
    yield _Question("repository", "The repository has one commit for this round", repositories.one_commit)
    yield _Question("repository", "commit_sha is a commit of the default branch", repositories.commit_on_default_branch)
    yield _Question("licence", "LICENSE at the root is the MIT licence", repositories.licence_mit)
    yield _Question(
        "readme",
        "README.md has headings for summary, setup, usage, code explanation and licence",
        repositories.readme_complete,
    )
    yield _Question(
        "readme",
        "README.md leaves nothing to be filled in and names no missing file",
        repositories.readme_filled_in,
    )
    if later:
        yield _Question("readme", "README.md changed in this round", repositories.readme_changed)
    yield _Question("history", "No commit of the repository holds a secret", repositories.history_clean)


def _of_files(task: TaskToJudge) -> Iterator[_Question]:
    for one in task.criteria:
        if isinstance(one, FileCriterion):
            look = partial(published.file_as_asked, file=one.file)
            yield _Question("file", published.file_sentence(one), look)
    if task.request.get("attachments"):
        yield _Question("file", "Attachments that stand in the commit are unchanged", published.attachments_unchanged)
    yield _Question(
        "file", "Every file that index.html links or loads by a relative address exists", published.links_lead_to_files
    )


def _of_page(task: TaskToJudge) -> Iterator[_Question]:
    yield _Question("page", "pages_url answers 200", pages.page_answers)
    yield _Question("page", "pages_url serves this commit's index.html", pages.page_fresh)
    scripts = [one for one in task.criteria if isinstance(one, JsCriterion)]
    for number, script in enumerate(scripts):
        yield _Question("page", script.says or script.js, partial(pages.js_holds, number=number))
    if len(scripts) > 1:
        yield _Question("page", IN_ORDER, pages.all_in_order)
    yield _Question("page", "The page loads without errors", pages.page_loads)
    for one in task.criteria:
        if isinstance(one, HtmlCriterion):
            yield _Question("html", one.says or _html_sentence(one), partial(pages.html_as_asked, asked=one.html))


def _html_sentence(criterion: HtmlCriterion) -> str:
    asked = criterion.html.model_dump(exclude_defaults=True)
    parts = [
        f"{name} {', '.join(map(str, value)) if isinstance(value, tuple) else value}" for name, value in asked.items()
    ]
    return f"The page's source has {'; '.join(parts)}".replace("_", " ")


def _of_texts(evidence: TaskEvidence) -> Iterator[_Question]:
    texts = [one for one in evidence.task.criteria if isinstance(one, SentenceCriterion | RubricCriterion)]
    judged = Once(lambda: judged_texts(evidence))

    def look(_: TaskEvidence, number: int) -> Observed:
        opinion = judged()[number]
        if opinion is None:
            raise NotLookedAt(None, "the model's reply holds no judgement of this")
        return opinion

    for number, one in enumerate(texts):
        text = one.sentence if isinstance(one, SentenceCriterion) else f"{one.rubric} ({one.of})"
        yield _Question("text", one.says or text, partial(look, number=number))
