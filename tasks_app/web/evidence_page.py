"""The evidence page of one commit: the request, the checks, what was seen and when; public at an unguessable address.

It shows nothing secret: no email, nonce, evaluation address, prompt, reply, internal error or cost. All foreign text
is shown as plain text. A page costs a fixed number of queries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.encoding import iri_to_uri
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from engine.domain.checks import ADVICE, OF_EARLIER, REQUESTED, Kind, Target, Verdict
from tasks_app.models import Commit
from tasks_app.operations.takedowns import takedown_sentence
from tasks_app.reports.display import short, visible
from tasks_app.reports.round_report import RoundReport
from tasks_app.rounds.interruptions import INTERRUPTED

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from tasks_app.models import Attempt, CheckResult, Round
    from tasks_app.reports.attempt_checks import CheckLine
    from tasks_app.reports.changed_files import ChangedFile

_TOKEN = re.compile(r"[0-9a-f]{32}")
MOST_CHECKS = 200
MOST_PICTURES = 8
MOST_CALLS = 20
MOST_FILES = 50
_BRIEF = 20_000  # characters of the brief

HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=30",
}
_GROUPS = (
    ("checks", "The request's checks", REQUESTED),
    ("earlier", "Checks of earlier rounds", OF_EARLIER),
    ("own", "What the service checked besides", frozenset(Kind) - REQUESTED - OF_EARLIER - ADVICE),
)
_DECIDED_BY = {
    Kind.JS: "run in a browser",
    Kind.EARLIER: "run in a browser, a check of an earlier round",
    Kind.REGRESSION: "a rule of this service, on a file of an earlier round",
    Kind.RUN: "GitHub Actions",
    Kind.COMPUTED: "the repository's own script, run twice in a browser without a network",
    Kind.UNKNOWN: "nothing: it is no check that can be read",
}
_PLACES = {Target.LIVE: "the live page", Target.LOCAL: "before publishing", Target.EMPTY: "an empty page"}


@dataclass(frozen=True, slots=True)
class Moment:
    """An event, its time (`at` None: not yet), and its distance from the request in words."""

    what: str
    at: datetime | None
    note: str


@csrf_exempt
@require_safe
def evidence(request: HttpRequest, token: str) -> HttpResponse:
    """Show a commit's evidence; 404 for an unknown token."""
    commit = _commit(token)
    context = _context(RoundReport(commit.round, commit=commit), commit)
    return HttpResponse(render_to_string("evidence.html", context, request), headers=HEADERS)


@csrf_exempt
@require_safe
def evidence_picture(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """Serve a screenshot, a JPEG that our own browser made; 404 while the page is taken down.

    `number` counts from 1 in the order of the page.
    """
    del request
    commit = _commit(token)
    if not 1 <= number <= MOST_PICTURES:
        raise Http404
    report = RoundReport(commit.round, commit=commit)
    if report.takedown or number > len(report.pictures):
        raise Http404
    headers = {**HEADERS, "Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(
        bytes(report.pictures[number - 1].screenshot or b""), content_type="image/jpeg", headers=headers
    )


def _commit(token: str) -> Commit:
    if not _TOKEN.fullmatch(token):
        raise Http404  # a token with a NUL would be an error in PostgreSQL
    commits = Commit.objects.select_related("round", "attempt").defer(
        "round__request", "round__evaluation_url", "attempt__messages", "attempt__reply", "attempt__parameters"
    )
    commit = commits.filter(token=token, pushed_at__isnull=False).first()
    if commit is None:
        raise Http404
    return commit


def _context(report: RoundReport, commit: Commit) -> dict[str, object]:
    row, attempt, later, text = report.row, commit.attempt, report.commit_after, report.plan_text
    checks = report.checks
    return {
        "task": short(row.task_name, 120),
        "number": row.number,
        "brief": visible(row.brief[:_BRIEF]),
        "sha": commit.sha,
        "repository": _link(row.repo_url),
        "page": _link(row.pages_url),
        "commit_url": _commit_link(row, commit.sha),
        "local_forge": _is_local(row.repo_url),
        "simulated": row.simulated if attempt is None else attempt.simulated,
        "taken_down": visible(takedown_sentence(report.takedown, public=True)) if report.takedown else "",
        "degraded": attempt is not None and attempt.kind == "fallback",
        "later": later.round.number if later and later.round_id != row.pk else None,
        "replaced": later is not None and later.round_id == row.pk,
        "times": _times(report, commit),
        "plan": text.shown() if text else [],
        "counts": str(report.counts) if checks.lines else "",
        "groups": [
            (name, heading, [_check(line) for line in checks.of(kinds)[:MOST_CHECKS]])
            for name, heading, kinds in _GROUPS
        ],
        "pictures": [
            (number, _PLACES[Target(view.target)], short(view.text, 200), short(view.detail, 300))
            for number, view in enumerate([] if report.takedown else report.pictures[:MOST_PICTURES], 1)
        ],
        "files": [(short(one.name, 255), one.sha256) for one in report.attachments[:MOST_FILES]],
        "changed": [_visible_file(file) for file in report.changed],
        "calls": [_call(call) for call in report.attempts[:MOST_CALLS]],
        "token": commit.token,
    }


def _check(line: CheckLine) -> dict[str, str]:
    """Return a check's text, its basis, its verdicts ("" if it did not run) and its details."""
    latest = line.latest
    return {
        "text": short(latest.text, 2_000),
        "by": decided_by(latest),
        "local": line.local.verdict if line.local else "",
        "live": line.live.verdict if line.live else "",
        "seen": short(latest.detail, 600),
    }


def decided_by(result: CheckResult) -> str:
    """Return the basis of a verdict as a phrase."""
    if result.predicates and result.verdict != Verdict.NOT_RUN:
        return "the plan's predicates"
    if result.kind == Kind.PROSE and result.verdict in {Verdict.UNVERIFIABLE, Verdict.NOT_RUN}:
        return "a model's judgement, which is no pass" if result.detail.startswith("judged by") else "nothing"
    return _DECIDED_BY.get(Kind(result.kind), "a rule of this service")


def _times(report: RoundReport, commit: Commit) -> list[Moment]:
    row, callback = report.row, report.delivered
    live = next(((number, look.at) for number, look in enumerate(report.looks, 1) if look.live), None)
    return [
        Moment("Accepted", row.created_at, "" if commit.run == 1 else f"this is run {commit.run} of the round"),
        Moment("Published", commit.pushed_at, _since(row, commit.pushed_at)),
        Moment("Live", live[1], f"{_since(row, live[1])}; look {live[0]}")
        if live
        else Moment("Live", None, f"not seen live in {len(report.looks)} looks"),
        Moment(
            "Evaluator told",
            callback.started_at,
            f"{_since(row, callback.started_at)}; it answered {callback.status_code}",
        )
        if callback
        else Moment("Evaluator told", None, f"not yet, after {len(report.callbacks)} tries"),
    ]


def _since(row: Round, at: datetime | None) -> str:
    return f"{(at - row.created_at).total_seconds():.0f} s after the request" if at else ""


def _call(call: Attempt) -> dict[str, str]:
    return {
        "kind": call.kind,
        "model": short(call.model_answered or call.model_asked, 120) or "this service itself",
        "prompt": f"{call.prompt_name} {call.prompt_version}".strip(),
        "outcome": INTERRUPTED if call.error_code == INTERRUPTED else "failed" if call.error_code else call.outcome,
        "simulated": "simulated" if call.simulated else "",
    }


def _visible_file(file: ChangedFile) -> ChangedFile:
    """Return a file with visible text and without its bytes."""
    return replace(file, name=short(file.name, 255), original=b"", now=None, diff=tuple(map(visible, file.diff)))


def _link(url: str) -> str:
    """Return an http(s) address as a link, "" for any other."""
    return iri_to_uri(url) if urlsplit(url).scheme in {"http", "https"} else ""


def _is_local(url: str) -> bool:
    """Say whether a repository is on this service's own forge, at whatever host that was then."""
    return urlsplit(url).path.startswith("/git/")


def _commit_link(row: Round, sha: str) -> str:
    """Return the forge's page of a commit; the local forge has none."""
    if _is_local(row.repo_url) or not _link(row.repo_url):
        return ""
    return f"{_link(row.repo_url).removesuffix('.git').rstrip('/')}/commit/{sha}"
