"""What share of a request's facts a plan states: `python -m benchmarks.plans` judges the recorded answers of models,
without a model.

`--model` asks the model of LLM_API_KEY, LLM_BASE_URL and LLM_MODEL instead; with `--record NAME` its answers are kept
in `benchmarks/plans/answers/NAME`.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from benchmarks.suite.plan_asking import ANSWERS, Answers, ask, judge, record, recorded
from benchmarks.suite.plan_requests import load_requests
from benchmarks.suite.plan_table import details, old_rules, table
from engine.adapters.openai.openai_author import OpenAIAuthor
from engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.suite.plan_requests import SuiteRequest
    from benchmarks.suite.plan_table import Judged
    from engine.ports import Author


def by_recordings(requests: Sequence[SuiteRequest]) -> dict[str, list[Judged]]:
    """Judge what is recorded of each model."""
    folders = sorted(path for path in ANSWERS.glob("*") if path.is_dir())
    return {path.name: [judge(*one) for one in recorded(path, requests)] for path in folders}


def by_model(requests: Sequence[SuiteRequest], author: Author, seconds: float, name: str) -> list[Judged]:
    """Ask a model for each plan and judge it; `name` is that of the recording, "" for none.

    A call that fails is no plan.
    """
    found: list[Judged] = []
    for request in requests:
        try:
            answers = ask(request, author, seconds=seconds)
        except EngineError as error:
            print(f"{request.name}: {error.message}", file=sys.stderr, flush=True)
            answers = Answers("")
        else:
            if name:
                record(ANSWERS / name, request.name, answers)
        found.append(judge(request, answers))
        print(details(author.models[0], found[-1:]), file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plans", description=__doc__)
    parser.add_argument("--model", action="store_true", help="ask the model of LLM_MODEL")
    parser.add_argument("--record", metavar="NAME", default="", help="keep its answers under this name")
    parser.add_argument("--requests", help="names, separated by commas")
    parser.add_argument("--seconds", type=float, default=300, help="of one call of the model")
    parser.add_argument("--details", action="store_true", help="print the facts that are wrong")
    options = parser.parse_args()
    requests = [one for one in load_requests() if not options.requests or one.name in options.requests.split(",")]
    if options.model:
        author = _author()
        by = {author.models[0]: by_model(requests, author, options.seconds, options.record)}
    else:
        by = by_recordings(requests)
        if not by:
            print("No answers are recorded.\n")
        for name, found in by.items() if options.details else ():
            print(details(name, found))
    print(table(by, requests, old_rules()))


def _author() -> OpenAIAuthor:
    model, key = os.environ.get("LLM_MODEL", ""), os.environ.get("LLM_API_KEY", "")
    if not model or not key:
        sys.exit("set LLM_API_KEY, LLM_MODEL and, unless it is OpenAI's, LLM_BASE_URL")
    return OpenAIAuthor(api_key=key, base_url=os.environ.get("LLM_BASE_URL") or None, models=[model])


if __name__ == "__main__":
    main()
