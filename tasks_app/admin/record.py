"""A round's record as tables: what its page shows of the rows below it. Only that of changed attachments reads files, and none a prompt or a screenshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import admin
from django.db.models.functions import Length
from django.template.loader import render_to_string

from engine.domain.checks import Kind
from tasks_app.admin.columns import joined
from tasks_app.models import Attempt, CheckResult, Round, SourceFile
from tasks_app.operations.spending import spent
from tasks_app.reports.changed_files import changed_files
from tasks_app.reports.display import (
    MOST_ROWS,
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
from tasks_app.reports.status import evidence_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

ROWS = MOST_ROWS + 1  # one more than is shown tells that there are more


@admin.display(description="attachments")
def attachments(row: Round) -> SafeString | str:
    """Return the round's files, without their bytes."""
    found = row.attachments.defer("content").annotate(size=Length("content"))[:ROWS]
    return table(
        "attachments",
        ("name", "source", "media type", "bytes", "SHA-256", "fetched from", "note"),
        ((row_link(a), a.source, a.media_type, a.size, a.sha256[:12], a.url, a.note[:200]) for a in found),
    )


@admin.display(description="steps")
def steps(row: Round) -> SafeString | str:
    """Return the timeline."""
    return table(
        "steps",
        ("run", "step", "outcome", "started", "took", "claims", "detail"),
        (
            (s.run, row_link(s), pill(s.outcome or "open"), s.started_at, between(s.started_at, s.ended_at), s.claims, s.detail)
            for s in row.step_runs.all()[:ROWS]
        ),
    )  # fmt: skip


@admin.display(description="attempts")
def attempts(row: Round) -> SafeString | str:
    """Return the model calls; prompt and reply are a click away, for they are long."""
    found = row.attempts.defer("messages", "parameters", "reply")[:ROWS]
    return table(
        "attempts",
        ("run", "attempt", "", "outcome", "model", "simulated", "took", "tokens in, out", "cost in $", "error"),
        (
            (
                a.run, row_link(a, f"{a.kind}: prompt and reply"), pill("chosen") if a.pk == row.chosen_attempt_id else "",
                a.outcome, a.model_answered or a.model_asked, a.simulated,
                took(a.seconds, a.error_code), _tokens(a), a.cost, f"{a.error_code} {a.error_message}".strip(),
            )
            for a in found
        ),
    )  # fmt: skip


@admin.display(description="spent")
def spending(row: Round) -> str:
    """Return what the round's model calls came to, of all its runs."""
    return str(spent(Attempt.objects.filter(round=row)))


def _tokens(attempt: Attempt) -> str:
    counts = (attempt.input_tokens, attempt.output_tokens)
    return "" if counts == (None, None) else ", ".join("?" if n is None else f"{n:,}" for n in counts)


def results_table(found: Iterable[CheckResult]) -> SafeString | str:
    """Return check results; only `pass` is a pass."""
    return table(
        "check results",
        ("attempt", "on", "kind", "check", "verdict", "detail"),
        ((c.attempt_id, c.target, c.kind, row_link(c, c.text), pill(c.verdict), c.detail) for c in found),
    )


@admin.display(description="screenshots")
def screenshots(row: Round) -> SafeString | str:
    """Return how the chosen attempt's page looked, before publishing and live."""
    views = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind=Kind.PAGE_LOAD)
    if (
        gone := views.filter(screenshot_removed_at__isnull=False)
        .values_list("screenshot_removed_at", flat=True)
        .first()
    ):
        return removed(gone, settings.KEEP_SCREENSHOTS_DAYS)
    taken = views.filter(screenshot__isnull=False)
    return joined(
        picture(result) for result in taken.defer("screenshot", "console", "value").order_by("target", "position")[:8]
    )


@admin.display(description="check results")
def check_results(row: Round) -> SafeString | str:
    """Return what the checks gave, of all attempts."""
    return results_table(
        CheckResult.objects.filter(attempt__round=row)
        .defer("screenshot", "console", "value")
        .order_by("attempt", "target", "position")[:ROWS]
    )


def files_table(found: Iterable[SourceFile]) -> SafeString | str:
    """Return files without their bytes."""
    return table(
        "source files",
        ("attempt", "path", "from", "bytes", "SHA-256"),
        ((f.attempt_id, row_link(f), f.origin, f.size, f.sha256[:12]) for f in found),
    )


@admin.display(description="source files")
def source_files(row: Round) -> SafeString | str:
    """Return the files of all attempts, those of the chosen one first."""
    found = SourceFile.objects.filter(attempt__round=row).defer("content")
    return files_table(
        [
            *found.filter(attempt=row.chosen_attempt_id)[:ROWS],
            *found.exclude(attempt=row.chosen_attempt_id).order_by("attempt", "path")[:ROWS],
        ]
    )


@admin.display(description="commits")
def commits(row: Round) -> SafeString | str:
    """Return what was pushed, or meant to be."""
    return table(
        "commits",
        ("run", "commit", "parent", "files", "planned", "pushed", "abandoned", "evidence"),
        (
            (c.run, row_link(c, c.sha[:12]), c.parent[:12], len(c.files), c.planned_at, c.pushed_at, c.abandoned_at,
             outside(evidence_address(c), "its page"))
            for c in row.commits.all()[:ROWS]
        ),
    )  # fmt: skip


@admin.display(description="looks at the page")
def pages_statuses(row: Round) -> SafeString | str:
    """Return each look at Pages."""
    return table(
        "looks at the page",
        ("run", "at", "build", "built commit", "HTTP", "live", "reason"),
        (
            (p.run, row_link(p, f"{p.at:%H:%M:%S}"), p.build_status, p.built_commit[:12], p.http_status, p.live, p.reason)
            for p in row.pages_statuses.all()[:ROWS]
        ),
    )  # fmt: skip


@admin.display(description="callbacks")
def notifications(row: Round) -> SafeString | str:
    """Return every POST to the evaluator."""
    return table(
        "callbacks",
        ("run", "attempt", "at", "took", "HTTP", "error"),
        (
            (n.run, row_link(n, f"number {n.number}"), n.started_at, took(n.seconds, n.error),
             n.status_code, n.error)
            for n in row.notifications.defer("body", "answer")[:ROWS]
        ),
    )  # fmt: skip


@admin.display(description="events")
def events(row: Round) -> SafeString | str:
    """Return what else is worth knowing."""
    return table(
        "events",
        ("at", "who", "what", "text"),
        ((e.at, e.who, row_link(e), e.text) for e in row.events.all()[:ROWS]),
    )


@admin.display(description="changed attachments")
def changed_attachments(row: Round) -> str:
    """Return both versions of each, of the chosen attempt; until one is chosen, of none."""
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
        for file in changed_files(row, row.chosen_attempt)
    ]
    return render_to_string("console/changed.html", {"files": found}) if found else "none"
