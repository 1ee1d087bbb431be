"""The step repair: the model of the best attempt gets the findings and returns changed files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from engine.checks.decision import Purpose
from engine.checks.own_rules import acceptable, own_results
from engine.domain import backoff
from engine.domain.repository import Origin, SiteFile
from engine.errors import EngineError, LeaseLost, OutOfService, Permanent, Transient
from engine.inputs.missing_data import missing_note
from engine.prompts.findings import findings_of
from engine.prompts.generate import shown_files
from engine.prompts.repair import repair_prompt
from engine.steps.authoring import Conversation, Written, edits_in_words
from engine.steps.contracts import Generated, RepairFailed, RepairSkipped, Wait
from engine.steps.generate import gates
from engine.steps.tree import assemble, compute

if TYPE_CHECKING:
    from engine.domain.model_call import Prompt
    from engine.ports import Ports
    from engine.steps.contracts import RepairInput


def repair(task: RepairInput, ports: Ports) -> Generated | RepairFailed | RepairSkipped | Wait:
    """Return the repaired tree, or why there is none. Raises LeaseLost, and OutOfService if the model is blocked."""
    task = replace(task, context=replace(task.context, computes=task.computes and ports.browser is not None))
    now = ports.clock.now()
    seconds = task.seconds(now)
    if not seconds:
        return RepairSkipped("the repair was cut: its share of the deadline is over")
    models = ports.author.models
    model = task.best.model if task.best.model in models else models[0]
    context = task.context
    shown = shown_files(context.brief, context.plan, _tree(task), repairs=True, computed=context.computed).texts
    conversation = Conversation(ports, model, now + timedelta(seconds=seconds), context.plan, shown)
    try:
        written = conversation.converse(
            Purpose.REPAIR, lambda boundary: _prompt(task, boundary), task.best.attempt, may_decline=True
        )
        if written.declined:
            return RepairSkipped(f"{model} changed nothing: {written.declined}")
        return _repaired(task, written, model, ports)
    except (LeaseLost, OutOfService):
        raise
    except Permanent as error:
        return RepairFailed(f"the repair by {model} came to nothing: {error.message}")
    except Transient as error:
        return _later(task, error, ports)


def _tree(task: RepairInput) -> dict[str, bytes]:
    return {path: file.content for path, file in task.best.files.items() if file.origin is not Origin.ATTACHMENT}


def _prompt(task: RepairInput, boundary: str) -> Prompt:
    context = task.context
    about_missing = missing_note(context.missing, [address.url for address in context.plan.data if address.at_run_time])
    return repair_prompt(
        context.brief,
        context.plan,
        boundary=boundary,
        tree=_tree(task),
        findings=findings_of(task.best.results),
        note=about_missing,
        computed=context.computed if context.computes else None,
    )


def _repaired(task: RepairInput, written: Written, model: str, ports: Ports) -> Generated:
    assembled, notes = assemble(task.context, written.files, written.deletions)
    assembled = {path: _with_origin(file, task.best.files.get(path)) for path, file in assembled.items()}
    built = compute(task.context, assembled, written.files, ports, task.access.budget)
    files = built.files
    results = own_results({path: file.content for path, file in files.items()})
    if not acceptable(results):
        raise Permanent("model_no_page", "; ".join(r.detail for r in results if r.detail))
    # What the attempt had before stands in place of a file that the repair did not come to the end of.
    lost = {path: what for path, what in written.lost.items() if path not in files}
    repaired = f"{model} repaired {', '.join(sorted(written.files))}{edits_in_words(written)}"
    summary = "; ".join((repaired, *written.problems, *notes, *built.notes))
    return Generated(
        attempt=written.attempt,
        files=files,
        base_sha=task.base_sha,
        repository=None,
        simulated=ports.author.simulated,
        detail=summary,
        gates=(*gates(files, task.context.brief, task.secret_in, ports, lost=lost), *built.outcomes),
    )


def _with_origin(file: SiteFile, before: SiteFile | None) -> SiteFile:
    """Give an unchanged file its former origin, so that the gates still check what a model wrote."""
    if before and file.origin is Origin.CARRIED:
        return before
    return replace(file, origin=before.origin) if before and file.origin is Origin.SERVICE else file


def _later(task: RepairInput, error: EngineError, ports: Ports) -> Wait | RepairSkipped:
    """Wait if the share leaves time for another call; else skip the repair."""
    pause = error.retry_after if isinstance(error, Transient) else None
    until = ports.clock.now() + timedelta(seconds=max(pause or 0, backoff.transient_delay(task.access.failures + 1)))
    if error.code == "model_out_of_time" or not task.seconds(until):
        return RepairSkipped(f"the repair was cut: {error.message}")
    return Wait(until, f"the model: {error.message}", failed=True)
