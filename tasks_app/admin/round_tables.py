"""The tables on a round's page, rendered from its report. Prompts, replies and files are one click away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from engine.domain.checks import Kind
from tasks_app.admin.columns import joined
from tasks_app.reports.display import (
    NOTHING,
    contents,
    outside,
    picture,
    pill,
    removed,
    row_link,
    short,
    table,
    visible,
)
from tasks_app.reports.durations import between, took
from tasks_app.reports.explanation import explained
from tasks_app.reports.round_report import RoundReport, evidence_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.utils.safestring import SafeString

    from tasks_app.models import Attempt, CheckResult, Round, SourceFile

    Column = Callable[[Round], SafeString | str]

_LONGEST = 1_000  # characters of a line of a plan


def report_of(row: Round) -> RoundReport:
    """Return the report, cached on the row: the admin passes the same row to all parts of the page."""
    report = vars(row).setdefault("_report", RoundReport(row))
    assert isinstance(report, RoundReport)
    return report


@admin.display(description="as manage.py explain prints it")
def explanation(row: Round) -> SafeString:
    lines = ((about, visible(text)) for about, text in explained(report_of(row)))
    return format_html('<dl class="short">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", lines))


def _tabled(name: str, headings: Sequence[str], cells: Callable[[RoundReport], Iterable[Sequence[object]]]) -> Column:
    """Return a field of the page: a table whose rows `cells` takes from the report."""

    @admin.display(description=name)
    def field(row: Round) -> SafeString | str:
        return table(name, headings, cells(report_of(row)))

    field.__name__ = name.replace(" ", "_")
    return field


def _differences_link(attempt: Attempt) -> SafeString:
    """Return a link to what changed in an attempt's files."""
    address = reverse("admin:tasks_app_attempt_change", args=[attempt.pk])
    return format_html('<a href="{}#differences">differences</a>', address)


def _tokens(attempt: Attempt) -> str:
    counts = (attempt.input_tokens, attempt.output_tokens)
    return "" if counts == (None, None) else ", ".join("?" if n is None else f"{n:,}" for n in counts)


attachments = _tabled(
    "attachments",
    ("name", "source", "media type", "bytes", "SHA-256", "fetched from", "note"),
    lambda report: (
        (row_link(a), a.source, a.media_type, vars(a)["size"], a.sha256[:12], a.url, a.note[:600])
        for a in report.attachments
    ),
)
plans = _tabled(
    "of each run",
    ("run", "plan", "source", "edited by", "model call", "refused", "why there is none", "made"),
    lambda report: (
        (p.run, row_link(p), p.source, p.edited_by, row_link(p.attempt), len(p.refused), p.why_none, p.made_at)
        for p in report.plans.values()
    ),
)
steps = _tabled(
    "steps",
    ("run", "step", "outcome", "started", "took", "claims", "detail"),
    lambda report: (
        (
            s.run, row_link(s), pill(s.outcome or "open"), s.started_at, between(s.started_at, s.ended_at), s.claims,
            s.detail,
        )
        for s in report.steps
    ),
)  # fmt: skip
attempts = _tabled(
    "attempts",
    (
        "run", "attempt", "", "outcome", "files", "model", "simulated", "took", "tokens in, out", "cost in $", "error",
    ),
    lambda report: (
        (
            a.run, row_link(a, f"{a.kind}: prompt and reply"),
            pill("chosen") if a.pk == report.row.chosen_attempt_id else "", a.outcome,
            _differences_link(a) if a.pk in trees else "",
            a.model_answered or a.model_asked, a.simulated, took(a.seconds, a.error_code), _tokens(a), a.cost,
            f"{a.error_code} {a.error_message}".strip(),
        )
        for trees in [report.trees]
        for a in report.attempts
    ),
)  # fmt: skip
commits = _tabled(
    "commits",
    ("run", "commit", "parent", "files", "planned", "pushed", "abandoned", "evidence"),
    lambda report: (
        (c.run, row_link(c, c.sha[:12]), c.parent[:12], len(c.files), c.planned_at, c.pushed_at, c.abandoned_at,
         outside(evidence_address(c), "its page"))
        for c in report.commits
    ),
)  # fmt: skip
pages_statuses = _tabled(
    "looks at the page",
    ("run", "at", "build", "built commit", "HTTP", "live", "reason"),
    lambda report: (
        (p.run, row_link(p, f"{p.at:%H:%M:%S}"), p.build_status, p.built_commit[:12], p.http_status, p.live, p.reason)
        for p in report.looks
    ),
)
notifications = _tabled(
    "callbacks",
    ("run", "attempt", "at", "took", "HTTP", "error"),
    lambda report: (
        (n.run, row_link(n, f"number {n.number}"), n.started_at, took(n.seconds, n.error), n.status_code, n.error)
        for n in report.callbacks
    ),
)
events = _tabled(
    "events",
    ("at", "who", "what", "text"),
    lambda report: ((e.at, e.who, row_link(e), e.text) for e in reversed(report.events)),
)


@admin.display(description="in words")
def plan_in_words(row: Round) -> str:
    text = report_of(row).plan_text
    if text is None:
        return "No plan was made in this run yet."
    context = {
        "made": short(text.made, _LONGEST),
        "call": row_link(text.attempt, f"model call {text.attempt.pk}") if text.attempt else "",
        "sections": text.shown(_LONGEST),
        "refused": [short(one, _LONGEST) for one in text.refused],
    }
    return render_to_string("console/plan.html", context)


@admin.display(description="spent")
def spending(row: Round) -> str:
    return str(report_of(row).spent)


@admin.display(description="check results")
def check_results(row: Round) -> SafeString | str:
    """Return the check results of all attempts, the request's checks first."""
    lines = [line for checks in report_of(row).results.values() for line in checks.lines]
    return results_table(result for line in lines for result in (line.local, line.live) if result)


def results_table(found: Iterable[CheckResult]) -> SafeString | str:
    return table(
        "check results",
        ("attempt", "on", "kind", "check", "verdict", "detail"),
        ((c.attempt_id, c.target, c.kind, row_link(c, c.text), pill(c.verdict), c.detail) for c in found),
    )


@admin.display(description="source files")
def source_files(row: Round) -> SafeString | str:
    return files_table(report_of(row).files)


def files_table(found: Iterable[SourceFile]) -> SafeString | str:
    return table(
        "source files",
        ("attempt", "path", "from", "bytes", "SHA-256"),
        ((f.attempt_id, row_link(f), f.origin, f.size, f.sha256[:12]) for f in found),
    )


@admin.display(description="screenshots")
def screenshots(row: Round) -> SafeString | str:
    """Return the page's screenshots, before publishing and live."""
    views = [line.latest for line in report_of(row).checks.of({Kind.PAGE_LOAD})]
    if removal := next((view.screenshot_removed_at for view in views if view.screenshot_removed_at), None):
        return removed(removal, settings.KEEP_SCREENSHOTS_DAYS)
    return joined(map(picture, report_of(row).pictures))


@admin.display(description="changed attachments")
def changed_attachments(row: Round) -> str:
    """Return both versions of each attachment that the chosen attempt changes; "none" before the choice."""
    found = [
        {
            "name": short(file.name, 255),
            "original": contents(file.original),
            "now": NOTHING if file.now is None else contents(file.now),
            "original_sha256": file.original_sha256,
            "now_sha256": file.now_sha256,
            "diff": [visible(line) for line in file.diff],
            "why_not": file.why_not,
        }
        for file in report_of(row).changed
    ]
    return render_to_string("console/changed.html", {"files": found}) if found else "none"
