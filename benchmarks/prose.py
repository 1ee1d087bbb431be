"""Which sentences are decided, and rightly: `python -m benchmarks.prose` judges fixed pages by sentences whose truth is known.

Rules alone, unless `--model` has the probes written by the model of LLM_API_KEY, LLM_BASE_URL and LLM_MODEL. Exits with 1 where something passes that is
false, or a rule fails what is true.
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

from engine.core.probe_prompt import probe_prompt
from engine.core.probe_replies import parse_probes
from engine.core.prose import Prose, undecided

from benchmarks.suite.judge import ADDRESS, machine
from engine.adapters.chromium_browser import ChromiumBrowser
from engine.adapters.openai_author import OpenAIAuthor
from engine.core.brief import AttachedFile, Brief
from engine.core.checks import CheckResult, Target, Verdict, parse_check
from engine.core.repository import licence
from engine.errors import EngineError
from engine.ports import PageUnderTest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.core.checks import Check
    from engine.core.probes import Probe
    from engine.ports import Author

FOLDER = Path(__file__).parent / "suite" / "prose"
SECONDS = 240  # of the browser, a page


@dataclass(frozen=True, slots=True)
class FixedPage:
    """A page with its sentences, and whether each is true of it."""

    name: str
    brief: str
    files: Mapping[str, bytes]
    sentences: Sequence[tuple[str, bool]]

    @property
    def checks(self) -> tuple[Check, ...]:
        """Return the sentences as a request's checks."""
        return tuple(parse_check(text) for text, _ in self.sentences)


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence, its truth, and what came out."""

    page: str
    text: str
    truth: bool
    verdict: Verdict
    by: str  # "rule", "probe" or "nothing"
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


def judged(page: FixedPage, browser: ChromiumBrowser, probes: Sequence[Probe] = ()) -> list[Judged]:
    """Judge a page's sentences as a verification does."""
    prose = Prose(page.checks, probes, page.files, page.brief)
    under_test = PageUnderTest(ADDRESS, page.files, Target.LOCAL)
    report = browser.run(under_test, prose.rules, seconds=SECONDS, tests=prose.tests)
    found = prose.results(report, report.results)
    open_ = {one.position for one in undecided(page.checks)}
    return [
        Judged(page.name, text, truth, found[at].verdict, _by(found[at], at in open_), found[at].detail)
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
    for by in ("rule", "probe"):
        decided = [row for row in rows if row.by == by and row.verdict in {Verdict.PASS, Verdict.FAIL}]
        wrong = [sum(row.wrong == kind for row in decided) for kind in ("false pass", "false fail")]
        parts.append(f"{len(decided)} decided by a {by}, {wrong[0]} false passes, {wrong[1]} false fails")
    false = sum(not row.truth for row in rows)
    return f"{len(rows)} sentences, {false} of them false: {'; '.join(parts)}"


def by_model(author: Author, seconds: float) -> Callable[[FixedPage], Sequence[Probe]]:
    """Return what has a page's probes written, in one call as a round makes it, for a sentence at a time where `seconds` is short."""

    def write(page: FixedPage) -> Sequence[Probe]:
        asked = undecided(page.checks)
        attached = tuple(
            AttachedFile(name, "text/csv", content) for name, content in page.files.items() if name.endswith(".csv")
        )
        brief = Brief("", page.name, 1, "", page.brief, page.checks, attached)
        prompt = probe_prompt(brief, asked, boundary="5f1d0c4ab9e2")
        reply = author.write(prompt.messages, model=author.models[0], seconds=seconds, tokens=3_000)
        print(f"--- {page.name}: {reply.usage.output} tokens ---\n{reply.text}\n", file=sys.stderr)
        return parse_probes(reply.text, asked)

    return write


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prose", description=__doc__)
    parser.add_argument("--model", action="store_true", help="have probes written by the model of LLM_MODEL")
    parser.add_argument("--seconds", type=float, default=300, help="of one call of the model")
    options = parser.parse_args()
    write = by_model(_author(), options.seconds) if options.model else lambda _: ()
    rows: list[Judged] = []
    with tempfile.TemporaryDirectory(prefix="prose-") as folder:
        browser = ChromiumBrowser(machine(Path(folder), window=3.0))
        for page in fixed_pages():
            try:
                probes = write(page)
            except EngineError as error:
                print(f"{page.name}: no probes: {error.message}", file=sys.stderr)
                probes = ()
            for probe in probes:
                print(f"{page.name}: {probe.text}\n  {probe}", file=sys.stderr)
            rows += judged(page, browser, probes)
    print(f"{table(rows)}\n\n{summary(rows)}")
    sys.exit(any(row.wrong == "false pass" or (row.wrong and row.by == "rule") for row in rows))


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
        if path.is_file() and path.name != "sentences.json"
    }
    files["LICENSE"] = licence(2026, "the suite")
    return FixedPage(folder.name, told["brief"], files, [(text, truth) for text, truth in told["sentences"]])


def _by(result: CheckResult, open_: bool) -> str:
    if not open_:
        return "rule"
    return "probe" if result.detail.startswith("by a probe") else "nothing"


if __name__ == "__main__":
    main()
