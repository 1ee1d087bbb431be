"""Checks of the page: what is served, its source, and what it does in a browser."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from engine.domain.checks import WRONG, Verdict
from engine.formats.markup import attribute, inline_scripts, read_page
from tasks_app.rehearsal.judging.evidence import INDEX
from tasks_app.rehearsal.judging.observed import NotLookedAt, Observed, holds
from tasks_app.rehearsal.judging.published import difference, has_workflow

if TYPE_CHECKING:
    from turbohtml import Document

    from engine.domain.browser_report import PageView
    from engine.domain.http import Answer
    from tasks_app.rehearsal.criteria import StaticHtml
    from tasks_app.rehearsal.judging.evidence import TaskEvidence

TOLERANCE = 0.01
#: As JavaScript's parseFloat reads the beginning of a text. https://tc39.es/ecma262/#sec-parsefloat-string
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_MOST_LINES = 50


def page_answers(evidence: TaskEvidence) -> Observed:
    page = evidence.page()
    log = "\n".join([f"{page.status} {page.url}", *(f"{k}: {v}"[:300] for k, v in page.headers.items())][:_MOST_LINES])
    if page.status != 200:
        return Observed(0.0, f"pages_url answers {page.status}", log)
    if page.truncated:
        return Observed(0.0, f"pages_url answers without an end: more than {evidence.tools.page_bytes} bytes came", log)
    return Observed(1.0, f"200, {len(page.body)} bytes", log)


def page_fresh(evidence: TaskEvidence) -> Observed:
    """Compare the served page with the commit's, with and without a query that passes caches."""
    evidence.html()
    files = evidence.files()
    path = evidence.path_of(INDEX)
    if path not in files:
        if has_workflow(files):
            raise NotLookedAt(None, "the commit has no index.html; a workflow publishes the page")
        return Observed(0.0, "the commit has no index.html")
    wanted = files[path]
    bypass = evidence.served("", evidence.tools.page_bytes, query=f"v={secrets.token_hex(6)}")
    for answer, how in ((evidence.page(), ""), (bypass, " past caches")):
        if problem := _stale(evidence, answer, wanted):
            if has_workflow(files) and answer.status == 200 and not _older(evidence, answer):
                raise NotLookedAt(None, "a workflow of the commit may write the page, which has other bytes")
            log = f"{answer.url}{how}: {answer.status}, {len(answer.body)} bytes; the commit's: {len(wanted)} bytes"
            return Observed(0.0, f"the page that is served{how} is not this commit's: {problem}", log)
    return Observed(1.0, f"the {len(wanted)} bytes of the commit's index.html are served")


def js_holds(evidence: TaskEvidence, number: int) -> Observed:
    """Return the result of the js criterion with this number, from 0."""
    result = evidence.report().results[number]
    log = "\n".join([f"verdict: {result.verdict}", *result.console][:_MOST_LINES])
    detail = result.detail or str(result.verdict)
    if result.verdict is Verdict.PASS:
        return Observed(1.0, detail, log, result.screenshot)
    return Observed(0.0 if result.verdict in WRONG else None, detail, log, result.screenshot)


def all_in_order(evidence: TaskEvidence) -> Observed:
    report = evidence.report()
    if not report.in_order:
        raise NotLookedAt(None, "the browser had no time left for this")
    held = sum(one is True for one in report.in_order)
    words = {True: "held", False: "failed", None: "not reached"}
    pairs = zip(report.results, report.in_order, strict=False)
    log = "\n".join(f"{words[one]}: {result.check.text}" for result, one in pairs if one is not True)
    return Observed(held / len(report.in_order), f"{held} of {len(report.in_order)} held", log)


def page_loads(evidence: TaskEvidence) -> Observed:
    views = evidence.report().views
    if not views:
        raise NotLookedAt(None, "the browser had no time left for this")
    view = max(views, key=lambda one: one.width)
    problems = [*([] if view.loaded else ["the page did not load"]), *view.errors]
    log = "\n".join([*view.console, *(f"not loaded: {one}" for one in view.failed)][:_MOST_LINES])
    seen = holds(problems, f"it loaded without an error at {view.width} pixels{_not_loaded(view)}", log)
    return Observed(seen.score, seen.reason, seen.log, view.screenshot)


def html_as_asked(evidence: TaskEvidence, asked: StaticHtml) -> Observed:
    source = evidence.html()
    problems = [f"the source does not hold {one[:80]!r}" for one in asked.contains if one not in source]
    problems += [f"the source holds {one[:80]!r}" for one in asked.lacks if one in source]
    if asked.ids or asked.numbers or asked.inline_script is not None:
        page = read_page(source)
        if page is None:
            raise NotLookedAt(None, "the page has too many elements to be read without running it")
        problems += _element_problems(page, asked)
    return holds(problems, "all of it holds in the source as it is served")


def _stale(evidence: TaskEvidence, answer: Answer, wanted: bytes) -> str:
    """Return how a served page differs from the wanted one; "" if it does not."""
    if answer.status != 200:
        return f"it answers {answer.status}"
    if answer.body == wanted:
        return ""
    return _older(evidence, answer) or difference(answer.body, wanted)


def _older(evidence: TaskEvidence, answer: Answer) -> str:
    """Return of which commit before a served page is; "" if of none."""
    clone, path = evidence.clone(), evidence.path_of(INDEX)
    before = [
        (sha, f"earlier round {number} (commit {sha[:12]})")
        for number, sha in enumerate(evidence.task.earlier_commits, 1)
    ][::-1]
    parents = [one.decode() for one in evidence.commit().parents[:5]]
    for sha, name in [*before, *((one, f"the commit before ({one[:12]})") for one in parents)]:
        commit = clone.commit(sha)
        if commit and clone.files(commit).get(path) == answer.body:
            return f"it is stale, that of {name}"
    return ""


def _not_loaded(view: PageView) -> str:
    return f"; {len(view.failed)} resources could not be loaded" if view.failed else ""


def _element_problems(page: Document, asked: StaticHtml) -> list[str]:
    by_id = {attribute(one, "id"): one for one in reversed(page.select("[id]"))}
    problems = [f"no element has the id {one!r}" for one in asked.ids if one not in by_id]
    for name, number in asked.numbers.items():
        if (element := by_id.get(name)) is None:
            problems.append(f"no element has the id {name!r}")
        elif not _is_number(element.text, number):
            shown = " ".join(element.text.split())[:60]
            problems.append(f"#{name} holds {shown!r} in the source, not {number:g}")
    if asked.inline_script is not None:
        has = any(text.strip() for _, text in inline_scripts(page))
        if has != asked.inline_script:
            problems.append("there is an inline script" if has else "there is no inline script")
    return problems


def _is_number(text: str, wanted: float) -> bool:
    found = _NUMBER.match(text)
    return found is not None and abs(float(found[1]) - wanted) <= TOLERANCE + 1e-9
