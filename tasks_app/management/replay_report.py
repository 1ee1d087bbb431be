"""What a replay came to, beside what was then: check by check, as data and as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.checks import Kind, Verdict
from tasks_app.admin.display import short
from tasks_app.redaction import keepable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.core.checks import CheckResult
    from tasks_app.replay import Replayed

#: Verdicts that decide nothing, so that nothing can be said to be worse than before.
UNDECIDED = frozenset({Verdict.NOT_RUN, Verdict.INCONCLUSIVE, Verdict.UNVERIFIABLE})
SAME, BETTER, WORSE, CHANGED, OPEN, ONLY_NOW, ONLY_THEN = (
    "same", "better", "WORSE", "changed", "not compared", "new", "not run any more",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """A check's verdict then and now ("" where there is none), what it means, and what was seen now."""

    kind: str
    text: str
    before: str
    now: str
    standing: str
    detail: str


def compared(replay: Replayed) -> list[Compared]:
    """Return every check of then and now, each once, in the order of today."""
    left: dict[tuple[str, str], list[CheckResult]] = {}
    for result in replay.before:
        left.setdefault((result.check.kind, result.check.text), []).append(result)
    found = []
    for result in replay.now:
        same = left.get((result.check.kind, keepable(result.check.text)))
        found.append(_compared(same.pop(0) if same else None, result))
    return [*found, *(_compared(result, None) for results in left.values() for result in results)]


def _compared(before: CheckResult | None, now: CheckResult | None) -> Compared:
    shown = now or before
    assert shown is not None
    old, new = before.verdict if before else "", now.verdict if now else ""
    detail = now.detail if now else ""
    return Compared(shown.check.kind, shown.check.text, old, new, _standing(shown.check.kind, old, new), detail)


def _standing(kind: str, before: str, now: str) -> str:
    """Say what became of a verdict: only a pass that is none any more is worse, and advice never is."""
    if not before or not now:
        return ONLY_NOW if now else ONLY_THEN
    if before == now:
        return SAME
    if now in UNDECIDED or (before in UNDECIDED and now != Verdict.PASS):
        return OPEN
    if now == Verdict.PASS:
        return BETTER
    return WORSE if before == Verdict.PASS and kind != Kind.SOURCE else CHANGED


def worsened(replay: Replayed, checks: Sequence[Compared]) -> str:
    """Return in a sentence what is worse than it was, "" where nothing is."""
    if replay.error and replay.tree:
        return f"there was a tree, and today there is none: {replay.error}"
    worse = sum(check.standing == WORSE for check in checks)
    return f"{worse} check{'' if worse == 1 else 's'} passed then and do not today" if worse else ""


def replay_data(replay: Replayed, checks: Sequence[Compared]) -> dict[str, object]:
    """Return the whole of it as data."""
    return {
        "attempt": replay.root.pk,
        "tree": replay.tree,
        "round": str(replay.root.round_id),
        "kind": replay.root.kind,
        "model": replay.root.model_answered or replay.root.model_asked,
        "replies": [{"attempt": r.attempt, "kind": r.kind, "before": r.before, "now": r.now} for r in replay.replies],
        "files_that_differ": list(replay.differing),
        "notes": replay.notes,
        "error": replay.error or None,
        "checks": [
            {"kind": c.kind, "text": c.text, "before": c.before or None, "now": c.now or None, "standing": c.standing, "detail": c.detail}
            for c in checks
        ],
        "worse": worsened(replay, checks) or None,
    }  # fmt: skip


def replay_text(replay: Replayed, checks: Sequence[Compared], *, every: bool) -> str:
    """Return it as text; `every` check, or those alone whose verdict is another."""
    return "\n".join(_lines(replay, checks, every=every))


def _lines(replay: Replayed, checks: Sequence[Compared], *, every: bool) -> Iterator[str]:
    root = replay.root
    by = root.model_answered or root.model_asked
    yield f"{root.kind} {root.pk} of {short(str(root.round), 80)}, by {short(by, 80)}: no model is asked, nothing is written"
    for reply in replay.replies:
        yield f"  reply {reply.attempt} ({reply.kind}): {_arrow(reply.before, reply.now)}"
    if replay.error:
        yield f"  no tree today: {short(replay.error, 400)}"
        return
    same = "the same as then" if replay.tree else "there were none then"
    yield f"  files: {', '.join(short(path, 80) for path in replay.differing[:12]) + ' differ' if replay.differing else same}"
    if replay.notes:
        yield f"  notes: {short(replay.notes, 600)}"
    passed = [
        sum(v == Verdict.PASS for v in verdicts) for verdicts in zip(*((c.before, c.now) for c in checks), strict=True)
    ]
    counts = Counter(check.standing for check in checks)
    yield f"  checks: {passed[0]} passed then, {passed[1]} today: " + ", ".join(
        f"{n} {what}" for what, n in counts.most_common()
    )
    for check in checks:
        if every or check.standing != SAME:
            detail = f"  ({short(check.detail, 160)})" if check.detail else ""
            yield f"    {check.standing:<16} {_arrow(check.before, check.now)}  {check.kind}: {short(check.text, 120)}{detail}"


def _arrow(before: str, now: str) -> str:
    return f"{before or 'nothing'} -> {now or 'nothing'}" if before != now else f"{now}, as then"
