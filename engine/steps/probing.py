"""Have a model write the probes of the sentences that no rule decides, in one call before there is a page; then they are frozen."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.core.probe_prompt import probe_prompt
from engine.core.probe_replies import parse_probes
from engine.core.probes import MOST_SENTENCES, Asked, Probe, unasked
from engine.core.rules import NO_BROWSER
from engine.errors import EngineError, OutOfService, Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.core.brief import Brief
    from engine.core.budget import Budget
    from engine.ports import Ports, Reply

MOST_CALLS = 2  # of a run: a call that was cut off by the death of its process is made once more
LONGEST_ANSWER = 3_000  # tokens; some of them may be a model's thoughts
TOKENS_PART = 8  # at most this part of the tokens that the round has left
LEAST_ANSWER = 400


@dataclass(frozen=True, slots=True)
class Probing:
    """What the call may take: time, whether a model may be asked at all (`closed` says why not), and how often it was asked in this run."""

    budget: Budget
    closed: str
    calls: int


def freeze_probes(asked: Sequence[Asked], brief: Brief, probing: Probing, ports: Ports) -> None:
    """Write the probes down, or why there are none: a call that fails leaves its sentences undecided and never fails the round.

    Raises OutOfService where a model refuses for good: nothing is frozen then, because the page cannot be written either. Raises Fenced.
    """
    if not asked:
        return
    first, rest = asked[:MOST_SENTENCES], asked[MOST_SENTENCES:]
    attempt, probes = _probes(first, brief, probing, ports)
    left_out = unasked(rest, f"only {MOST_SENTENCES} sentences of a round get a probe")
    ports.journal.probes_frozen((*probes, *left_out), attempt=attempt)


def _probes(
    asked: Sequence[Asked], brief: Brief, probing: Probing, ports: Ports
) -> tuple[int | None, tuple[Probe, ...]]:
    model = ports.author.models[0]
    recalled = ports.journal.attempt_recalled(kind="probe", model=model, parent=None)
    if recalled:
        return recalled.attempt, parse_probes(recalled.reply.whole_lines, asked)
    seconds = probing.budget.probe_seconds(ports.clock.now())
    if why := _left_out(probing, seconds, ports):
        return None, unasked(asked, why)
    try:
        attempt, reply = _answer(asked, brief, model, seconds, ports)
    except (Transient, Permanent) as error:
        if isinstance(error, OutOfService) and error.code != "model_quota_spent":
            raise  # of a spent quota another model may still write the page
        return None, unasked(asked, f"no probe was written: {error.message}"[:500])
    return attempt, parse_probes(reply.whole_lines, asked)


def _left_out(probing: Probing, seconds: float, ports: Ports) -> str:
    if ports.browser is None:
        return f"no probe was written: {NO_BROWSER}"
    if probing.closed:
        return f"no probe was written: the language model is out of service: {probing.closed}"[:500]
    if probing.calls >= MOST_CALLS:
        return f"no probe was written: {probing.calls} calls for it were cut off"
    return "" if seconds else "no probe was written: the deadline leaves no time for it"


def _answer(asked: Sequence[Asked], brief: Brief, model: str, seconds: float, ports: Ports) -> tuple[int, Reply]:
    """Make the one call. Raises what the author and the bounds on spending raise."""
    author, journal = ports.author, ports.journal
    prompt = probe_prompt(brief, asked, boundary=secrets.token_hex(6))
    attempt = journal.attempt_begun(
        kind="probe", prompt=prompt, provider=author.provider, model=model, simulated=author.simulated
    )
    try:
        tokens, heard = _tokens(journal.tokens_left()), partial(journal.attempt_heard, attempt)
        reply = author.write(prompt.messages, model=model, seconds=seconds, tokens=tokens, heard=heard)
    except EngineError as error:
        journal.attempt_failed(attempt, code=error.code, message=error.message, reply=error.reply)
        raise
    usable = sum(bool(probe.expression) for probe in parse_probes(reply.whole_lines, asked))
    journal.attempt_answered(attempt, reply, outcome=f"{usable} probes of {len(asked)} sentences")
    return attempt, reply


def _tokens(left: int | None) -> int:
    """Return how long the answer may be. Raises Permanent where the page needs what is left."""
    if left is None:
        return LONGEST_ANSWER
    if left // TOKENS_PART < LEAST_ANSWER:
        raise Permanent("round_tokens_short", f"The round has only {left:,} tokens left, which the page needs.")
    return min(left // TOKENS_PART, LONGEST_ANSWER)
