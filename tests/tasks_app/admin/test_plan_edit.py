"""The plan on a round's page, and the page on which an operator edits it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from engine.plan.predicates import AnyPredicate, Contains, CsvEquals, JsonSchema, JsonValue, Page, PageStep, Words
from engine.plan.schema import PlannedTest, RequestPlan
from engine.plan.wording import in_words, rule_in_words
from tasks_app.admin.plan_edit import LONGEST, WHOLE, editable
from tasks_app.models import Attempt, CheckResult, Event, Round
from tasks_app.models import Plan as PlanRow
from tests.factories import PLAN, PLANNED, dump, lease_of, make_round, with_plan
from tests.hostile import HOSTILE, RAW, hostile_plan

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db

LIST = "/admin/tasks_app/round/"


def completed(**over: object) -> Round:
    ended = {
        "state": "completed",
        "step": "notify",
        "next_at": None,
        "finished_at": timezone.now(),
        "commit_sha": "1" * 40,
    }
    return make_round(**PLANNED | ended | over)


def files(**over: object) -> str:
    """Return a valid plan as JSON; names of its parts replace them."""
    return json.dumps({"files": [{"path": "a.txt", "source": "write"}]} | over)


def page(client: Client, row: Round, part: str = "change") -> str:
    answer = client.get(f"{LIST}{row.pk}/{part}/")
    assert answer.status_code == 200
    return answer.content.decode()


def text_in(html: str) -> str:
    """Return what stands in the form's field."""
    return unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", html, re.DOTALL)[1])


def save(press: Callable[..., object], client: Client, row: Round, text: str, run: object = 1) -> object:
    return press(client, f"{LIST}{row.pk}/plan/", plan=text, run=run)


def test_a_rounds_page_tells_the_plan_in_words_with_the_call_that_made_it(viewer: Client) -> None:
    row = completed()
    kept = with_plan(row, refused=[{"item": "files[2]", "reason": "../x leaves the repository"}])
    html = unescape(page(viewer, row))
    plan = RequestPlan.model_validate(PLAN)
    for part in (
        "Made by gpt-x.", f'href="/admin/tasks_app/attempt/{kept.attempt_id}/change/"',
        "story.txt, written by the model: a story of a whale",
        "1. Repo has MIT license", "3. It is pretty", "nothing decides it: taste", "the total is shown",
        "euros are meant", "result.json",
        "files[2]: ../x leaves the repository", f'href="/admin/tasks_app/plan/{kept.pk}/change/"',
        *map(rule_in_words, plan.files[0].predicates),
        *map(in_words, (*plan.checks[0].predicates, *plan.tests[0].predicates)),
    ):  # fmt: skip
        assert part in html, part
    assert "2. !!document" not in html


def test_it_says_that_there_is_none_yet_or_why_there_is_none(viewer: Client) -> None:
    row = completed()
    assert "No plan was made in this run yet." in page(viewer, row)
    with_plan(row, plan=None, why_none="The round had no tokens left for it.", attempt=None)
    assert "There is no plan: The round had no tokens left for it." in page(viewer, row)


def test_the_matrix_shows_each_predicate_with_what_was_seen(viewer: Client) -> None:
    row = completed()
    attempt = Attempt.objects.create(round=row, run=1, kind="generate", started_at=timezone.now())
    for position, (verdict, seen) in enumerate((("pass", "the MIT text"), ("fail", "only 12 words"))):
        CheckResult.objects.create(
            attempt=attempt, target="local", position=position, kind="prose", text=f"check {position}", verdict=verdict,
            predicates=[{"says": f"predicate {position}", "verdict": verdict, "seen": seen}],
        )  # fmt: skip
    html = page(viewer, row)
    matrix = html[html.index('class="matrix"') : html.index("</table>", html.index('class="matrix"'))]
    assert re.findall(r'pill-(\w+)">\w+</span> predicate (\d)<span class="detail">([^<]+)', matrix) == [
        ("pass", "0", "the MIT text"),
        ("fail", "1", "only 12 words"),
    ]
    assert matrix.count("<details open>") == 1


def test_an_operator_edits_the_plan_and_the_page_is_written_again_by_it(
    operator: Client, press: Callable[..., object]
) -> None:
    row = completed()
    with_plan(row)
    assert f'href="{LIST}{row.pk}/plan/"' in page(operator, row)
    text = text_in(page(operator, row, "plan"))
    assert RequestPlan.model_validate_json(text) == RequestPlan.model_validate(PLAN)

    answer = save(press, operator, row, text.replace("euros", "dollars"))
    assert answer["Location"] == f"{LIST}{row.pk}/change/"
    row.refresh_from_db()
    assert (row.state, row.step, row.run) == ("queued", "generate", 2)
    kept = PlanRow.objects.get(run=2)
    assert (kept.source, kept.edited_by, kept.plan["notes"]) == ("operator", "ada", ["dollars are meant"])
    event = Event.objects.get()
    change_text = "from generate; notes: dollars are meant added, euros are meant removed"
    assert (event.who, event.what, event.text) == ("ada", "plan edited", change_text)
    html = page(operator, row)
    assert "is written anew by the edited plan." in html
    assert "Written by ada." in html


def test_a_round_without_a_plan_begins_with_an_empty_one(operator: Client, press: Callable[..., object]) -> None:
    row = completed()
    with_plan(row, plan=None, why_none="the call failed", attempt=None)
    text = text_in(page(operator, row, "plan"))
    assert RequestPlan.model_validate_json(text) == RequestPlan()
    assert all(f'"{part}"' in text for part in RequestPlan.model_fields)
    assert (
        save(
            press, operator, row, text.replace('"files": []', '"files": [{"path": "a.txt", "source": "write"}]')
        ).status_code
        == 302
    )
    assert [one["path"] for one in PlanRow.objects.get(run=2).plan["files"]] == [
        "a.txt",
        "index.html",
        "README.md",
        "LICENSE",
    ]


DEEP = "[" * 100_000
BAD = {
    "": WHOLE,
    "{": WHOLE,
    "[]": WHOLE,
    "{}": WHOLE,
    '{"notes": ' + DEEP: WHOLE,
    files(notes=["n" * LONGEST]): WHOLE,
    files(notes=json.loads("[" * 600 + "]" * 600)): "notes[0]",
    files(files=[{"path": "a.txt"}]): "files[0].source",
    files(files=[{"path": "a", "source": "write", "predicates": [{"kind": "smells"}]}]): "files[0].predicates[0]",
    files(tests=[{"says": "s",
        "predicates": [{"kind": "contains", "texts": []}]}]): "tests[0].predicates[0].contains.texts",
    files(pagse="workflow"): "pagse",
    files(files=[{"path": "a", "source": "write", "predicate": []}]): "files[0].predicate",
    files(files=[{"path": "a", "source": "write",
        "predicates": [{"kind": "json_schema", "definition": DEEP}]}]): "files[0].predicates[0].json_schema.definition",
    files(files=[{"path": "../a", "source": "write"}]): "../a",
    files(files=[{"path": "data.csv", "source": "write"}]): "data.csv",
    files(data=[{"url": "https://another.example/"}]): "https://another.example/",
    files(absent=["index.html"]): "absent index.html",
    files(checks=[{"number": 2, "why_not": "x"}]): "check 2",
    files(tests=[{"says": "s",
        "predicates": [{"kind": "page", "expression": "fetch('/x')"}]}]): "tests[0].predicates[0] fetch('/x')",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_no_plan_or_not_allowed_is_shown_again_with_its_problem_and_changes_nothing(
    operator: Client, press: Callable[..., object], text: str
) -> None:
    row, before = completed(), dump()
    html = save(press, operator, row, text).content.decode()
    assert dump() == before
    assert text_in(html) == text
    problems = [unescape(item) for item in re.findall(r"<li><code>(.*?)</code>: ", html)]
    assert problems == [BAD[text]]


def test_every_problem_is_shown(operator: Client, press: Callable[..., object]) -> None:
    row = completed()
    html = save(press, operator, row, files(files=[{"path": 1, "source": "x"}] * 30)).content.decode()
    assert len(re.findall(r"<li><code>files\[", html)) == 50
    assert "and 10 more" in html


def test_a_round_that_moves_says_why_its_plan_cannot_be_saved_and_keeps_the_text(
    operator: Client, press: Callable[..., object]
) -> None:
    row = make_round()
    lease_of(row)
    assert "It is running at generate: cancel it first." in page(operator, row, "plan")
    before = dump()
    html = save(press, operator, row, files(notes=["kept"])).content.decode()
    assert dump() == before
    assert "<code>the round</code>: It is running at generate: cancel it first." in html
    assert text_in(html) == files(notes=["kept"])


def test_the_second_of_two_operators_who_edit_the_same_plan_is_refused_with_a_reason(
    operator: Client, press: Callable[..., object]
) -> None:
    row = completed()
    save(press, operator, row, files(notes=["first"]))
    Round.objects.update(state="completed", step="notify", next_at=None, finished_at=timezone.now())
    html = save(press, operator, row, files(notes=["second"])).content.decode()
    assert "The plan that you saw is that of run 1, and this is run 2 by now." in html
    assert save(press, operator, row, files(), run="two").status_code == 200
    row.refresh_from_db()
    assert row.run == 2
    assert 'name="run" value="2"' in html
    assert save(press, operator, row, files(notes=["second"]), run=2).status_code == 302


def test_only_an_operator_edits_and_only_by_a_form_of_ours(
    operator: Client, viewer: Client, press: Callable[..., object]
) -> None:
    row = completed()
    with_plan(row)
    before = dump()
    address = f"{LIST}{row.pk}/plan/"
    assert address not in page(viewer, row)
    assert viewer.get(address).status_code == 403
    assert save(press, viewer, row, files()).status_code == 403
    assert operator.post(address, {"plan": files(), "run": 1}).status_code == 403
    assert Client(headers={"host": "localhost:8000"}).post(address)["Location"].startswith("/admin/login/")
    assert operator.get(f"{LIST}00000000-0000-4000-8000-000000000000/plan/").status_code == 404
    assert dump() == before


def test_hostile_text_in_a_plan_is_text_in_the_form_and_says_the_same(operator: Client) -> None:
    row = completed(brief=HOSTILE, task=HOSTILE, checks=[HOSTILE, {"js": HOSTILE}])
    with_plan(row, plan=hostile_plan(HOSTILE))
    html = page(operator, row, "plan")
    assert not [raw for raw in RAW if raw in html]
    assert RequestPlan.model_validate_json(text_in(html)) == RequestPlan.model_validate(hostile_plan(HOSTILE))


def test_a_file_of_the_repository_may_be_changed_and_one_that_the_plan_changes_stays(
    operator: Client, press: Callable[..., object]
) -> None:
    first = completed(published_at=timezone.now())
    attempt = Attempt.objects.create(round=first, run=1, kind="generate", started_at=timezone.now())
    attempt.files.create(path="app.js", content=b"1", sha256="a" * 64, size=1, origin="model")
    Round.objects.update(chosen_attempt=attempt)
    row = completed(round=2)
    changed = [{"path": path, "source": "changed", "origin": path} for path in ("app.js", "by-hand.js")]
    refused = save(press, operator, row, files(files=changed)).content.decode()
    assert re.findall(r"<li><code>(.*?)</code>: (.*?)</li>", refused) == [
        ("by-hand.js", "there is no such attachment: the file is written.")
    ]
    with_plan(row, plan={"files": changed})
    assert save(press, operator, row, text_in(page(operator, row, "plan"))).status_code == 302
    kept = PlanRow.objects.get(round=row, run=2).plan["files"][:2]
    assert [(one["path"], one["source"]) for one in kept] == [("app.js", "changed"), ("by-hand.js", "changed")]


PREDICATES: list[AnyPredicate] = [
    JsonValue(path="a.json", pointer="/n", value=""),
    JsonValue(path="a.json", pointer="/n", value=False),
    JsonValue(path="a.json", pointer="", compare="less", other="/m"),
    JsonSchema(path="a.json", definition={"type": "object", "properties": {"kind": {}}}),
    Words(path="a.txt", min=0, max=0),
    Contains(path="a.txt", texts=["a", "b"], ignore_case=True),
    CsvEquals(path="a.csv", workbook="a.xlsx"),
    Page(steps=[PageStep(do="fill", selector="#a", value="1"), PageStep(do="reload")], expression="true"),
]


def test_what_is_shown_for_editing_says_the_same_as_the_plan() -> None:
    plan = RequestPlan(tests=tuple(PlannedTest(says="s", predicates=[one]) for one in PREDICATES))
    assert RequestPlan.model_validate_json(editable(plan)) == plan
