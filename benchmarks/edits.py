"""What edits save: `python -m benchmarks.edits` takes a page of 400 lines through twelve later rounds, answered with
edits and answered with whole files.

The answers are recorded in benchmarks/edited/answers: written by hand, as edits. The whole files are derived from them:
the page as the prompt shows it, with the edits made. So both bring the same page; what a model that types a page again
leaves out by mistake is not in these figures.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.evaluator import Evaluator
from benchmarks.measurement import opening, target
from benchmarks.service import NO_SANDBOX, running
from engine.domain.model_call import Message
from engine.prompts.plan import asks_for_plan
from engine.prompts.replies import format_files, mark, parse_reply
from engine.prompts.sections import boundary_of, present_files
from engine.prompts.token_estimate import estimated_prompt_tokens, estimated_tokens
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer
from tests.service import task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.service import Service

FORMULA = (
    "tokens out = the answers for pages, by the service's own estimate; seconds = these tokens at 50 a second; kept = "
    "checks of earlier rounds that hold on the published page; lines = of the page that the prompt shows"
)
FOLDER = Path(__file__).with_name("edited")
SPEED = 50  # tokens a second
MOST = 0.4  # of the tokens that whole files take
PLAN = json.dumps({"files": [{"path": "index.html", "source": "write"}]})
NOTHING = "Nothing to repair: the recorded answer is all there is."


def recorded() -> list[Mapping[str, Any]]:
    """Return the rounds: brief, checks, and the answer with the word BOUNDARY for its boundary."""
    rounds = json.loads((FOLDER / "rounds.json").read_text())
    return [one | {"answer": (FOLDER / "answers" / f"{at:02}.txt").read_text()} for at, one in enumerate(rounds, 1)]


def written_whole(answer: str, boundary: str, shown: Mapping[str, bytes]) -> str:
    """Return an answer that brings the same files whole."""
    texts = {path: content.decode() for path, content in shown.items()}
    files = parse_reply(answer, boundary, shown=texts).whole_files(texts)
    return f"{format_files(files, boundary)}{mark(boundary, 'complete', len(files))}\n"


@dataclass
class Model:
    """Answers each round from the record, `whole` or as it stands there, and counts what it says and is told."""

    whole: bool
    answer: str = ""
    told: int = 0
    said: int = 0
    calls: int = 0
    lines: int = 0

    def __call__(self, request: Mapping[str, Any]) -> Scenario:
        messages = [Message(one["role"], one["content"]) for one in request["messages"]]
        if asks_for_plan(messages):
            return Scenario(completion(PLAN))
        boundary, shown = boundary_of(messages), present_files(messages)
        text = NOTHING
        if not self.calls:
            text = self.answer.replace("BOUNDARY", boundary)
            text = written_whole(text, boundary, shown) if self.whole else text
        self.calls += 1
        self.told += estimated_prompt_tokens(messages)
        self.said += estimated_tokens(text)
        self.lines = shown.get("index.html", b"").count(b"\n")
        return Scenario(completion(text))


@dataclass(frozen=True)
class Result:
    """A round as it ended."""

    tokens_in: int
    tokens_out: int
    calls: int
    lines: int
    own: Sequence[str] = field(default=())
    earlier: Sequence[str] = field(default=())

    @property
    def seconds(self) -> float:
        return self.tokens_out / SPEED


def measure(rounds: Sequence[Mapping[str, Any]], *, whole: bool, browsers: int) -> list[Result]:
    """Take the rounds of one task one after the other."""
    with OpenAIServer() as server, Evaluator() as evaluator:
        environment = {
            "LLM_PROVIDER": "openai", "LLM_BASE_URL": server.url, "LLM_API_KEY": "a-recorded-model",
            "LLM_MODEL": "double-1", "LLM_TOKENS_PER_ROUND": "500000", "BROWSERS": str(browsers), **NO_SANDBOX,
        }  # fmt: skip
        with running(workers=2, **environment) as service:
            return [_one(service, evaluator, server, number, one, whole=whole) for number, one in enumerate(rounds, 1)]


def _one(
    service: Service, evaluator: Evaluator, server: OpenAIServer, number: int, one: Mapping[str, Any], *, whole: bool
) -> Result:
    model = Model(whole, one["answer"])
    server.scenario = model
    asked = {"brief": one["brief"], "checks": one["checks"], "attachments": []}
    identity = service.post({**task("study-planner", number, f"n{number}", evaluator.url("/notify")), **asked})
    status = service.completes(identity, 300)
    assert not status["degraded"], f"{status}\n{service.tail()}"
    verdicts = {kind: [c["verdict"] for c in status["checks"] if c["kind"] == kind] for kind in ("js", "earlier")}
    return Result(model.told, model.said, model.calls, model.lines, verdicts["js"], verdicts["earlier"])


def held(verdicts: Sequence[str]) -> str:
    return f"{verdicts.count('pass')}/{len(verdicts)}"


def report(edited: Sequence[Result], whole: Sequence[Result]) -> None:
    """Print both side by side, and whether the target is met. The first round has no edits and is not counted."""
    print("\n| round | lines | out, edits | out, whole | s, edits | s, whole | checks, kept: edits | whole |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- | --- |")
    for number, (one, other) in enumerate(zip(edited[1:], whole[1:], strict=True), 2):
        print(
            f"| {number} | {one.lines} | {one.tokens_out} | {other.tokens_out} | {one.seconds:.0f} | "
            f"{other.seconds:.0f} | {held(one.own)}, {held(one.earlier)} | {held(other.own)}, {held(other.earlier)} |"
        )
    sums = [
        [sum(one.tokens_out for one in found[1:]), sum(one.seconds for one in found[1:])] for found in (edited, whole)
    ]
    kept = [
        f"{held([v for one in found[1:] for v in one.own])}, {held([v for one in found[1:] for v in one.earlier])}"
        for found in (edited, whole)
    ]
    print(f"| in all | | {sums[0][0]} | {sums[1][0]} | {sums[0][1]:.0f} | {sums[1][1]:.0f} | {kept[0]} | {kept[1]} |\n")
    for name, found in (("edits", edited[1:]), ("whole files", whole[1:])):
        print(f"with {name}: {sum(one.tokens_in for one in found)} tokens in, {sum(one.calls for one in found)} calls")
    target("tokens out with edits over those with whole files", sums[0][0] / sums[1][0], at_most=MOST)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.edits", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three later rounds, no browser")
    quick = parser.parse_args().quick
    rounds = recorded()[: 4 if quick else None]
    opening(FORMULA)
    edited, whole = (measure(rounds, whole=kind, browsers=0 if quick else 2) for kind in (False, True))
    report(edited, whole)


if __name__ == "__main__":
    main()
