"""The quality suite: its tasks are what it says they are, and it finds a page that is not."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from benchmarks.suite.api import OtherHosts
from benchmarks.suite.engine_run import Usage
from benchmarks.suite.judge import Judge, Score, machine
from benchmarks.suite.one_shot import first_page, prompt
from benchmarks.suite.proof import false_claims
from benchmarks.suite.report import ENGINE, ONE_SHOT, Report, Row
from benchmarks.suite.tasks import SuiteTask, load_tasks
from tests.engine.check_browser.conftest import chromium, sandbox  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TASKS = load_tasks()
#: Those that are proven in a browser here; `python -m benchmarks.quality --prove` proves all of them.
PROVEN = ("csv-total", "api-rates")
ABOUT = {"csv", "table", "markdown", "form", "api", "chart", "tabs", "storage", "images", "text", "json"}


def named(name: str) -> SuiteTask:
    return next(task for task in TASKS if task.name == name)


@pytest.fixture
def judge(chromium: str, tmp_path: Path) -> Judge:  # noqa: F811
    return Judge(replace(machine(tmp_path / "places", window=3.0), executable=chromium))


def test_the_suite_is_as_large_and_as_wide_as_it_says() -> None:
    assert len(TASKS) >= 16
    assert {subject for task in TASKS for subject in task.about} == ABOUT
    assert sum(task.half == "tune" for task in TASKS) == sum(task.half == "held" for task in TASKS)
    assert all(len(task.rounds) == 2 for task in TASKS)


def test_a_third_of_the_checks_is_withheld() -> None:
    rounds = [one for task in TASKS for one in task.rounds]
    withheld = sum(len(one.withheld) for one in rounds)
    assert 0.3 < withheld / (withheld + sum(len(one.checks) for one in rounds)) < 0.36
    assert all(one.withheld and one.checks for one in rounds)


def test_every_round_that_reads_data_has_other_data_to_swap_in() -> None:
    for task in TASKS:
        for one in task.rounds:
            assert bool(one.swap) == bool(task.rounds[0].attachments or task.rounds[0].api), task.name


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("name", PROVEN)
def test_the_right_page_passes_everything_and_no_lesser_one_does(name: str, judge: Judge) -> None:
    assert false_claims(named(name), judge) == []


@pytest.mark.slow
@pytest.mark.browser
def test_a_page_with_its_results_typed_in_is_found_by_the_swap(judge: Judge) -> None:
    task = named("text-stats")
    typed = (
        b"<title>Text Statistics</title><p><b id=word-count>14</b><b id=line-count>3</b><b "
        b"id=longest-word>Flattery</b></p>"
    )
    one = replace(task.rounds[0], reference=typed)
    wrong = false_claims(replace(task, rounds=(one, task.rounds[1])), judge)
    assert len(wrong) == len(one.swap.checks if one.swap else ())
    assert all("round 1: swapped" in sentence for sentence in wrong)


@pytest.mark.slow
@pytest.mark.browser
def test_an_empty_page_passes_nothing(judge: Judge) -> None:
    one = named("storage-counter").rounds[0]
    checks = (*one.checks, *one.withheld)
    assert judge.scores({"index.html": b"<!DOCTYPE html>\n<p>"}, [checks], {}) == [Score(0, len(checks))]


@pytest.mark.slow
@pytest.mark.browser
def test_the_service_is_measured_by_rounds(chromium: str, tmp_path: Path) -> None:  # noqa: F811
    figures = tmp_path / "figures.json"
    command = [
        sys.executable,
        "-m",
        "benchmarks.quality",
        "--simulated",
        "--tasks",
        "csv-total",
        "--json",
        str(figures),
    ]
    ran = subprocess.run([*command, "--rounds", "1"], capture_output=True, text=True, timeout=600, check=True)
    rows = json.loads(figures.read_text())["rows"]
    assert [(row["system"], row["round"]) for row in rows] == [("engine", 1)]
    assert rows[0]["note"].startswith("plan: plan; generate: ok")
    assert rows[0]["usage"]["calls"] == len(rows[0]["note"].split("; "))
    # The template page does what it can without a word of the brief: its title and the ids that the checks look up, and
    # no figures.
    assert (rows[0]["final"]["of"], rows[0]["withheld"]["passed"]) == (4, 0)
    assert 0 < rows[0]["final"]["passed"] < 4
    assert "not run: the plain prompt" in ran.stdout
    assert "round 2: left out" in ran.stdout


def test_other_hosts_answer_what_a_task_says_and_nothing_else() -> None:
    with OtherHosts() as hosts:
        hosts.answers = {"https://api.example/a.json": {"a": 1}}
        with urlopen(f"{hosts.url('')}/api.example/a.json?b=2", timeout=10) as answer:
            assert json.load(answer) == {"a": 1}
        with pytest.raises(OSError, match="404"):
            urlopen(f"{hosts.url('')}/api.example/b.json", timeout=10)


@pytest.mark.parametrize(
    ("reply", "page"),
    [
        ("Sure!\n```html\n<p>1</p>\n```\nDone.\n```html\n<p>2</p>\n```", "<p>1</p>\n"),
        ("```html\n<p>cut", "<p>cut"),
        ("Here: <!DOCTYPE html><html></html> there", "<!DOCTYPE html><html></html>"),
        ("```css\na{}\n```", ""),
        ("", ""),
    ],
)
def test_the_plain_prompts_page_is_the_first_html_of_its_reply(reply: str, page: str) -> None:
    assert first_page(reply) == page


def test_the_plain_prompt_holds_the_brief_the_checks_and_the_files_but_nothing_withheld() -> None:
    one = named("image-gallery").rounds[0]
    first, later = prompt(one, {}), prompt(one, {"index.html": b"<p>present</p>"})
    for part in (one.brief, one.checks[0].text, "red.png (", "A green meadow"):
        assert part in first
    assert not any(check.text in first for check in one.withheld)
    assert "<p>present</p>" in later


def rows() -> Sequence[Row]:
    none, two = Score(), Score(2, 4)
    cheap, unknown = Usage(1, 100, 50, 0.01, 3.0), Usage(2, 100, 50, None, 3.0)
    engine = Row("a", "tune", 1, ENGINE, two, Score(4, 4), none, two, two, cheap)
    return [engine, Row("a", "tune", 1, ONE_SHOT, two, two, none, two, two, unknown)]


def test_the_report_adds_up_and_never_takes_an_unknown_cost_for_none() -> None:
    text = Report("m", "s", rows(), ("b: left out",)).text()
    engine, plain = text.split("in all\n")[1].splitlines()[:2]
    assert engine.split()[:7] == ["1", "of", "1", "whole", "engine", "2/4", "4/4"]
    assert engine.split()[-2:] == ["0.00250", "38"]
    assert plain.split()[-2:] == ["unknown", "75"]
    assert "not run: b: left out" in text


def test_the_figures_are_there_for_machines_too() -> None:
    plain = json.loads(json.dumps(Report("m", "s", rows()).plain()))
    assert plain["rows"][0]["final"] == {"passed": 4, "of": 4}
    assert {"machine", "model", "server", "not_run"} < plain.keys()
