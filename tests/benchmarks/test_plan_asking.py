"""Answers to the plan prompt, recorded or asked for live at a server on loopback, and what the benchmark prints of
them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import plans
from benchmarks.suite import plan_asking
from benchmarks.suite.plan_asking import Answers, brief_of, judge, record, recorded
from benchmarks.suite.plan_requests import load_requests
from benchmarks.suite.plan_table import Valid
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    from pathlib import Path

REQUESTS = {one.name: one for one in load_requests()}
TIP = REQUESTS["tip-splitter"]

CHECKS = [
    {
        "number": 1,
        "predicates": [
            {"kind": "page", "expression": "['bill', 'people', 'tip'].every(id => document.getElementById(id))"}
        ],
    }
]
GOOD: dict[str, Any] = {"files": [{"path": "index.html", "source": "write"}], "checks": CHECKS}
MALFORMED: dict[str, Any] = {**GOOD, "files": [*GOOD["files"], {"path": "x.txt", "source": "borrowed"}]}


@pytest.mark.parametrize(
    ("answers", "valid", "right"),
    [
        (Answers(json.dumps(GOOD)), Valid.AT_ONCE, 1),
        (Answers("I cannot.", json.dumps(GOOD)), Valid.REMINDED, 1),
        (Answers(json.dumps(MALFORMED), json.dumps(GOOD)), Valid.REMINDED, 1),
        (Answers(json.dumps(MALFORMED)), Valid.IN_PART, 1),
        (Answers(json.dumps(MALFORMED), "I cannot."), Valid.IN_PART, 1),
        (Answers("I cannot.", "I really cannot."), Valid.NEVER, 0),
        (Answers(""), Valid.NEVER, 0),
    ],
    ids=str,
)
def test_what_a_round_would_take_of_the_answers_is_judged(answers: Answers, valid: Valid, right: int) -> None:
    found = judge(TIP, answers)
    assert (found.valid, sum(found.right)) == (valid, right)


def test_a_later_round_is_asked_with_what_came_before() -> None:
    brief = brief_of(REQUESTS["undo-third-round"])
    assert [one.number for one in brief.earlier] == [1, 2]
    assert [one.text for one in brief.earlier_checks] == ["!!document.querySelector('#last')"]
    assert brief.number == 3


def test_answers_are_read_as_they_were_recorded(tmp_path: Path) -> None:
    record(tmp_path / "model", TIP.name, Answers("first", "second"))
    assert list(recorded(tmp_path / "model", [*REQUESTS.values()])) == [(TIP, Answers("first", "second"))]
    record(tmp_path / "model", TIP.name, Answers("better"))
    assert list(recorded(tmp_path / "model", [TIP])) == [(TIP, Answers("better"))]


def test_without_recordings_the_table_says_what_the_deleted_rules_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plans, "ANSWERS", tmp_path / "none")
    monkeypatch.setattr("sys.argv", ["plans"])
    plans.main()
    assert capsys.readouterr().out.splitlines()[-1].startswith("| the deleted rules | 44 |")


def test_a_model_is_asked_reminded_recorded_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plans, "ANSWERS", tmp_path)
    with OpenAIServer() as model:
        model.script = [Scenario(completion(json.dumps(one))) for one in (MALFORMED, GOOD)]
        model.scenario = "server error"
        monkeypatch.setenv("LLM_API_KEY", "sk-double-secret")
        monkeypatch.setenv("LLM_MODEL", "double-1")
        monkeypatch.setenv("LLM_BASE_URL", model.url)
        monkeypatch.setattr(
            "sys.argv", ["plans", "--model", "--record", "double", "--requests", "tip-splitter,unit-converter"]
        )
        plans.main()
    said = capsys.readouterr()
    assert "| double-1 | 2 | 0 | 1 | 0 | 1 | 1 of 9, 11 % |" in said.out
    assert "unit-converter: " in said.err
    assert sorted(path.name for path in (tmp_path / "double").iterdir()) == [
        "tip-splitter.reminded.txt",
        "tip-splitter.txt",
    ]
    first, reminder = model.requests[:2]
    assert TIP.brief in first["messages"][-1]["content"]
    assert plan_asking.BOUNDARY in first["messages"][-1]["content"]
    assert "borrowed" in reminder["messages"][-2]["content"]
    monkeypatch.setattr("sys.argv", ["plans", "--details"])
    plans.main()
    said = capsys.readouterr()
    assert "double, tip-splitter (English): 1 of 4, 25 %; valid after the reminder" in said.out
    assert "| double | 1 | 0 | 1 | 0 | 0 | 1 of 4, 25 % |" in said.out
