"""The evidence page of one commit: what was asked, what was checked and seen, and when; public by an address that nobody guesses.

Nothing secret is on it: no email, nonce, evaluation address, prompt, reply, error of ours or cost. Everything is text of strangers or of a
model and is shown as text. A page is a fixed number of queries, whatever the round holds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.encoding import iri_to_uri
from django.views.decorators.http import require_safe

from engine.domain.checks import Kind, Target, Verdict
from tasks_app.models import CheckResult, Commit, Round
from tasks_app.queries.plans import plan_text
from tasks_app.reports.changed_files import ChangedFile, changed_files
from tasks_app.reports.display import short, visible
from tasks_app.rounds.interruptions import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from tasks_app.models import Attempt

_TOKEN = re.compile(r"[0-9a-f]{32}")
MOST_CHECKS = 200
MOST_PICTURES = 8
MOST_CALLS = 20
MOST_FILES = 50
_BRIEF = 20_000  # characters

HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=30",
}
_REQUESTED = frozenset({Kind.JS, Kind.PROSE, Kind.UNKNOWN})


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check: its words, what decided it, the verdict before publishing and live ("" where it was not run there), what was seen."""

    text: str
    by: str
    local: str
    live: str
    seen: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, or has not yet (`at` None), and how long after the request, in words."""

    what: str
    at: datetime | None
    note: str


@require_safe
def evidence(request: HttpRequest, token: str) -> HttpResponse:
    """Show a commit's evidence; 404 for any other token."""
    commit = _commit(token)
    return HttpResponse(render_to_string("evidence.html", _context(commit), request), headers=HEADERS)


@require_safe
def evidence_picture(request: HttpRequest, token: str, number: int) -> HttpResponse:
    """Serve one of its screenshots, a JPEG that our own browser made; `number` counts from 1 in the order in which the page shows them."""
    del request
    commit = _commit(token)
    if not 1 <= number <= MOST_PICTURES:
        raise Http404
    taken = _pictures(commit).values_list("screenshot", flat=True)[number - 1 : number]
    for picture in filter(None, taken):
        headers = {**HEADERS, "Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
        return HttpResponse(bytes(picture), content_type="image/jpeg", headers=headers)
    raise Http404


def _commit(token: str) -> Commit:
    if not _TOKEN.fullmatch(token):
        raise Http404  # PostgreSQL would not even look for one with a NUL in it
    found = Commit.objects.select_related("round", "attempt").defer(
        "round__request", "round__evaluation_url", "attempt__messages", "attempt__reply", "attempt__parameters"
    )
    commit = found.filter(token=token, pushed_at__isnull=False).first()
    if commit is None:
        raise Http404
    return commit


def _context(commit: Commit) -> dict[str, object]:
    row, attempt = commit.round, commit.attempt
    results = list(_results(commit).defer("screenshot", "console")[: 2 * MOST_CHECKS])
    lines = _check_lines(results)
    calls = row.attempts.filter(run=commit.run).defer("messages", "reply", "parameters")[:MOST_CALLS]
    files = row.attachments.values_list("name", "sha256")[:MOST_FILES]
    after = Commit.objects.filter(round__task_key=row.task_key, pushed_at__gt=commit.pushed_at).order_by("pushed_at")
    later = after.select_related("round").only("pushed_at", "round__number", "round__id").first()
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
        "degraded": attempt is not None and attempt.kind == "fallback",
        "later": later.round.number if later and later.round_id != row.pk else None,
        "replaced": later is not None and later.round_id == row.pk,
        "times": _times(commit, later),
        "plan": _read(commit),
        "asked": [line for kind, line in lines if kind in _REQUESTED],
        "own": [line for kind, line in lines if kind not in _REQUESTED],
        "pictures": _captions(commit),
        "files": [(short(name, 255), sha) for name, sha in files],
        "changed": [_shown(file) for file in changed_files(row, attempt)],
        "calls": [_call(call) for call in calls],
        "token": commit.token,
    }


def _read(commit: Commit) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Return the plan that the commit was made by: of each part its heading, its entries and their rules."""
    text = plan_text(commit.round, commit.run)
    return [
        (section.heading, [(short(one.says), [short(rule) for rule in one.rules]) for one in section.entries])
        for section in (text.sections if text else ())
    ]


def _results(commit: Commit) -> QuerySet[CheckResult]:
    return (
        CheckResult.objects.filter(attempt=commit.attempt_id)
        .exclude(target=Target.EMPTY)
        .order_by("position", "target")
    )


def _pictures(commit: Commit) -> QuerySet[CheckResult]:
    taken = CheckResult.objects.filter(attempt=commit.attempt_id, kind=Kind.PAGE_LOAD, screenshot__isnull=False)
    return taken.order_by("-target", "position")  # "local" before "live"


def _check_lines(results: Iterable[CheckResult]) -> list[tuple[str, CheckLine]]:
    """Return each check once, by its place; views are pictures, and advice is no check."""
    found: dict[int, dict[str, CheckResult]] = {}
    for result in results:
        if result.kind not in {Kind.PAGE_LOAD, Kind.SOURCE}:
            found.setdefault(result.position, {})[result.target] = result
    return [_check_line(by_target) for _, by_target in sorted(found.items())][:MOST_CHECKS]


def _check_line(by_target: dict[str, CheckResult]) -> tuple[str, CheckLine]:
    local, live = by_target.get(Target.LOCAL), by_target.get(Target.LIVE)
    newest = live or local
    assert newest is not None
    line = CheckLine(
        text=short(newest.text, 2_000),
        by=decided_by(newest),
        local=local.verdict if local else "",
        live=live.verdict if live else "",
        seen=_seen(newest),
    )
    return newest.kind, line


def decided_by(result: CheckResult) -> str:
    """Return in a phrase what a verdict rests on."""
    if result.predicates and result.verdict != Verdict.NOT_RUN:
        return "the plan's predicates"
    if result.kind in {Kind.JS, Kind.EARLIER}:
        return "run in a browser" + (", a check of an earlier round" if result.kind == Kind.EARLIER else "")
    if result.kind == Kind.REGRESSION:
        return "a rule of this service, on a file of an earlier round"
    if result.kind != Kind.PROSE:
        return "a rule of this service" if result.kind != Kind.UNKNOWN else "nothing: it is no check that can be read"
    if result.verdict in {Verdict.UNVERIFIABLE, Verdict.NOT_RUN}:
        return "nothing" if not result.detail.startswith("judged by") else "a model's judgement, which is no pass"
    return "a rule of this service"


def _seen(result: CheckResult) -> str:
    """Return what was seen: the reason where there is one, else the value."""
    if result.detail:
        return short(result.detail, 600)
    if result.kind not in {Kind.JS, Kind.EARLIER} or result.value is None:
        return ""
    return short(json.dumps(result.value, ensure_ascii=False), 300)


def _captions(commit: Commit) -> list[tuple[int, str, str, str]]:
    """Return number, place, words and what went wrong of each picture."""
    places = {Target.LIVE: "the live page", Target.LOCAL: "before publishing"}
    views = _pictures(commit).defer("screenshot", "console", "value")[:MOST_PICTURES]
    return [
        (number, places[Target(view.target)], short(view.text, 200), short(view.detail, 300))
        for number, view in enumerate(views, 1)
    ]


def _times(commit: Commit, later: Commit | None) -> list[Moment]:
    """Return when it was asked for, published, live and told. What came after a later commit of the round is that one's."""
    row = commit.round
    within = {"at__gte": commit.pushed_at} | ({"at__lt": later.pushed_at} if later and later.round_id == row.pk else {})
    looks = list(row.pages_statuses.filter(**within).order_by("at").values_list("at", "live"))
    live_at = next((at for at, live in looks if live), None)
    sent = {name.replace("at__", "started_at__"): value for name, value in within.items()}
    told = list(row.notifications.filter(**sent).order_by("started_at").values_list("started_at", "status_code")[:200])
    heard = next(((at, code) for at, code in told if code and 200 <= code < 300), None)
    return [
        Moment("Accepted", row.created_at, "" if commit.run == 1 else f"this is run {commit.run} of the round"),
        Moment("Published", commit.pushed_at, _since(row, commit.pushed_at)),
        Moment(
            "Live", live_at, f"{_since(row, live_at)}; look {[at for at, _ in looks].index(live_at) + 1}" if live_at
            else f"not seen live in {len(looks)} looks",
        ),
        Moment(
            "Evaluator told", heard[0] if heard else None,
            f"{_since(row, heard[0])}; it answered {heard[1]}" if heard else f"not yet, after {len(told)} tries",
        ),
    ]  # fmt: skip


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


def _shown(file: ChangedFile) -> ChangedFile:
    """Return a file as a reader sees it, without its bytes."""
    return replace(file, name=short(file.name, 255), original=b"", now=None, diff=tuple(map(visible, file.diff)))


def _link(url: str) -> str:
    """Return an address that a reader may follow, "" for any that is not http(s)."""
    return iri_to_uri(url) if urlsplit(url).scheme in {"http", "https"} else ""


def _is_local(url: str) -> bool:
    """Say whether a repository is on this service's own forge, wherever that was reached at the time."""
    return urlsplit(url).path.startswith("/git/")


def _commit_link(row: Round, sha: str) -> str:
    """Return where the forge shows a commit; the local one shows none."""
    if _is_local(row.repo_url) or not _link(row.repo_url):
        return ""
    return f"{_link(row.repo_url).removesuffix('.git').rstrip('/')}/commit/{sha}"
