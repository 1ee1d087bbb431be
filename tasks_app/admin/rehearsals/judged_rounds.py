"""A round as it was issued and judged: the request, the callback, the calls, and the checks with their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Length
from django.urls import reverse
from django.utils.html import format_html

from tasks_app.admin.rehearsals.columns import linked, result_pill, score_pill
from tasks_app.models import NotifyCall, RehearsalResult
from tasks_app.rehearsal.results.report import ReportedCheck, ReportedRound, published
from tasks_app.rehearsal.results.text import callback_text, request_text
from tasks_app.reports.display import NOTHING, json_block, moment, pill, row_link, short, table, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.utils.safestring import SafeString

    from tasks_app.models import IssuedTask

#: The most characters of a log on a page with other logs; the result's own page has the whole.
MOST_OF_LOG = 20_000

#: How long its screenshot is, in place of the screenshot.
RESULTS: QuerySet[RehearsalResult] = (
    RehearsalResult.objects.defer("screenshot").annotate(picture_bytes=Length("screenshot")).order_by("number")
)
CALLS: QuerySet[NotifyCall] = NotifyCall.objects.defer("body").order_by("at", "pk")


def judged_round(row: IssuedTask, results: Iterable[RehearsalResult], calls: Iterable[NotifyCall]) -> dict[str, object]:
    """Return the context of console/judged_round.html. The results are of RESULTS, the calls of CALLS."""
    results = list(results)
    checks = (ReportedCheck(one.kind, one.check_text, one.score, one.reason) for one in results)
    report = ReportedRound(row, tuple(checks))
    return {
        "pk": row.pk,
        "title": f"{short(row.task, 100)} round {row.round}",
        "link": row_link(row, "issued task"),
        "score": score_pill(report.score),
        "state": pill(row.state),
        "late": pill("late") if row.late else "",
        "facts": _facts(report),
        "request": json_block(row.request),
        "calls": _calls(calls),
        "results": [_result(one) for one in results],
    }


def _facts(report: ReportedRound) -> list[tuple[str, SafeString | str]]:
    """Return what is known, in the order of the events."""
    row, said = report.row, published(report.row.callback)
    request = (
        format_html("{} at {}", request_text(row), moment(row.accepted_at)) if row.accepted_at else request_text(row)
    )
    callback = callback_text(report)
    facts = [
        ("sent", moment(row.sent_at) if row.sent_at else NOTHING),
        ("request", format_html("{} ({} {})", request, row.tries, "try" if row.tries == 1 else "tries")),
        ("error", visible(row.error[:2_000])),
        ("callback", format_html("{}, at {}", callback, moment(row.callback_at)) if row.callback_at else callback),
        ("repository", linked(said["repo_url"])),
        ("commit", visible(said["commit_sha"][:200]) or NOTHING),
        ("page", linked(said["pages_url"])),
        ("judged", moment(row.judged_at) if row.judged_at else "not yet"),
    ]
    return [(name, fact) for name, fact in facts if fact]


def _calls(calls: Iterable[NotifyCall]) -> SafeString | str:
    lines = [(row_link(one, str(one.status_code)), one.at, one.client, one.reason) for one in calls]
    return table("calls", ("our answer", "at", "from", "reason"), lines)


def _result(row: RehearsalResult) -> dict[str, object]:
    return {
        "link": row_link(row, str(row.number)),
        "kind": visible(row.kind),
        "text": short(row.check_text, 1_000),
        "score": result_pill(row.score),
        "reason": visible(row.reason[:2_000]),
        "log": folded(row.log, MOST_OF_LOG),
        "picture": rehearsal_picture(row) if vars(row)["picture_bytes"] else "",
    }


def folded(text: str, most: int) -> SafeString | str:
    """Return a log, folded whatever its length."""
    if not text:
        return ""
    cut = f"\n… {len(text) - most:,} characters more" if len(text) > most else ""
    return format_html(
        '<details><summary>log, {} characters</summary><pre class="text" tabindex="0">{}{}</pre></details>',
        f"{len(text):,}", visible(text[:most]), cut,
    )  # fmt: skip


def rehearsal_picture(row: RehearsalResult) -> SafeString:
    """Return a result's screenshot as a thumbnail that links to the full picture."""
    address = reverse("admin:tasks_app_rehearsalresult_screenshot", args=[row.pk])
    return format_html(
        '<a href="{}"><img class="screenshot" src="{}" alt="Screenshot: {}" loading="lazy"></a>',
        address, address, short(row.check_text, 100),
    )  # fmt: skip
