"""A conversation with a model: the prompt, continuations of a cut-off reply, and reminders."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
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
    unmatched_prompt,
)
from engine.prompts.parsing.parsed_reply import Outcome, ParsedReply, merged
from engine.prompts.repair import declined
from engine.prompts.replies import blocks, parse_reply
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
#: Edits that do not fit are asked for again once, then whole files in their place.
MAX_EDIT_REMINDERS = 2


@dataclass(frozen=True, slots=True)
class Written:
    """The result of a conversation: the files of all its replies, and the attempt with the last reply.

    `lost` says of a path what became of a file that a reply was cut off in or before, and that no reply brought whole.
    `edited` counts the edits of the files that were not written whole.
    `declined`: what a repair says instead of files: that nothing has to change, or that a finding is wrong.
    """

    attempt: int
    files: Mapping[str, bytes]
    deletions: tuple[str, ...]
    problems: tuple[str, ...]
    declined: str = ""
    edited: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Calls `model` before the time `until`. Each call is a row of the journal.

    `plan` names allowed hidden files; `shown` are the texts in the prompt that edits may refer to.
    """

    ports: Ports
    model: str
    until: datetime
    plan: RequestPlan
    shown: Mapping[str, str]

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
        are requested once. If index.html is needed, a page that stays cut off is used as far as it goes. Edits that do
        not fit are requested again, then as whole files; while they are missing nothing is used. `may_decline`: a reply
        may say that nothing has to change.
        """
        recalled = self._recalled(kind, parent)
        boundary = boundary_of(recalled.messages) if recalled else secrets.token_hex(6)
        prompt = prompt_for(boundary)
        attempt, text, parsed = self._known(recalled, boundary) or self._ask(kind, prompt, boundary, parent)
        if may_decline and not (parsed.files or parsed.edits) and (reason := declined(text)):
            return Written(attempt, {}, (), parsed.problems, reason)
        if parsed.outcome is Outcome.REFUSED:
            prompt = rephrase_prompt(prompt)
            attempt, text, parsed = self._further("rephrase", prompt, boundary, attempt)
        attempt, parsed = self._completed(prompt, (attempt, text, parsed), boundary, needed)
        if parsed.is_empty:
            raise BadReply("model_no_files", f"{self.model} answered without any usable file ({parsed.outcome})")
        edited = {path: len(edits) for path, edits in parsed.edits.items()}
        files = parsed.whole_files(self.shown)
        return Written(
            attempt, files, parsed.deletions, parsed.problems, edited=edited, lost=_lost(parsed, files, needed)
        )

    def _completed(
        self, prompt: Prompt, reply: tuple[int, str, ParsedReply], boundary: str, needed: Sequence[str]
    ) -> tuple[int, ParsedReply]:
        """Complete a reply: reminders, then continuations. Files from earlier replies survive a failed call."""
        attempt, text, parsed = reply
        due = _Due(self.shown, needed)
        while step := due.next(prompt, text, parsed, boundary):
            kind, prompt = step
            try:
                attempt, text, more = self._further(kind, prompt, boundary, attempt)
            except (Transient, Permanent) as error:
                usable = not parsed.is_empty or ("index.html" in needed and parsed.cut and _is_final(error))
                if due.owed or not usable:
                    raise
                rest = f"The rest was not asked for: {error.message}"
                parsed = replace(parsed, problems=(*parsed.problems, rest))
                break
            parsed = merged(parsed, more, self.shown)
        if due.owed:
            raise BadReply("model_edits", f"{self.model} answered with edits of {', '.join(due.owed)} that do not fit")
        parsed = _without_unfinished(parsed.without({one.path for one in parsed.misfits}))
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
        return parse_reply(reply.text, boundary, finish_reason=reply.finish_reason, hidden=workflows, shown=self.shown)

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
        if reply.finish_reason == DEADLINE and parsed.is_empty and not parsed.cut:
            late = Transient("model_timeout", f"{self.model} wrote for {seconds:.0f} s and came to the end of no file.")
            journal.attempt_failed(attempt, code=late.code, message=late.message, reply=reply)
            raise late
        journal.attempt_answered(attempt, reply, outcome=parsed.outcome)
        return attempt, reply.text, parsed


def edits_in_words(written: Written) -> str:
    """Return which files were edited, in parentheses; "" if all of them were written whole."""
    edited = [f"{path} by {count} edit{'s' * (count > 1)}" for path, count in written.edited.items()]
    return f" ({', '.join(edited)})" if edited else ""


def _is_reusable(cut: ReusedCall) -> bool:
    """Say whether an interrupted reply in the agreed format holds a whole file or edit. A half is requested again."""
    boundary = boundary_of(cut.messages)
    read = parse_reply(cut.reply.text, boundary, finish_reason=cut.reply.finish_reason)
    holds = read.files or read.deletions or read.edits
    return bool(blocks(cut.reply.text, boundary) and holds) and read.outcome in {Outcome.OK, Outcome.TRUNCATED}


def _needed(context: TreeContext) -> tuple[str, ...]:
    """Return the planned files that a reply must hold: new files, and attachments to change. Never the README."""
    attached = {file.name for file in context.brief.attachments}
    shown = shown_files(context.brief, context.plan, context.present, computed=context.computed)
    wanted = paths(asked_entries(context.brief, context.plan, shown, computes=context.computes))
    written = set(wanted) - {"README.md"}
    new = written - {*attached, *context.present}
    changed = (written & attached) - {"index.html"}
    return tuple(path for path in wanted if path in new | changed)


@dataclass(slots=True)
class _Due:
    """What a conversation still has to ask for. `owed` are shown files whose edits did not fit so far."""

    shown: Mapping[str, str]
    needed: Sequence[str]
    owed: tuple[str, ...] = ()
    edit_reminders: int = 0
    reminders: int = 0
    continuations: int = 0

    def next(self, prompt: Prompt, text: str, parsed: ParsedReply, boundary: str) -> tuple[str, Prompt] | None:
        """Return the kind of the next call and its prompt; None if the reply is complete or enough was asked."""
        misfits = {one.path for one in parsed.misfits}
        settled = {*parsed.files, *parsed.edits, *parsed.deletions} - misfits
        self.owed = tuple(sorted(({*self.owed, *misfits} & self.shown.keys()) - settled))
        paths = self.owed if self.edit_reminders else tuple(sorted(misfits))
        if paths and self.edit_reminders < MAX_EDIT_REMINDERS:
            self.edit_reminders += 1
            whole = self.edit_reminders > 1
            return "format", unmatched_prompt(prompt, text, parsed, paths, shown=bool(self.owed), whole=whole)
        if not self.owed and not self.reminders and (reminder := self._reminder(prompt, text, parsed)):
            self.reminders += 1
            return "format", reminder
        if parsed.outcome is Outcome.TRUNCATED and self.continuations < MAX_CONTINUATIONS:
            self.reminders = 1
            self.continuations += 1
            return "continue", continue_prompt(prompt, text, boundary)
        return None

    def _reminder(self, prompt: Prompt, text: str, parsed: ParsedReply) -> Prompt | None:
        """Return the reminder that is due, of the format or of missing files; None if none is due."""
        if parsed.outcome in {Outcome.NO_FILES, Outcome.EMPTY} and parsed.is_empty:
            return format_prompt(prompt, text, parsed.problems or ("it holds no files.",))
        missing = [path for path in self.needed if path not in {*parsed.files, *parsed.edits}]
        if missing and (parsed.files or parsed.edits) and parsed.outcome is not Outcome.TRUNCATED:
            return missing_prompt(prompt, parsed, missing)
        return None


def _without_unfinished(parsed: ParsedReply) -> ParsedReply:
    """Leave out the edits of a file that were cut off and never finished."""
    if not parsed.unfinished:
        return parsed
    problems = (*parsed.problems, f"The edits of {parsed.unfinished} were cut off, and none of them is used.")
    return replace(parsed.without({parsed.unfinished}), unfinished="", problems=problems)


def _lost(parsed: ParsedReply, files: Mapping[str, bytes], needed: Sequence[str]) -> dict[str, str]:
    """Return what became of the files that a reply was cut off in or before. README.md is not one: we complete it."""
    cut_in = {
        path: "the reply was cut off in it"
        for path in parsed.lost
        if path not in files or (path == "index.html" and files[path] == parsed.cut)
    }
    missing = [path for path in needed if path not in files] if parsed.outcome is Outcome.TRUNCATED else []
    lost = dict.fromkeys(missing, "the reply was cut off before it") | cut_in
    return {path: what for path, what in lost.items() if path != "README.md"}


def _with_cut_page(parsed: ParsedReply) -> ParsedReply:
    """Use the page without an end if there is no other page."""
    if not parsed.cut or "index.html" in parsed.files:
        return parsed
    problems = (*parsed.problems, "The page has no end and is used as far as it goes.")
    return replace(parsed, files={**parsed.files, "index.html": parsed.cut}, problems=problems)


def _is_final(error: EngineError) -> bool:
    """Say whether another call would not help: there is no time, no tokens, or the model cannot do it."""
    return isinstance(error, Permanent) or error.code in {"model_out_of_time", "model_timeout"}
