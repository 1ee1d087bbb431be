"""A conversation with a model: the prompt, at most two continuations of a cut-off reply, and one reminder."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.domain.model_call import DEADLINE
from engine.domain.paths import is_workflow
from engine.errors import BadReply, EngineError, Permanent, Transient
from engine.inputs.images import with_images
from engine.prompts.form import paths
from engine.prompts.generate import (
    asked_entries,
    continue_prompt,
    format_prompt,
    generate_prompt,
    missing_prompt,
    rephrase_prompt,
    shown_files,
)
from engine.prompts.repair import declined
from engine.prompts.replies import Outcome, ParsedReply, parse_reply
from engine.prompts.sections import boundary_of
from engine.steps.model_calls import call_begun, call_made

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from engine.domain.model_call import Prompt, Reply, ReusedCall
    from engine.plan.schema import RequestPlan
    from engine.ports import Ports
    from engine.steps.tree import TreeContext

MAX_CONTINUATIONS = 2


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a conversation: the files of all its replies, and the attempt with the last reply.

    `declined`: what a repair says instead of files: that nothing has to change, or that a finding is wrong.
    """

    attempt: int
    files: Mapping[str, bytes]
    deletions: tuple[str, ...]
    problems: tuple[str, ...]
    declined: str = ""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Calls `model` before the time `until`. Each call is a row of the journal. `plan` names allowed hidden files."""

    ports: Ports
    model: str
    until: datetime
    plan: RequestPlan

    def write(self, context: TreeContext, note: str, *, kind: str = "generate", parent: int | None = None) -> Written:
        """Return the files that the model wrote. Raises BadReply if there are none, else what the author raises."""
        brief = context.brief

        def prompt_for(boundary: str) -> Prompt:
            prompt = generate_prompt(
                brief,
                context.plan,
                boundary=boundary,
                tree=context.present,
                note=note,
                computed=context.computed if context.computes else None,
            )
            return with_images(prompt, brief.attachments)

        return self.converse(kind, prompt_for, parent, needed=_needed(context))

    def converse(
        self,
        kind: str,
        prompt_for: Callable[[str], Prompt],
        parent: int | None,
        *,
        needed: Sequence[str] = (),
        may_decline: bool = False,
    ) -> Written:
        """Send the prompt that `prompt_for` makes for a boundary, and return the files. Raises as `write`.

        Replies that an interrupted claim got are used again. `needed` are files that a reply must hold; missing ones
        are requested once. If index.html is needed, a page that stays cut off is used as far as it goes. `may_decline`:
        a reply may say that nothing has to change.
        """
        recalled = self._recalled(kind, parent)
        boundary = boundary_of(recalled.messages) if recalled else secrets.token_hex(6)
        prompt = prompt_for(boundary)
        attempt, text, parsed = self._known(recalled, boundary) or self._ask(kind, prompt, boundary, parent)
        if may_decline and not parsed.files and (reason := declined(text)):
            return Written(attempt, {}, (), parsed.problems, reason)
        if parsed.outcome is Outcome.REFUSED:
            prompt = rephrase_prompt(prompt)
            attempt, text, parsed = self._further("rephrase", prompt, boundary, attempt)
        attempt, parsed = self._completed(prompt, (attempt, text, parsed), boundary, needed)
        if not parsed.files and not parsed.deletions:
            raise BadReply("model_no_files", f"{self.model} answered without any usable file ({parsed.outcome})")
        return Written(attempt, parsed.files, parsed.deletions, parsed.problems)

    def _completed(
        self, prompt: Prompt, reply: tuple[int, str, ParsedReply], boundary: str, needed: Sequence[str]
    ) -> tuple[int, ParsedReply]:
        """Complete a reply: one reminder, then continuations. Files from earlier replies survive a failed call."""
        attempt, text, parsed = reply
        reminder = _reminder(prompt, text, parsed, needed)
        continuations = 0
        while reminder or (parsed.outcome is Outcome.TRUNCATED and continuations < MAX_CONTINUATIONS):
            kind = "format" if reminder else "continue"
            prompt = reminder or continue_prompt(prompt, text, boundary)
            continuations += not reminder
            reminder = None
            try:
                attempt, text, more = self._further(kind, prompt, boundary, attempt)
            except (Transient, Permanent) as error:
                if not parsed.files and not ("index.html" in needed and parsed.cut and _is_final(error)):
                    raise
                rest = f"The rest was not asked for: {error.message}"
                parsed = replace(parsed, problems=(*parsed.problems, rest))
                break
            parsed = _merged(parsed, more)
        return attempt, _with_cut_page(parsed) if "index.html" in needed else parsed

    def _further(self, kind: str, prompt: Prompt, boundary: str, parent: int) -> tuple[int, str, ParsedReply]:
        return self._known(self._recalled(kind, parent), boundary) or self._ask(kind, prompt, boundary, parent)

    def _recalled(self, kind: str, parent: int | None) -> ReusedCall | None:
        """Return the reply to an earlier claim; else its interrupted reply if that holds a whole file."""
        journal = self.ports.journal
        if reply := journal.attempt_reused(kind=kind, model=self.model, parent=parent):
            return reply
        cut = journal.attempt_interrupted(kind=kind, model=self.model, parent=parent)
        return cut if cut and _is_reusable(cut) else None

    def _known(self, recalled: ReusedCall | None, boundary: str) -> tuple[int, str, ParsedReply] | None:
        if recalled is None:
            return None
        reply = recalled.reply
        return recalled.attempt, reply.text, self._parsed(reply, boundary)

    def _parsed(self, reply: Reply, boundary: str) -> ParsedReply:
        workflows = [one.path for one in self.plan.files if is_workflow(one.path)]
        return parse_reply(reply.text, boundary, finish_reason=reply.finish_reason, hidden=workflows)

    def _ask(self, kind: str, prompt: Prompt, boundary: str, parent: int | None) -> tuple[int, str, ParsedReply]:
        """Call the model, and once more after a malformed response (HTML, no choices): gateways send these at times."""
        try:
            return self._ask_once(kind, prompt, boundary, parent)
        except Permanent as error:
            if error.code != "model_bad_answer":
                raise
        return self._ask_once(kind, prompt, boundary, parent)

    def _ask_once(self, kind: str, prompt: Prompt, boundary: str, parent: int | None) -> tuple[int, str, ParsedReply]:
        seconds = (self.until - self.ports.clock.now()).total_seconds()
        if seconds <= 1:
            raise Transient("model_out_of_time", f"no time was left to ask {self.model} again")
        journal = self.ports.journal
        attempt = call_begun(kind, prompt, self.model, parent, self.ports)
        reply = call_made(attempt, prompt, self.model, self.ports, seconds=seconds)
        parsed = self._parsed(reply, boundary)
        if reply.finish_reason == DEADLINE and not (parsed.files or parsed.deletions or parsed.cut):
            late = Transient("model_timeout", f"{self.model} wrote for {seconds:.0f} s and came to the end of no file.")
            journal.attempt_failed(attempt, code=late.code, message=late.message, reply=reply)
            raise late
        journal.attempt_answered(attempt, reply, outcome=parsed.outcome)
        return attempt, reply.text, parsed


def _is_reusable(cut: ReusedCall) -> bool:
    """Say whether an interrupted reply in the agreed format holds a whole file. Half a file is requested again."""
    read = parse_reply(cut.reply.text, boundary_of(cut.messages), finish_reason=cut.reply.finish_reason)
    return bool(read.files or read.deletions) and read.outcome in {Outcome.OK, Outcome.TRUNCATED}


def _needed(context: TreeContext) -> tuple[str, ...]:
    """Return the planned files that a reply must hold: new files, and attachments to change. Never the README."""
    attached = {file.name for file in context.brief.attachments}
    shown = shown_files(context.brief, context.plan, context.present, computed=context.computed)
    wanted = paths(asked_entries(context.brief, context.plan, shown, computes=context.computes))
    written = set(wanted) - {"README.md"}
    new = written - {*attached, *context.present}
    changed = (written & attached) - {"index.html"}
    return tuple(path for path in wanted if path in new | changed)


def _reminder(prompt: Prompt, text: str, parsed: ParsedReply, needed: Sequence[str]) -> Prompt | None:
    """Return the reminder that is due, of the format or of missing files; None if none is due."""
    if parsed.outcome in {Outcome.NO_FILES, Outcome.EMPTY}:
        return format_prompt(prompt, text, parsed.problems or ("it holds no files.",))
    missing = [path for path in needed if path not in parsed.files]
    if missing and parsed.files and parsed.outcome is not Outcome.TRUNCATED:
        return missing_prompt(prompt, parsed.files, missing)
    return None


def _with_cut_page(parsed: ParsedReply) -> ParsedReply:
    """Use the page without an end if there is no other page."""
    if not parsed.cut or "index.html" in parsed.files:
        return parsed
    problems = (*parsed.problems, "The page has no end and is used as far as it goes.")
    return replace(parsed, files={**parsed.files, "index.html": parsed.cut}, problems=problems)


def _merged(parsed: ParsedReply, more: ParsedReply) -> ParsedReply:
    """Return the files of two replies; of two halves of a page the longer one."""
    return replace(
        more,
        files={**parsed.files, **more.files},
        deletions=(*parsed.deletions, *more.deletions),
        cut=max(parsed.cut, more.cut, key=len),
    )


def _is_final(error: EngineError) -> bool:
    """Say whether another call would not help: there is no time, no tokens, or the model cannot do it."""
    return isinstance(error, Permanent) or error.code in {"model_out_of_time", "model_timeout"}
