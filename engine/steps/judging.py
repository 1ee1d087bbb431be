"""Asks a model to judge the sentences that no predicate decided, in one call, after the tree to publish was chosen."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from engine.domain.checks import CheckOutcome, Kind, Verdict
from engine.domain.model_call import Image
from engine.errors import EngineError, LeaseLost
from engine.plan.mentions import named_paths
from engine.prompts.judge import Material, judge_prompt, parse_judgements
from engine.steps.model_calls import call_begun, call_made

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.ports import Ports

MOST_SENTENCES = 12
LONGEST_ANSWER = 1_500  # tokens


def judge_sentences(
    attempt: int, files: Mapping[str, bytes], results: Sequence[CheckOutcome], seconds: float, ports: Ports
) -> dict[str, str]:
    """Return a model's judgements, as details of checks, by undecided sentence. Some or all may be missing.

    `results` are those of the published attempt. A failed call does not fail the round. Raises LeaseLost.
    """
    sentences = list(
        dict.fromkeys(r.check.text for r in results if r.check.kind is Kind.PROSE and r.verdict is Verdict.UNVERIFIABLE)
    )[:MOST_SENTENCES]
    if not sentences or not seconds:
        return {}
    evidence = _evidence(sentences, files, results)
    try:
        model, answer = _answer(attempt, sentences, evidence, seconds, ports)
    except LeaseLost:
        raise
    except EngineError:
        return {}  # the attempt's row holds the error
    judgements = zip(sentences, parse_judgements(answer, len(sentences)), strict=True)
    return {text: judgement.label(model, str(evidence)) for text, judgement in judgements if judgement}


def _answer(
    attempt: int,
    sentences: Sequence[str],
    evidence: Material,
    seconds: float,
    ports: Ports,
) -> tuple[str, str]:
    """Return the model and its reply, possibly to an earlier claim. Raises as the author and the journal."""
    journal, model = ports.journal, ports.author.models[0]
    if recalled := journal.attempt_reused(kind="judge", model=model, parent=attempt):
        return recalled.reply.model or model, recalled.reply.text
    prompt = judge_prompt(sentences, evidence, boundary=secrets.token_hex(6))
    call = call_begun("judge", prompt, model, attempt, ports)
    reply = call_made(call, prompt, model, ports, seconds=seconds, tokens=_tokens)
    usable = sum(one is not None for one in parse_judgements(reply.whole_lines, len(sentences)))
    journal.attempt_answered(call, reply, outcome=f"{usable} of {len(sentences)} judged")
    return reply.model or model, reply.whole_lines


def _tokens(left: int | None) -> int:
    return LONGEST_ANSWER if left is None else min(left, LONGEST_ANSWER)


def _evidence(sentences: Sequence[str], files: Mapping[str, bytes], results: Sequence[CheckOutcome]) -> Material:
    """Return the evidence: the files that the sentences name (else page and README), their results, the page loads."""
    named = [path for one in sentences for path in named_paths(one, files)]
    about_page = any(not named_paths(one, files) for one in sentences)
    wanted = dict.fromkeys([*named, *(["index.html", "README.md"] if about_page else [])])
    shown = {path: files[path] for path in wanted if path in files}
    views = [r for r in results if r.check.kind is Kind.PAGE_LOAD]
    pictures = [Image("page.jpg", "image/jpeg", view.screenshot) for view in views if view.screenshot]
    return Material(
        files=shown,
        others=sorted(files.keys() - shown.keys()),
        facts=[_line(r) for r in results if r.check.kind is Kind.FILE and r.check.text.partition(": ")[0] in shown],
        seen=[_line(view) for view in views] if about_page or "index.html" in shown else [],
        images=tuple(pictures[:1]) if about_page or "index.html" in shown else (),
    )


def _line(result: CheckOutcome) -> str:
    return f"{result.check.text}: {result.verdict}{f', {result.detail}' if result.detail else ''}"[:500]
