"""Where a round's time goes with a model of a fixed speed: `python -m benchmarks.round_time` takes rounds one after the
other on embedded parts, with a check browser.

The model is a server on loopback that streams so many tokens a second. Attachments and data lie at addresses that take
a second to answer. The first page fails one check, so each round has a repair; one sentence is left to a judge.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks.evaluator import Evaluator
from benchmarks.measurement import load, median, opening
from benchmarks.service import NO_SANDBOX, running
from engine.domain.model_call import Message
from engine.prompts.judge import asks_for_judgement
from engine.prompts.plan import asks_for_plan
from tests.doubles.http_server import HttpServer, Script
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer
from tests.fakes.replies import page_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.doubles.http_server import Asked
    from tests.service import Service

FORMULA = (
    "whole = callback heard - POST sent; a call by its row (begun to ended); 'rest of' a step = its row (first claim "
    "to end) less its calls; tokens of 4 characters"
)
ATTACHED, FETCHED = 3, 3
CALLS = {"plan": "plan call", "generate": "page call", "repair": "repair call", "judge": "judge call"}
PARTS = (
    "until taken", "plan call", "page call", "repair call", "rest of generate", "judge call", "rest of verify",
    "publish", "deploy", "notify", "whole",
)  # fmt: skip
CHECKS = [
    *(f"js: document.querySelectorAll('#rows-{at} tr').length === 40" for at in range(ATTACHED)),
    "js: document.title === 'Three tables'",
    "js: document.querySelector('#total').textContent.trim() === '2340'",
    "js: document.querySelectorAll('table').length === 3",
    "The page is pleasant to read",
]
TABLE = "id,amount\n" + "".join(f"{number},{number}\n" for number in range(40))
STYLE = "\n".join(f"  .rows-{at} td:nth-child({at + 1}) {{ padding: {at}px; color: #2{at:02}; }}" for at in range(60))
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Three tables</title>
<style>
%(style)s
</style>
<script>
document.addEventListener("DOMContentLoaded", async () => {
  let total = 0;
  for (const at of [0, 1, 2]) {
    const answer = await fetch(`table-${at}.csv`);
    const rows = (await answer.text()).trim().split("\\n").slice(1).map((line) => line.split(","));
    for (const [id, amount] of rows) {
      const row = document.querySelector(`#rows-${at}`).insertRow();
      row.insertCell().textContent = id;
      row.insertCell().textContent = amount;
      total += Number(amount);
    }
  }
  document.querySelector("%(total)s").textContent = total;
});
</script>
</head>
<body>
<h1>Three tables</h1>
<p>Total: <span id="total"></span> <span id="sum"></span></p>
<table><tbody id="rows-0"></tbody></table>
<table><tbody id="rows-1"></tbody></table>
<table><tbody id="rows-2"></tbody></table>
</body>
</html>
"""
README = "# Three tables\n" + "".join(
    f"\n## {name}\n\nThe page reads three tables and shows their rows and the total of all amounts.\n"
    for name in ("Summary", "Setup", "Usage", "Code explanation", "License")
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.round_time", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--speed", type=float, default=50, help="tokens a second (50)")
    parser.add_argument("--address", type=float, default=1, help="seconds until an address answers (1)")
    parser.add_argument("--quick", action="store_true", help="1 round at 500 tokens a second")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.speed = 1, 500
    return given


class Addresses(HttpServer):
    """Attachments and data that take `seconds` to come."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def answer(self, asked: Asked) -> Script:
        self.closing.wait(self.seconds)
        return Script(headers={"content-type": "text/csv"}, body=TABLE.encode())


class Model(OpenAIServer):
    """Answers every prompt of a round at a fixed speed."""

    def __init__(self, speed: float, addresses: Addresses) -> None:
        super().__init__()
        self.speed, self.addresses = speed, addresses
        self.scenario = self.answered

    def answered(self, request: dict[str, Any]) -> Scenario:
        text = self._text([Message(one["role"], _words(one["content"])) for one in request["messages"]])
        events = len(re.findall(r"\S+", text)) + 3
        return Scenario(completion(text), drip=len(text) / 4 / self.speed / events)

    def _text(self, messages: list[Message]) -> str:
        if asks_for_plan(messages):
            return self._plan()
        if count := asks_for_judgement(messages):
            return "\n".join(f"{at}: holds - the page is short and its tables are plain" for at in range(1, count + 1))
        repairs = "findings" in messages[-1].content
        page = PAGE % {"style": STYLE, "total": "#total" if repairs else "#sum"}
        files = {"index.html": page.encode(), **({} if repairs else {"README.md": README.encode()})}
        return page_reply(files)(messages)

    def _plan(self) -> str:
        rows = {"kind": "page", "steps": [], "expression": "document.querySelectorAll('td').length === 240"}
        tests = [{"says": f"{at} all rows are shown", "predicates": [rows]} for at in range(3)]
        return json.dumps(
            {
                "files": [
                    {"path": "index.html", "source": "write", "what": "three tables and the total of all amounts"},
                    {"path": "README.md", "source": "write"},
                    *({"path": f"table-{at}.csv", "source": "attachment"} for at in range(ATTACHED)),
                ],
                "data": [{"url": self.addresses.url(f"/more-{at}.csv")} for at in range(FETCHED)],
                "checks": [{"number": 7, "why_not": "a matter of taste"}],
                "tests": tests,
            },
            indent=1,
        )


def _words(content: object) -> str:
    """Return a message's text; a picture has none."""
    parts = content if isinstance(content, list) else [{"text": content}]
    return "".join(str(part.get("text", "")) for part in parts)


def measure(given: argparse.Namespace) -> list[Mapping[str, float]]:
    """Return the seconds of each round by part."""
    with (
        Addresses(given.address) as addresses,
        Model(given.speed, addresses) as model,
        Evaluator() as evaluator,
        running(
            workers=2,
            BROWSERS="2",
            LLM_PROVIDER="openai",
            LLM_BASE_URL=model.url,
            LLM_API_KEY="x",
            LLM_MODEL="double-1",
            **NO_SANDBOX,
        ) as service,
    ):
        return [_one(service, evaluator, addresses, str(number)) for number in range(given.rounds)]


def _one(service: Service, evaluator: Evaluator, addresses: Addresses, nonce: str) -> Mapping[str, float]:
    data = " ".join(addresses.url(f"/more-{at}.csv") for at in range(FETCHED))
    evaluator.post(
        service,
        nonce,
        brief=f"Three tables: show the attached table-0.csv to table-2.csv, and the total. More of it: {data}",
        checks=CHECKS,
        attachments=[{"name": f"table-{at}.csv", "url": addresses.url(f"/table-{at}.csv")} for at in range(ATTACHED)],
    )
    answered = datetime.now(evaluator.posted[nonce].tzinfo)
    status = service.completes(evaluator.ids[nonce], 600)
    failing = [check["text"] for check in status["checks"] if check["verdict"] == "fail"]
    assert not failing, failing
    assert not status["degraded"], status
    return _parts(service, evaluator, nonce, answered)


def _parts(service: Service, evaluator: Evaluator, nonce: str, answered: datetime) -> Mapping[str, float]:
    key = evaluator.ids[nonce].replace("-", "")
    found: defaultdict[str, float] = defaultdict(float)
    for kind, seconds in service.rows("SELECT kind, seconds FROM tasks_app_attempt WHERE round_id = ?", key):
        found[CALLS[kind]] += seconds
    steps = service.rows("SELECT step, started_at, ended_at FROM tasks_app_steprun WHERE round_id = ?", key)
    for step, started, ended in steps:
        found[step] += (_moment(ended) - _moment(started)).total_seconds()
    first = min(_moment(started) for _, started, _ in steps)
    found["until taken"] = (first - answered).total_seconds()
    found["rest of generate"] = found["generate"] - sum(found[CALLS[one]] for one in ("plan", "generate", "repair"))
    found["rest of verify"] = found["verify"] - found["judge call"]
    found["whole"] = evaluator.seconds(nonce)
    return found


def _moment(text: object) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def main() -> None:
    """Run it."""
    given = arguments()
    opening(FORMULA)
    began = time.monotonic()
    found = measure(given)
    print(f"\n{len(found)} rounds at {given.speed:g} tokens a second, {time.monotonic() - began:.0f} s; {load()}")
    print(f"  {'part':<17} {'median s':>9}")
    for part in PARTS:
        values = [one[part] for one in found]
        print(f"  {part:<17} {median(values):>9.2f}")


if __name__ == "__main__":
    main()
