"""The simulated model: a template page that says so, a canned plan, and no judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.adapters.simulated_author import BANNER, PLAN, SimulatedAuthor
from engine.domain.brief import AttachedFile, Brief
from engine.domain.checks import CheckOutcome, Target, Verdict, parse_check
from engine.domain.model_call import Message
from engine.errors import Permanent, Transient
from engine.plan.reading import read_object, read_plan
from engine.prompts.findings import Findings
from engine.prompts.generate import generate_prompt
from engine.prompts.judge import Material, Opinion, judge_prompt, parse_judgements
from engine.prompts.parsing.parsed_reply import Outcome
from engine.prompts.plan import plan_prompt
from engine.prompts.repair import repair_prompt
from engine.prompts.replies import parse_reply
from engine.site.readme import missing_readme_parts
from engine.steps.planning import request_of

if TYPE_CHECKING:
    from engine.plan.schema import RequestPlan

B = "7f3a9c"
CHECKS = (
    parse_check("js: document.title === 'Sales & Co'"),
    parse_check("js: !!document.querySelector('#total') && document.getElementById('rows')"),
    parse_check("It is pretty"),
)
BRIEF = Brief(
    "a@b.c",
    "sales",
    1,
    "n",
    "Show the <b>total</b> of data.csv.",
    CHECKS,
    (AttachedFile("my data.csv", "text/csv", b"a\n1\n"),),
)


def planned() -> RequestPlan:
    found = read_object(PLAN, request_of(BRIEF, (), allow_private=False)).plan
    assert found is not None
    return found


def answered(messages: tuple[Message, ...], seconds: float = 60) -> str:
    return SimulatedAuthor().write(messages, model="simulated", seconds=seconds).text


def files(messages: tuple[Message, ...]) -> dict[str, str]:
    parsed = parse_reply(answered(messages), B)
    assert (parsed.outcome, parsed.problems) == (Outcome.OK, ())
    return {path: content.decode() for path, content in parsed.files.items()}


def test_its_plan_is_one_that_is_read_without_an_error() -> None:
    reading = read_plan(answered(plan_prompt(BRIEF, boundary=B).messages), request_of(BRIEF, (), allow_private=False))
    assert (reading.plan, reading.errors, reading.refused) == (planned(), (), ())


def test_its_page_says_what_it_is_and_quotes_the_brief() -> None:
    written = files(generate_prompt(BRIEF, planned(), boundary=B).messages)
    assert set(written) == {"index.html", "README.md"}
    assert f"{BANNER}. Nothing of the brief was understood." in written["index.html"]
    assert "Show the &lt;b&gt;total&lt;/b&gt; of data.csv." in written["index.html"]
    assert BANNER in written["README.md"]
    assert missing_readme_parts(written["README.md"]) == []


def test_its_page_has_the_title_and_the_ids_that_expressions_name_and_links_the_attachments() -> None:
    page = files(generate_prompt(BRIEF, planned(), boundary=B).messages)["index.html"]
    assert "<title>Sales &amp; Co</title>" in page
    assert page.count('id="total"') == page.count('id="rows"') == 1
    assert '<a href="my%20data.csv">my data.csv</a>' in page


def test_a_later_round_adds_to_the_page_and_keeps_the_readme() -> None:
    first = files(generate_prompt(BRIEF, planned(), boundary=B).messages)
    tree = {path: text.encode() for path, text in first.items()}
    second = files(generate_prompt(BRIEF, planned(), boundary=B, tree=tree).messages)
    assert second["index.html"].startswith(first["index.html"].partition("</main>")[0])
    assert "Changed by the simulated model." in second["index.html"]
    assert second["index.html"].count('id="total"') == 1
    assert second["README.md"] == first["README.md"]


def test_it_answers_a_repair_with_files_too() -> None:
    failing = CheckOutcome(CHECKS[0], Target.LOCAL, Verdict.FAIL, "false (boolean)")
    tree = {"index.html": b"<!DOCTYPE html>\n<main></main>\n", "README.md": b"# A\n"}
    prompt = repair_prompt(BRIEF, planned(), boundary=B, tree=tree, findings=Findings(failing=(failing,)))
    assert 'id="total"' in files(prompt.messages)["index.html"]


def test_it_judges_nothing() -> None:
    prompt = judge_prompt(["It is pretty.", "It is quick."], Material({}), boundary=B)
    found = parse_judgements(answered(prompt.messages), 2)
    assert [one.opinion for one in found if one] == [Opinion.CANNOT_TELL] * 2


def test_it_pretends_to_think_only_where_a_page_is_asked_for() -> None:
    author = SimulatedAuthor(seconds=0.01)
    with pytest.raises(Transient, match="did not answer within 0 s"):
        author.write(generate_prompt(BRIEF, planned(), boundary=B).messages, model="simulated", seconds=0.001)
    assert author.write(plan_prompt(BRIEF, boundary=B).messages, model="simulated", seconds=0.001).text


def test_what_is_no_prompt_of_ours_is_refused() -> None:
    with pytest.raises(Permanent, match="cannot read this prompt"):
        answered((Message("user", "Hello"),))
