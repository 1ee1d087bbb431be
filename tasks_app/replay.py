"""Reads a stored reply again: today's parser, gates, rules and browser over what a model said then. Asks no model and writes no row.

The steps' own code runs, with a journal that recalls the answers of that conversation and an author that is never to be asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from engine.core.budget import fresh
from engine.core.checks import CheckResult
from engine.core.decision import Purpose
from engine.core.prompt_sections import boundary_of
from engine.core.replies import parse_reply
from engine.core.rules import acceptable, own_results
from engine.core.site import SiteFile
from engine.errors import BadReply, EngineError, Permanent
from engine.ports import Message, Recalled, Reply
from engine.site.assembly import assemble
from engine.steps.authoring import Conversation
from engine.steps.generate import gates
from engine.steps.outcomes import Generated
from engine.steps.repair import repair
from engine.steps.verify import NewTree, verify
from tasks_app import gather, plans, tries, wiring
from tasks_app.models import Attempt, Commit, SourceFile
from tasks_app.redaction import found_in
from tasks_app.services import clock
from tasks_app.services.interruptions import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.ports import Ports
    from engine.site.assembly import Frame

#: Calls that go on with a conversation, and those that begin one.
FOLLOWING = frozenset({"continue", "format", "rephrase"})
BEGINNING = frozenset({Purpose.GENERATE, Purpose.REPAIR, Purpose.RESAMPLE})

#: As long as a replay may take, in seconds, as if it were a round's deadline.
SECONDS = 600


class CannotReplayError(Exception):
    """There is nothing to be read again; the message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Reread:
    """One reply: what the parser called it then and calls it now."""

    attempt: int
    kind: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it: `tree` is the attempt that holds the files of then, None where there were none; `error` why there are none now."""

    root: Attempt
    tree: int | None
    replies: tuple[Reread, ...]
    differing: tuple[str, ...]  # paths whose content is not that of then
    notes: str
    error: str
    before: tuple[CheckResult, ...]
    now: tuple[CheckResult, ...]


def replayed(attempt: Attempt, *, with_browser: bool) -> Replayed:
    """Read the conversation that an attempt belongs to again. Raises CannotReplayError."""
    said = _conversation(attempt)
    root = said[0]
    trees = SourceFile.objects.filter(attempt__in=[one.pk for one in said]).values_list("attempt_id", flat=True)
    tree = max(trees, default=None)
    before = tries.files_of(tree) if tree else {}
    ports = wiring.replay_ports(author=_Silent(root.model_asked), journal=_Recalling(said), with_browser=with_browser)
    error, notes, files, results = "", "", dict[str, SiteFile](), list[CheckResult]()
    try:
        files, notes, barriers = _again(root, ports)
        results = _judged(root, files, barriers, ports)
    except EngineError as problem:
        error = problem.message
    differing = [path for path in sorted(before.keys() | files.keys()) if before.get(path) != files.get(path)]
    return Replayed(
        root=root,
        tree=tree,
        replies=tuple(_reread(one) for one in said),
        differing=tuple(path for path in differing if _content(before, path) != _content(files, path)),
        notes=notes,
        error=error,
        before=tuple(tries.results_of(tree)) if tree else (),
        now=tuple(results),
    )


def _content(files: Mapping[str, SiteFile], path: str) -> bytes | None:
    return files[path].content if path in files else None


def _conversation(attempt: Attempt) -> list[Attempt]:
    """Return the answered calls of the attempt's conversation, the first one first. Raises CannotReplayError."""
    of_round = {one.pk: one for one in Attempt.objects.filter(round=attempt.round_id).order_by("pk")}
    root = of_round[attempt.pk]
    while root.kind in FOLLOWING and root.parent_id in of_round:
        root = of_round[root.parent_id]
    if root.kind not in BEGINNING:
        raise CannotReplayError(
            f"attempt {attempt.pk} is a {attempt.kind}: there is no reply of a model with files in it"
        )
    if not root.reply:
        raise CannotReplayError(
            f"no reply of attempt {root.pk} is stored: {root.error_message or 'it was not answered'}"
        )
    said, answered = [root], {one.parent_id for one in of_round.values()}
    for one in of_round.values():
        # One that was interrupted counts where the rest of it was asked for.
        used = not one.error_code or (one.error_code == INTERRUPTED and one.pk in answered)
        if one.kind in FOLLOWING and one.parent_id in {known.pk for known in said} and one.reply and used:
            said.append(one)
    return said


def _reread(attempt: Attempt) -> Reread:
    messages = _messages(attempt)
    parsed = parse_reply(attempt.reply, boundary_of(messages), finish_reason=attempt.finish_reason)
    return Reread(attempt.pk, attempt.kind, attempt.outcome, parsed.outcome)


def _messages(attempt: Attempt) -> tuple[Message, ...]:
    return tuple(Message(one["role"], one["content"]) for one in attempt.messages)


def _again(root: Attempt, ports: Ports) -> tuple[dict[str, SiteFile], str, Sequence[CheckResult]]:
    """Return the tree that the replies make today, what is to be said about it, and the gates' verdicts. Raises EngineError."""
    row = root.round
    if root.kind == Purpose.REPAIR:
        task = replace(
            gather.repair_of(row, _parent(root), run=root.run), budget=fresh(clock.now(), SECONDS), failures=0
        )
        made = repair(task, ports)
        if not isinstance(made, Generated):
            raise BadReply("no_tree", made.detail if hasattr(made, "detail") else made.reason)
        return dict(made.files), made.detail, made.gates
    frame = _frame(root)
    conversation = Conversation(ports, root.model_asked, clock.now() + timedelta(seconds=SECONDS), frame.plan)
    written = conversation.write(frame, "", kind=root.kind, parent=root.parent_id)
    files, notes = assemble(frame, written.files, written.deletions)
    results = own_results({path: file.content for path, file in files.items()})
    if not acceptable(results):
        raise BadReply("no_page", "; ".join(r.detail for r in results if r.detail))
    return files, "; ".join((*written.problems, *notes)), gates(files, frame.brief, found_in, ports, frame.present)


def _parent(root: Attempt) -> Attempt:
    if root.parent is None:
        raise Permanent("no_parent", "The attempt that was repaired is not known any more.")
    return root.parent


def _frame(root: Attempt) -> Frame:
    """Return what the attempt was written for: the tree and the place of what the task had published last by then, out of our own rows."""
    pushed = Commit.objects.filter(round__task_key=root.round.task_key, pushed_at__lt=root.started_at)
    last = pushed.exclude(attempt=None).order_by("-pushed_at", "-pk").first()
    present = {path: file.content for path, file in tries.files_of(last.attempt_id).items()} if last else {}
    return gather.frame_of(root.round, present, run=root.run).at(gather.repository_of(last.round) if last else None)


def _judged(
    root: Attempt, files: Mapping[str, SiteFile], barriers: Sequence[CheckResult], ports: Ports
) -> list[CheckResult]:
    """Return the gates' results and what the checks give, as verify comes to them."""
    contents = {path: file.content for path, file in files.items()}
    new = NewTree(root.pk, Purpose(root.kind), contents, None, tuple(barriers))
    try:
        task = gather.verify_input(root.round)
    except LookupError:
        raise Permanent("no_tree", "The round has no tree: its checks cannot be run.") from None
    plan = plans.read(plans.plan_row_of(root.round, root.run))  # by which it was written
    judged = verify(replace(task, new=new, tried=(), plan=plan, budget=fresh(clock.now(), SECONDS)), ports)
    return [*judged.results, *barriers]


class _Silent:
    """An author that says nothing: whatever asks it has left the ground of what was said then."""

    provider = ""
    simulated = False

    def __init__(self, model: str) -> None:
        self.models = (model,)

    def write(self, *_: object, **__: object) -> NoReturn:
        _refuse()


class _Recalling:
    """A journal that hands out the answers of one conversation, each once, and writes nothing."""

    def __init__(self, said: Sequence[Attempt]) -> None:
        self._left = list(said)

    def attempt_recalled(self, *, kind: str, model: str, parent: int | None) -> Recalled | None:
        del model
        for one in self._left:
            if one.kind == kind and one.parent_id == parent:
                self._left.remove(one)
                reply = Reply(one.reply, one.model_answered, one.finish_reason)
                return Recalled(one.pk, _messages(one), reply)
        return None

    def attempt_interrupted(self, **_: object) -> None:
        """Know of none: what was kept of one, and used, is handed out like an answer."""

    def warn(self, text: str) -> None:
        """Say nothing: the round's warnings are those of then."""

    def tokens_left(self) -> None:
        return None

    def attempt_begun(self, **_: object) -> NoReturn:
        _refuse()


def _refuse() -> NoReturn:
    raise Permanent(
        "replay_asks_nothing", "Today's code would ask the model once more here, and a replay asks nothing."
    )
