"""Has a model judge sentences and rubrics. Its reply is a stranger's text: only a line of the right form counts."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.domain.model_call import Image
from engine.errors import EngineError
from engine.plan.mentions import named_paths
from engine.prompts.judge import LONGEST_REASON, LONGEST_REPLY, Material, Opinion, judge_prompt, parse_judgements
from tasks_app.rehearsal.criteria import RubricCriterion, SentenceCriterion
from tasks_app.rehearsal.judging.evidence import CODE, INDEX
from tasks_app.rehearsal.judging.history import without_secret
from tasks_app.rehearsal.judging.observed import NotLookedAt, Observed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.domain.browser_report import BrowserReport
    from engine.domain.model_call import Message
    from engine.ports import Author
    from tasks_app.rehearsal.judging.evidence import TaskEvidence

SECONDS = 180.0
LONGEST_ANSWER = 3_000  # tokens
_MOST_FILES = 12

#: What the judge's rules say besides, because a rubric asks for a grade and not for a verdict.
RUBRIC_RULES = """
Where a sentence begins with Grade, answer its number, a whole number from 0 (nothing of it) to 10 (all of it, well) \
and /10, then a dash and the reason in one short sentence:
4: 7/10 - the README explains the code, but not how to set it up"""

_GRADE = re.compile(
    r"^[\s*>-]{0,6}(\d{1,3})\s{0,2}[:.)]{1,2}[\s*]{0,4}(\d{1,2})\s?/\s?10\b[\s*]{0,4}[-:.,;\u2013\u2014]{0,3}(.*)$"
)
_SCORES = {Opinion.HOLDS: 1.0, Opinion.FAILS: 0.0, Opinion.CANNOT_TELL: None}


def judged_texts(evidence: TaskEvidence) -> list[Observed | None]:
    """Return one opinion for each sentence and rubric of the task, in order, by one call; None: the model gave none.

    Raises NotLookedAt.
    """
    author = evidence.tools.author
    if author is None or author.simulated:
        raise NotLookedAt(None, "no model is configured to judge this")
    asked = [_question(one) for one in evidence.task.criteria if isinstance(one, SentenceCriterion | RubricCriterion)]
    material = _material(evidence, asked)
    boundary = secrets.token_hex(6)
    prompt = judge_prompt(asked, material, boundary=boundary)
    rules, data = prompt.messages
    secret = evidence.task.secret
    messages = (
        replace(rules, content=rules.content + RUBRIC_RULES),
        replace(data, content=without_secret(data.content, secret)),
    )
    model, reply = _reply(author, messages)
    log = f"{model} saw {material}\n\n{reply[:4000]}"
    return _opinions(asked, reply, log)


def _reply(author: Author, messages: Sequence[Message]) -> tuple[str, str]:
    try:
        reply = author.write(messages, model=author.models[0], seconds=SECONDS, tokens=LONGEST_ANSWER)
    except EngineError as error:
        raise NotLookedAt(None, f"the model could not be asked: {error.message}") from None
    return reply.model or author.models[0], reply.whole_lines[:LONGEST_REPLY]


def _question(criterion: SentenceCriterion | RubricCriterion) -> str:
    if isinstance(criterion, SentenceCriterion):
        return criterion.sentence
    of = {"readme": "README.md", "code": "the code", "page": "the page"}[criterion.of]
    return f"Grade {of}: {criterion.rubric}"


def _opinions(asked: Sequence[str], reply: str, log: str) -> list[Observed | None]:
    grades = _grades(reply)
    found: list[Observed | None] = []
    for number, (text, judgement) in enumerate(zip(asked, parse_judgements(reply, len(asked)), strict=True), 1):
        if text.startswith("Grade ") and number in grades:
            found.append(replace(grades[number], log=log))
        elif judgement:
            reason = f"the model says {judgement.opinion}: {judgement.reason}"
            found.append(Observed(_SCORES[judgement.opinion], reason, log))
        else:
            found.append(None)
    return found


def _grades(reply: str) -> dict[int, Observed]:
    grades: dict[int, Observed] = {}
    for line in reply.splitlines():
        match = _GRADE.match(line[:2_000])
        if match and int(match[2]) <= 10:
            reason = " ".join(match[3].split())[:LONGEST_REASON] or "no reason was given"
            grades.setdefault(
                int(match[1]), Observed(int(match[2]) / 10, f"the model grades it {match[2]}/10: {reason}")
            )
    return grades


def _material(evidence: TaskEvidence, asked: Sequence[str]) -> Material:
    """Return the README, the code, the files that the sentences name, and what the browser saw."""
    try:
        files: Mapping[str, bytes] = evidence.files()
    except NotLookedAt:
        files = {INDEX: evidence.html().encode()}
    named = [path for one in asked for path in named_paths(one, list(files)[:2000])]
    code = sorted(path for path in files if path.endswith(CODE) and path.count("/") < 3)
    wanted = dict.fromkeys(["README.md", INDEX, *named, *code])
    texts = [path for path in wanted if path in files and b"\0" not in files[path]]
    shown = {path: files[path] for path in texts[:_MOST_FILES]}
    report = _report(evidence)
    views = sorted(report.views, key=lambda one: one.width) if report else []
    pictures = [Image("page.jpg", "image/jpeg", view.screenshot) for view in views if view.screenshot]
    return Material(
        files=shown,
        others=sorted(path for path in files if path not in shown)[:200],
        seen=_seen(report) if report else [],
        images=tuple(pictures[-1:]),
    )


def _report(evidence: TaskEvidence) -> BrowserReport | None:
    try:
        return evidence.report()
    except NotLookedAt:
        return None


def _seen(report: BrowserReport) -> list[str]:
    lines = [
        f"{one.check.text}: {one.verdict}{f', {one.detail}' if one.detail else ''}"[:500] for one in report.results
    ]
    for view in report.views:
        loaded = "loaded" if view.loaded else "not loaded"
        lines.append(f"at {view.width} pixels: {loaded}; errors: {'; '.join(view.errors) or 'none'}"[:500])
    return lines
