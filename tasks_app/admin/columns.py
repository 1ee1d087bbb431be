"""The columns of lists of rounds, which the head of a round's page also uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from engine.domain.lifecycle import ENDED
from tasks_app.admin.actions import NAMES, action_address
from tasks_app.rehearsal.results.report import HEAVY_OF_ISSUED
from tasks_app.reports import round_report
from tasks_app.reports.display import NOTHING, outside, pill, short
from tasks_app.reports.durations import duration
from tasks_app.rounds.operator_actions import Action, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

    from tasks_app.models import Round, Task

#: Columns that only a row's own page reads, never a list: a request may have 16 MB.
HEAVY = {
    "Round": ("request", "brief", "checks", "warnings", "evaluation_url"),
    "Attempt": ("messages", "parameters", "reply", "reasoning"),
    "Rehearsal": ("templates",),
    "Submission": ("secret",),
    "IssuedTask": HEAVY_OF_ISSUED,
}


def joined(parts: Iterable[SafeString | str], between: str = " ") -> SafeString | str:
    return format_html_join(between, "{}", ((part,) for part in parts)) or NOTHING


@admin.display(description="flags")
def flags(row: Round) -> SafeString | str:
    return joined(pill(name.replace("_", " ")) for name in round_report.flags(row))


@admin.display(description="state", ordering="state")
def step_and_state(row: Round) -> SafeString | str:
    return format_html('{} <span class="step">{}</span>', pill(row.state), row.step)


@admin.display(description="task", ordering="task_name")
def task_name(row: Round) -> str:
    """Return the task's name, which links a line of the list to its round."""
    return short(row.task_name, 80) or "(no name)"


@admin.display(description="time")
def clock(row: Round) -> str:
    """Return the current run's duration, and its distance from the deadline."""
    took = ((row.finished_at or timezone.now()) - row.started_at).total_seconds()
    remaining = (row.deadline_at - timezone.now()).total_seconds()
    if row.state in ENDED:
        return f"took {duration(max(took, 0))}"
    return f"{duration(max(took, 0))}, " + (
        f"{duration(remaining)} left" if remaining >= 0 else f"{duration(-remaining)} overdue"
    )


@admin.display(description="checks")
def checks_passed(row: Round) -> str:
    """Return how many of the request's checks pass. RoundList counted them for the whole page."""
    counts = vars(row)["counts"]
    return str(counts.request) if counts.request.of else NOTHING


@admin.display(description="links")
def links(row: Round) -> SafeString | str:
    """Link to the repository and the published page. The page is foreign code, so it is never framed."""
    return links_with(row)


def links_with(row: Round, evidence_url: str = "") -> SafeString | str:
    addresses = [(row.repo_url, "repository"), (row.pages_url, "page"), (evidence_url, "evidence")]
    return joined((outside(url, text) for url, text in addresses if url), between=", ")


@admin.display(description="repository")
def repository(row: Round | Task) -> SafeString | str:
    return outside(row.repo_url)


@admin.display(description="page")
def published_page(row: Round | Task) -> SafeString | str:
    return outside(row.pages_url)


@admin.display(description="error")
def error(row: Round) -> SafeString | str:
    return short(f"{row.error_code}: {row.error_message}", 2000) if row.error_code else NOTHING


@admin.display(description="retry")
def retry_button(row: Round) -> SafeString | str:
    """Return a button that retries the round: it posts the list's form, with its CSRF token, to its own address."""
    if refusal(row, Action.RETRY):
        return NOTHING
    return format_html(
        '<button type="submit" class="act" formaction="{}" aria-label="{} {}">{}</button>',
        action_address(row, Action.RETRY),
        NAMES[Action.RETRY],
        short(str(row), 80),
        NAMES[Action.RETRY],
    )
