"""Which sentences are decided, and rightly: `python -m benchmarks.prose` judges fixed pages by sentences whose truth is
known.

By plans that were written by hand before the pages were looked at, unless `--model` has them made by the model of
LLM_API_KEY, LLM_BASE_URL and LLM_MODEL. Exits with 1 where something passes that is false, or fails that is true.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.suite.judge import ADDRESS, machine
from benchmarks.suite.plan_asking import Answers, ask_for_plan, taken
from engine.adapters.browser.chromium_browser import ChromiumBrowser
from engine.adapters.openai.openai_author import OpenAIAuthor
from engine.domain.brief import AttachedFile, Brief
from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Target, Verdict, parse_check
from engine.errors import EngineError
from engine.plan.deciding.evidence import Evidence
from engine.plan.predicates import IN_BROWSER
from engine.plan.verdicts import PlanVerdicts
from engine.site.repository_files import licence
from engine.steps.planning import request_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.domain.checks import Check
    from engine.plan.allowed import PlanRequest
    from engine.plan.reading import PlanReading
    from engine.plan.schema import RequestPlan
    from engine.ports import Author, Browser

FOLDER = Path(__file__).parent / "suite" / "prose"
SECONDS = 240  # of the browser, a page
_BESIDE = {"sentences.json", "plan.json"}


@dataclass(frozen=True, slots=True)
class FixedPage:
    """A page with its sentences, whether each is true of it, and the plan that was written by hand, as a model would
    answer it."""

    name: str
    words: str
    files: Mapping[str, bytes]
    sentences: Sequence[tuple[str, bool]]
    plan: str

    @property
    def checks(self) -> tuple[Check, ...]:
        """Return the sentences as a request's checks."""
        return tuple(parse_check(text) for text, _ in self.sentences)

    @property
    def brief(self) -> Brief:
        """Return what a round would work from, with the page's data attached."""
        data = {path: content for path, content in self.files.items() if path.endswith(".csv")}
        attached = tuple(AttachedFile(path, "text/csv", content) for path, content in data.items())
        return Brief("", self.name, 1, "", self.words, self.checks, attached)

    @property
    def request(self) -> PlanRequest:
        """Return what a plan is checked against."""
        return request_of(self.brief, (), allow_private=False)

    def by_hand(self) -> PlanReading:
        """Return what is read of the plan that was written by hand."""
        return taken(Answers(self.plan), self.request)[0]


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence, its truth, and what came out."""

    page: str
    text: str
    truth: bool
    verdict: Verdict
    by: str  # "page", "files" or "nothing"
    detail: str

    @property
    def wrong(self) -> str:
        """Return "false pass", "false fail" or "" ."""
        if self.verdict is Verdict.PASS and not self.truth:
            return "false pass"
        return "false fail" if self.verdict is Verdict.FAIL and self.truth else ""


def fixed_pages() -> list[FixedPage]:
    """Read the pages of the suite."""
    return [_page(folder) for folder in sorted(FOLDER.iterdir()) if folder.is_dir()]


def judged(page: FixedPage, browser: Browser, plan: RequestPlan | None) -> list[Judged]:
    """Judge a page's sentences by a plan, as a verification does."""
    evidence = Evidence(page.files, {file.name: file.content for file in page.brief.attachments})
    verdicts = PlanVerdicts(plan, page.checks, evidence, words=page.brief.words)
    under_test = PageUnderTest(ADDRESS, page.files, Target.LOCAL)
    found = verdicts.sentences(browser.run(under_test, (), seconds=SECONDS, tests=verdicts.tests))
    return [
        Judged(page.name, text, truth, found[at].verdict, _by(plan, at), found[at].detail)
        for at, (text, truth) in enumerate(page.sentences)
    ]


def table(rows: Sequence[Judged]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| page | sentence | truth | verdict | by |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        verdict = f"**{row.verdict}: {row.wrong}**" if row.wrong else str(row.verdict)
        lines.append(f"| {row.page} | {row.text} | {'true' if row.truth else 'false'} | {verdict} | {row.by} |")
    return "\n".join(lines)


def summary(rows: Sequence[Judged]) -> str:
    """Return how many were decided by what, and how many wrongly."""
    parts = []
    for by in ("files", "page"):
        decided = [row for row in rows if row.by == by and row.verdict in {Verdict.PASS, Verdict.FAIL}]
        wrong = [sum(row.wrong == kind for row in decided) for kind in ("false pass", "false fail")]
        parts.append(f"{len(decided)} decided by the {by}, {wrong[0]} false passes, {wrong[1]} false fails")
    false = sum(not row.truth for row in rows)
    return f"{len(rows)} sentences, {false} of them false: {'; '.join(parts)}"


def by_model(author: Author, seconds: float) -> Callable[[FixedPage], PlanReading]:
    """Return what has a page's plan made by a model, as a round does."""

    def made(page: FixedPage) -> PlanReading:
        answers = ask_for_plan(page.brief, page.request, author, seconds=seconds)
        print(f"--- {page.name} ---\n{answers.reminded or answers.first}\n", file=sys.stderr)
        return taken(answers, page.request)[0]

    return made


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prose", description=__doc__)
    parser.add_argument("--model", action="store_true", help="have the plans made by the model of LLM_MODEL")
    parser.add_argument("--seconds", type=float, default=300, help="of one call of the model")
    options = parser.parse_args()
    reading = by_model(_author(), options.seconds) if options.model else FixedPage.by_hand
    rows: list[Judged] = []
    with tempfile.TemporaryDirectory(prefix="prose-") as folder:
        browser = ChromiumBrowser(machine(Path(folder), window=3.0))
        for page in fixed_pages():
            try:
                plan = reading(page).plan
            except EngineError as error:
                print(f"{page.name}: no plan: {error.message}", file=sys.stderr)
                plan = None
            rows += judged(page, browser, plan)
    print(f"{table(rows)}\n\n{summary(rows)}")
    sys.exit(any(row.wrong for row in rows))


def _author() -> Author:
    model, key = os.environ.get("LLM_MODEL", ""), os.environ.get("LLM_API_KEY", "")
    if not model or not key:
        sys.exit("set LLM_API_KEY, LLM_MODEL and, unless it is OpenAI's, LLM_BASE_URL")
    return OpenAIAuthor(api_key=key, base_url=os.environ.get("LLM_BASE_URL") or None, models=[model])


def _page(folder: Path) -> FixedPage:
    told = json.loads((folder / "sentences.json").read_text())
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in _BESIDE
    }
    files["LICENSE"] = licence(2026, "the suite")
    sentences = [(text, truth) for text, truth in told["sentences"]]
    return FixedPage(folder.name, told["brief"], files, sentences, (folder / "plan.json").read_text())


def _by(plan: RequestPlan | None, position: int) -> str:
    """Return what the predicates of a sentence look at."""
    reading = plan.reading(position) if plan else None
    if reading is None or not reading.predicates:
        return "nothing"
    return "page" if any(isinstance(one, IN_BROWSER) for one in reading.predicates) else "files"


if __name__ == "__main__":
    main()
