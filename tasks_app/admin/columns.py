"""A round in a line: the columns of lists and the head of its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from engine.domain.lifecycle import ENDED
from tasks_app.admin.actions import NAMES, action_address
from tasks_app.reports import round_report
from tasks_app.reports.display import NOTHING, outside, pill, short
from tasks_app.reports.durations import duration
from tasks_app.rounds.operator_actions import Action, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

    from tasks_app.models import Round, Task

#: Columns that are read where a page shows them, and never for a list: a request may have 16 MB.
HEAVY = {
    "Round": ("request", "brief", "checks", "warnings", "evaluation_url"),
    "Attempt": ("messages", "parameters", "reply"),
}


def joined(parts: Iterable[SafeString | str]) -> SafeString | str:
    return format_html_join(" ", "{}", ((part,) for part in parts)) or NOTHING


@admin.display(description="flags")
def flags(row: Round) -> SafeString | str:
    return joined(pill(name.replace("_", " ")) for name in round_report.flags(row))


@admin.display(description="state", ordering="state")
def step_and_state(row: Round) -> SafeString | str:
    """Return the state in its colour, and the step that it is at."""
    return format_html('{} <span class="step">{}</span>', pill(row.state), row.step)


@admin.display(description="task", ordering="task_name")
def task_name(row: Round) -> str:
    """Return the task's name, for the link of a list's line."""
    return short(row.task_name, 80) or "(no name)"


@admin.display(description="time")
def clock(row: Round) -> str:
    """Return how long the present run takes or took, and how far its deadline is."""
    took = ((row.finished_at or timezone.now()) - row.started_at).total_seconds()
    left = (row.deadline_at - timezone.now()).total_seconds()
    if row.state in ENDED:
        return f"took {duration(max(took, 0))}"
    return f"{duration(max(took, 0))}, " + (f"{duration(left)} left" if left >= 0 else f"{duration(-left)} overdue")


@admin.display(description="checks")
def checks_passed(row: Round) -> str:
    """Return how many of the request's checks hold; the list counted them for all of its lines at once."""
    counts = vars(row)["counts"]
    return str(counts.request) if counts.request.of else NOTHING


@admin.display(description="links")
def links(row: Round) -> SafeString | str:
    """Link to the repository and to the published page: a link and never a frame, for it is a stranger's code."""
    found = [(row.repo_url, "repository"), (row.pages_url, "page")]
    return joined(outside(url, text) for url, text in found if url)


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
    """Return the button that retries this line's round: it posts the list's form, which carries the token, to an address of its own."""
    if refusal(row, Action.RETRY):
        return NOTHING
    return format_html(
        '<button type="submit" class="act" formaction="{}" aria-label="{} {}">{}</button>',
        action_address(row, Action.RETRY),
        NAMES[Action.RETRY],
        short(str(row), 80),
        NAMES[Action.RETRY],
    )
