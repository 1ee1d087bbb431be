"""The results on a rehearsal's page: figures, charts, the table by submission, the checks that fail most often."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html

from tasks_app.admin.rehearsals.columns import score_pill
from tasks_app.rehearsal.results.distributions import BAR_AT, WIDTH, charts
from tasks_app.rehearsal.results.report import rehearsal_report, score_text
from tasks_app.rehearsal.results.text import mishap_text, stage_text
from tasks_app.reports.display import NOTHING, moment, short, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.utils.safestring import SafeString

    from tasks_app.models import Rehearsal
    from tasks_app.rehearsal.results.report import (
        FrequentFailure,
        RehearsalReport,
        ReportedRound,
        ReportedSubmission,
    )

    #: A template and a round: a column of the table.
    Place = tuple[str, int]

#: So many are seen at a glance, without a search.
FEW_SUBMISSIONS = 5
MOST_SUBMISSIONS = 500
MOST_COLUMNS = 48
MOST_FREQUENT = 10

#: Words of a check by which the list of results is searched.
_MOST_WORDS = 8

_EXPORTS = {"csv": "CSV", "json": "JSON", "sqlite": "SQLite"}


def rehearsal_page(row: Rehearsal, wanted: Mapping[str, str]) -> dict[str, object]:
    """Return the template's context.

    Of `wanted`, `q` narrows the table by text, `failing` to those with failures; `lowest` puts the lowest score first.
    """
    report = rehearsal_report(row)
    query, failing = wanted.get("q", "").strip()[:200], wanted.get("failing") == "1"
    found = [one for one in report.submissions if _is_wanted(one, query.lower(), failing=failing)]
    lowest = wanted.get("lowest") == "1"
    if lowest:
        found.sort(key=lambda one: (one.score is None, one.score))
    places = _places(report)
    return {
        "colour": "" if report.progress else "failed" if report.failing else "completed",
        "headline": _headline(report),
        "moving": bool(report.progress),
        "newest_change": moment(report.newest_change) if report.newest_change else "",
        "figures": _figures(report),
        "exports": [
            (name, reverse("admin:tasks_app_rehearsal_export", args=[row.pk, kind])) for kind, name in _EXPORTS.items()
        ],
        "charts": charts(report),
        "chart_width": WIDTH,
        "bar_at": BAR_AT,
        "searchable": len(report.submissions) > FEW_SUBMISSIONS,
        "query": visible(query),
        "failing": failing,
        "lowest": lowest,
        "submissions": len(report.submissions),
        "found": len(found),
        "headings": [f"{short(template, 40)} round {number}" for template, number in places],
        "lines": [_line(one, places) for one in found[:MOST_SUBMISSIONS]],
        "more": max(len(found) - MOST_SUBMISSIONS, 0),
        "frequent": [_frequent(one, row) for one in report.frequent_failures[:MOST_FREQUENT]],
        "more_frequent": max(len(report.frequent_failures) - MOST_FREQUENT, 0),
    }


def _is_wanted(one: ReportedSubmission, query: str, *, failing: bool) -> bool:
    texts = (one.row.email, one.row.endpoint, one.row.repository, *(task.name for task in one.tasks))
    return (not failing or one.failing > 0) and (not query or any(query in text.lower() for text in texts))


def _headline(report: RehearsalReport) -> str:
    """Return how far it is, and how many submissions have nothing wrong."""
    failing, of = sum(one.failing > 0 for one in report.submissions), len(report.submissions)
    have = f"{failing:,} of {of:,} submission{'s' * (of != 1)} {'have' if failing != 1 else 'has'} failing checks"
    return f"{report.progress.capitalize() or 'Ended'}. {have}."


def _figures(report: RehearsalReport) -> list[tuple[str, str, str]]:
    """Return a name, a figure and what it is of."""
    totals = report.totals
    decided = totals.checks - totals.undecided
    return [
        ("mean score", score_text(totals.score) if totals.score is not None else NOTHING, "of the submissions"),
        ("submissions", f"{totals.submissions:,}", f"{totals.tasks:,} tasks"),
        ("rounds judged", f"{totals.judged:,}", f"of {totals.rounds:,}"),
        ("accepted", f"{totals.accepted:,}", f"of {totals.rounds:,} rounds"),
        ("called back", f"{totals.called_back:,}", f"{totals.late:,} late"),
        ("checks failing", f"{totals.failing:,}", f"of {decided:,} decided"),
        ("not decided", f"{totals.undecided:,}", f"of {totals.checks:,} checks"),
    ]


def _places(report: RehearsalReport) -> list[Place]:
    """Return the columns: each template's rounds, in the order of their first submission."""
    rounds = sorted({(one.row.template, one.row.round) for one in report.rounds})
    order = {template: at for at, template in reversed(list(enumerate(one.row.template for one in report.rounds)))}
    return sorted(rounds, key=lambda place: (order[place[0]], place[1]))[:MOST_COLUMNS]


def _line(one: ReportedSubmission, places: Sequence[Place]) -> dict[str, object]:
    address = reverse("admin:tasks_app_submission_change", args=[one.row.pk])
    by_place: dict[Place, list[SafeString]] = defaultdict(list)
    for round_ in one.rounds:
        by_place[round_.row.template, round_.row.round].append(_cell(round_, address))
    return {
        "address": address,
        "name": short(one.row.email),
        "score": score_pill(one.score),
        "failing": one.failing,
        "undecided": one.undecided,
        "cells": [by_place[place] for place in places],
    }


def _cell(one: ReportedRound, address: str) -> SafeString:
    """Return the score with what went wrong before the judging, or the stage, linked to the round on its page."""
    judged = one.score is not None
    mishap = f" {mishap_text(one)}".rstrip() if judged else ""
    return format_html(
        '<a href="{}#issued-{}" aria-label="{} round {}: {}{}">{}</a>{}',
        address,
        one.row.pk,
        short(one.row.task, 80),
        one.row.round,
        score_text(one.score) if judged else stage_text(one),
        mishap,
        score_pill(one.score) if judged else stage_text(one),
        mishap,
    )


def _frequent(one: FrequentFailure, row: Rehearsal) -> dict[str, object]:
    # What differs by the seed is no word of letters.
    words = list(dict.fromkeys(re.findall(r"(?<!\w)[A-Za-z]{3,}(?!\w)", one.text)))[:_MOST_WORDS]
    which = urlencode({"rehearsal": row.pk, "failing": 1, "kind__exact": one.kind, "q": " ".join(words)})
    return {
        "count": one.count,
        "of": one.of,
        "kind": visible(one.kind),
        "text": short(one.text),
        "reason": short(one.reason),
        "address": f"{reverse('admin:tasks_app_rehearsalresult_changelist')}?{which}",
    }
