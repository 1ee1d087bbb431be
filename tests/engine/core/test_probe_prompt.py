from __future__ import annotations

from dataclasses import replace

from engine.adapters.simulated_author import SimulatedAuthor
from engine.core.checks import parse_check
from engine.core.probe_prompt import asks_for_probes, probe_prompt
from engine.core.probe_replies import parse_probes
from engine.core.probes import Asked
from engine.core.prompts import generate_prompt
from tests.engine.steps.inputs import BRIEF

ASKED = (Asked(1, "It greets\n2. by name"), Asked(2, "It is pretty"))
SEED = replace(BRIEF.attachments[0], name="index.html", content=b"<p>the page that is there</p>")


def shown(**over: object) -> str:
    prompt = probe_prompt(replace(BRIEF, **over), ASKED, boundary="b7")
    return "\n".join(message.content for message in prompt.messages)


def test_it_shows_brief_scripts_attachments_and_sentences() -> None:
    text = shown()
    assert BRIEF.text in text
    assert "js: !!document.querySelector('#total')" in text
    assert "data.csv" in text
    assert "1. It greets 2. by name\n2. It is pretty\nWrite the 2 tests" in text


def test_it_shows_no_page_and_no_other_sentence() -> None:
    text = shown(attachments=(SEED,), checks=(*BRIEF.checks, parse_check("It sings")))
    assert "the page that is there" not in text
    assert "It sings" not in text


def test_it_is_bounded() -> None:
    long = shown(text="word " * 50_000)
    assert len(long) < 20_000


def test_it_is_known_by_its_rules() -> None:
    assert asks_for_probes(probe_prompt(BRIEF, ASKED, boundary="b7").messages) == 2
    assert asks_for_probes(generate_prompt(BRIEF, boundary="b7").messages) == 0
    assert asks_for_probes(()) == 0


def test_the_simulated_model_says_that_it_writes_none_and_says_so_at_once() -> None:
    prompt = probe_prompt(BRIEF, ASKED, boundary="b7")
    reply = SimulatedAuthor(seconds=3600).write(prompt.messages, model="simulated", seconds=1)
    assert [probe.why_not for probe in parse_probes(reply.text, ASKED)] == [
        "not automatable, says the model: the simulated model writes no tests"
    ] * 2
