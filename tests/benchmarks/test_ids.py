"""`benchmarks.ids` counts what it says: here a scripted server forgets an id unless it is told of all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from benchmarks import ids
from tests.doubles.openai_scenarios import Scenario, completion
from tests.doubles.openai_server import OpenAIServer

if TYPE_CHECKING:
    import pytest


def forgetful(request: dict[str, Any]) -> Scenario:
    listed = re.findall(r'id="([\w-]+)"', request["messages"][-1]["content"])
    body = "".join(f"<p id='{name}'></p>" for name in listed) or "<p id='tips'></p>"
    page = f"=== {ids.BOUNDARY} file index.html\n<!DOCTYPE html>\n<html><body>{body}</body></html>\n"
    return Scenario(completion(page))


def test_what_the_line_is_worth_is_counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with OpenAIServer() as model:
        model.script = [forgetful] * 4
        monkeypatch.setenv("LLM_API_KEY", "sk-double-secret")
        monkeypatch.setenv("LLM_MODEL", "double-1")
        monkeypatch.setenv("LLM_BASE_URL", model.url)
        monkeypatch.setattr("sys.argv", ["ids", "--tasks", "words", "--seeds", "2"])
        ids.main()
    said = capsys.readouterr().out
    assert "without the line: 2 of 6 ids, 0 of 2 pages have all of theirs" in said
    assert "with it: 6 of 6 ids, 2 of 2 pages have all of theirs" in said
    assert [request["seed"] for request in model.requests] == [1, 1, 2, 2]
