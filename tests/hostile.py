"""Rows that are hostile in every text, for what shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone

from tasks_app import models

if TYPE_CHECKING:
    from django.db.models import Model

#: Markup, a terminal code, marks that turn text round or hide, and a template's own syntax.
HOSTILE = (
    '<script>alert("x")</script>\x1b[31mred\x1b[0m \u202egnp.exe\u202c\u200b {{ 4321432143|add:1234123412 }} \x9b2J'
)
RAW = ("<script>alert", "\x1b", "\u202e", "\u202c", "\u200b", "\x9b", "5555555555")
BIG = "the heavy text that no list reads"


def hostile_plan(h: str) -> dict[str, object]:
    """Return a valid plan with `h` in every text of it."""
    predicates = [{"kind": "contains", "path": h, "texts": [h]}]
    return {
        "files": [{"path": h, "source": "changed", "what": h, "origin": h, "sheet": h, "predicates": predicates}],
        "absent": [h],
        "data": [{"url": h, "name": h}],
        "checks": [{"number": 1, "predicates": predicates}, {"number": 3, "why_not": h}],
        "tests": [{"says": h, "predicates": predicates}],
        "notes": [h],
    }


def hostile_rows(h: str = HOSTILE) -> dict[str, Model]:
    """Store one row of each kind, with `h` in every text of it."""
    now = timezone.now()
    task = models.Task.objects.create(
        key="t" * 64, email=h, name=h, created_at=now, owner=h, repository=h, repo_url=h, pages_url=h
    )
    r = models.Round.objects.create(
        key="k" * 64,
        task_key="t" * 64,
        task=task,
        email=h,
        task_name=h,
        number=1,
        nonce=h,
        brief=h + BIG,
        checks=[h, {"js": h}],
        evaluation_url=h,
        request={"brief": h + BIG, "a": [h]},
        digest="d" * 64,
        warnings=[h],
        state="failed",
        step="generate",
        created_at=now,
        started_at=now,
        deadline_at=now + timedelta(seconds=600),
        share_ends_at=now,
        finished_at=now,
        waiting_on=h,
        owner=h,
        repository=h,
        repo_url=f"javascript:{h}",
        pages_url=f"https://pages.example/{h}",
        error_code=h[:60],
        error_message=h,
        needs_attention=True,
    )
    attempt = models.Attempt.objects.create(
        round=r,
        run=1,
        kind="generate",
        provider=h[:40],
        messages=[{"role": h, "content": h + BIG}, {"role": "user", "content": [h]}],
        parameters={h: h},
        model_asked=h,
        model_answered=h,
        request_id=h,
        started_at=now,
        seconds=1.5,
        reply=h + BIG,
        reasoning=h + BIG,
        finish_reason=h[:40],
        outcome=h[:40],
        cost_source=h[:40],
        error_code=h[:60],
        error_message=h,
    )
    r.chosen_attempt = attempt
    r.save()
    one = {"round": r, "run": 1}
    rehearsal = models.Rehearsal.objects.create(
        name=h[:100],
        created_at=now,
        templates=h + BIG,
        tasks=1,
        rounds=2,
        at_a_time=1,
        deadline_seconds=600,
        pace=1,
        evaluation_url=h,
    )
    submission = models.Submission.objects.create(
        rehearsal=rehearsal, email=h, endpoint=f"javascript:{h}", secret=BIG, repository=f"https://[{h}"
    )
    issued = models.IssuedTask.objects.create(
        submission=submission,
        template=h,
        task=h,
        round=1,
        nonce=h[:36],
        seed=h[:64],
        request={"brief": h + BIG, h: [h]},
        criteria=[{h: h + BIG}],
        state="judged",
        tries=1,
        next_at=now,
        sent_at=now,
        accepted_at=now,
        status_code=200,
        error=h,
        callback={
            "email": h,
            "task": h,
            "repo_url": f"javascript:{h}",
            "commit_sha": h,
            "pages_url": "http://[::1",
            h: h,
        },
        callback_at=now,
        late=True,
        judged_at=now,
    )
    made = [
        rehearsal,
        submission,
        issued,
        models.NotifyCall.objects.create(at=now, client=h[:64], body=h + BIG, issued=issued, status_code=400, reason=h),
        models.RehearsalResult.objects.create(
            issued=issued,
            number=1,
            kind=h[:12],
            check_text=h,
            score=0.5,
            reason=h,
            log=h + BIG,
            screenshot=b"\x89PNG\x00\xff",
        ),
        task,
        r,
        attempt,
        models.Attachment.objects.create(round=r, position=1, name=h, media_type=h, url=h, content=(h + BIG).encode()),
        models.StepRun.objects.create(**one, step="generate", started_at=now, outcome="failed", detail=h),
        models.Plan.objects.create(
            **one,
            plan=hostile_plan(h),
            refused=[{"item": h, "reason": h}],
            attempt=attempt,
            source="operator",
            edited_by=h,
            made_at=now,
        ),
        models.SourceFile.objects.create(
            attempt=attempt, path=h, content=(h + BIG).encode(), sha256="a" * 64, size=9, origin="model"
        ),
        models.CheckResult.objects.create(
            attempt=attempt,
            target="local",
            position=1,
            kind="js",
            text=h,
            verdict="fail",
            value={h: h},
            detail=h,
            console=[h],
            screenshot=b"\x89PNG\x00\xff",
            predicates=[{"says": h, "verdict": "fail", "seen": h}],
        ),
        models.Commit.objects.create(
            **one, sha="c" * 40, parent="p" * 40, files=[h], url=f"javascript:{h}", planned_at=now
        ),
        models.PagesStatus.objects.create(
            **one, at=now, build_status=h[:40], built_commit="c" * 40, live=False, reason=h
        ),
        models.NotificationAttempt.objects.create(
            **one,
            number=1,
            url=h,
            body=(h + BIG).encode(),
            headers={h: h},
            started_at=now,
            answer_headers={h: h},
            answer=h + BIG,
            error=h,
        ),
        models.Rejection.objects.create(at=now, status=400, client=h[:64], errors={h: h}, payload={"brief": h + BIG}),
        models.Event.objects.create(at=now, who=h, what=h[:40], round=r, text=h),
        models.Alert.objects.create(key=h[:100], cause=h[:20], round=r, run=1, text=h, at=now, error=h),
        models.WorkerBeat.objects.create(worker=h, host=h, pid=1, seen_at=now, round=r, step="generate"),
        models.Breaker.objects.create(kind="model", code=h[:60], reason=h, since=now, closed_by=h),
        models.ForgeQuota.objects.create(
            pk=1, limit=5000, remaining=1, reset_at=now, seen_at=now, blocked_until=now, blocked_reason=h
        ),
        models.ModelProfile.objects.create(
            server=h[:300], model=h[:200], length_parameter=h[:40], dropped=[h], learned_at=now
        ),
        models.ForgeWrite.objects.create(key=h[:300], due_at=now, used_at=now),
        models.Takedown.objects.create(
            owner=h[:255],
            repository=h[:255],
            repo_url=h,
            pages_url=h,
            round_id=UUID(int=1),
            reach="pages",
            reason=h,
            asked_at=now,
            asked_by=h[:150],
            error=h,
        ),
    ]
    return {type(row).__name__: row for row in made}
