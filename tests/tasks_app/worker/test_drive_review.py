"""Advice on a page, driven with real rows: it is stored, stands in the prompts of repairs, and costs no model call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks_app.models import CheckResult
from tasks_app.reports.round_report import RoundReport
from tests.driving import driven, kinds
from tests.factories import make_round
from tests.fakes import README, FakeBrowser, page_reply, plan_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.domain.model_call import Message
    from tasks_app.models import Round
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

CLEAN = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>T</title></head>
<body><p>{}</p></body></html>
"""
FLAWED = CLEAN.replace("<body>", "<body>\n<input id='n'><div>")
TODO = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Todo list</title>
<style>/* todo items */ #todo .todo {{ color: red }}</style></head>
<body><h1>TODO</h1><p>ONE</p><label for="todo">Todo</label> <input id="todo" placeholder="Add a todo">
<a href="https://example.com/todo-app/todo.html">TODO</a>
<script>
// Todo list: each todo has a text.
function {}(todo) {{ return todo; }}
document.addEventListener("DOMContentLoaded", () => {{ {}("TODO"); }});
</script></body></html>
"""

PLAN = plan_reply(checks=[{"number": 2, "predicates": [{"kind": "licence_mit"}]}])


@pytest.fixture
def browsing(outside: Outside) -> Outside:
    """Use a browser that looks for the words of a check in the page, and plans that decide the sentence."""
    outside.browser = FakeBrowser()
    outside.author.plans = [PLAN] * 2
    return outside


def page(template: str, *words: str, readme: bytes = README) -> Callable[[Sequence[Message]], str]:
    return page_reply({"index.html": template.format(*words).encode(), "README.md": readme})


def asked(**over: object) -> Round:
    return make_round(**{"checks": ["js: page.includes('ONE')", "Repo has MIT license"], "attachments": []} | over)


def test_a_page_that_passes_and_has_errors_in_its_source_is_published_at_once(browsing: Outside) -> None:
    browsing.author.replies = [page(FLAWED, "ONE")]
    row = driven(asked())
    assert (row.state, kinds(), row.warnings) == ("completed", ["generate"], [])
    rows = CheckResult.objects.filter(kind="review", attempt=row.chosen_attempt_id).order_by("position")
    assert [(r.verdict, len(r.value)) for r in rows] == [("fail", 2)]


def test_a_repair_that_happens_anyway_has_the_flaws_in_its_prompt(browsing: Outside) -> None:
    browsing.author.replies = [page(FLAWED, "none"), page(FLAWED, "ONE")]
    row = driven(asked())
    assert (kinds(), row.chosen_attempt.kind) == (["generate", "repair"], "repair")
    told = browsing.author.asked[1][1][-1].content
    assert told.index("gave: false (boolean)") < told.index("<div> is never closed")


def test_what_the_review_finds_is_no_check_that_is_counted(browsing: Outside) -> None:
    browsing.author.replies = [page(CLEAN, "ONE")]
    row = driven(asked())
    counts = RoundReport(row).counts
    assert (counts.request.of, counts.earlier.of) == (2, 0)
    own = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind__in=["rule", "gate", "file", "test"])
    assert counts.own.of == own.count()
    assert CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind="review").count() == 1


def test_a_to_do_app_whose_function_has_another_name_in_its_second_round_costs_one_call_and_no_warning(
    browsing: Outside,
) -> None:
    readme = README.replace(b"# T", b"# Todo list: /todo-app/")
    browsing.author.replies = [page(TODO, "draw", "draw", readme=readme)]
    driven(asked(task="todo-app"))
    browsing.author.replies = [page(TODO, "render", "render", readme=readme + b"\nMore.\n")]
    row = driven(asked(task="todo-app", round=2, brief="Let a todo be ticked off."))
    assert (row.state, kinds(), row.warnings) == ("completed", ["generate", "generate"], [])
    wrong = CheckResult.objects.filter(attempt=row.chosen_attempt_id, kind__in=["gate", "source", "review"])
    assert [r.text for r in wrong.exclude(verdict="pass")] == []
