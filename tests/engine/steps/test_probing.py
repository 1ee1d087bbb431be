from __future__ import annotations

from datetime import timedelta

import pytest

from engine.core.budget import fresh
from engine.core.probes import MOST_SENTENCES, Asked
from engine.errors import EngineError, Fenced, OutOfService, Permanent, Transient
from engine.ports import DEADLINE, DISCONNECTED, Ports, Recalled, Reply
from engine.steps.generate import generate
from engine.steps.probing import LONGEST_ANSWER, MOST_CALLS
from tests.engine.steps.inputs import generating
from tests.fakes import NOW, FakeAuthor, FakeBrowser, FakeClock, FakeJournal, make_ports

ASKED = (Asked(1, "It adds up"), Asked(3, "It is pretty"))
REPLY = "1\nexpect document.querySelector('#total').textContent === '5'\n2\nnot automatable: taste\n"


def ports_with(*probes: object, **over: object) -> Ports:
    author = FakeAuthor()
    author.probes = list(probes)
    return make_ports(**{"author": author, "browser": FakeBrowser(), "journal": FakeJournal()} | over)


def frozen(ports: Ports) -> list[tuple[int, str, str]]:
    ((probes, _),) = ports.journal.frozen
    return [(one.position, one.expression, one.why_not) for one in probes]


def kinds(ports: Ports) -> list[object]:
    return [row.begun["kind"] for row in ports.journal.attempts]


def test_probes_are_frozen_before_the_page_is_asked_for() -> None:
    ports = ports_with(REPLY)
    generate(generating(unprobed=ASKED), ports)
    assert kinds(ports) == ["probe", "generate"]
    assert frozen(ports) == [
        (1, "document.querySelector('#total').textContent === '5'", ""),
        (3, "", "not automatable, says the model: taste"),
    ]
    assert ports.journal.frozen[0][1] == 1
    assert ports.journal.attempts[0].ended["outcome"] == "1 probes of 2 sentences"
    assert ports.author.probed[0][2:] == (pytest.approx(54), LONGEST_ANSWER)


@pytest.mark.parametrize("ending", ["length", DEADLINE, DISCONNECTED])
def test_of_an_answer_that_was_cut_off_the_last_line_is_no_probe(ending: str) -> None:
    """The half of an expression may be a whole one that asks for less."""
    cut = "1\nexpect document.title === 'T'\n2\nexpect document.querySelector('#total') !== null"
    ports = ports_with(Reply(cut, "first", ending))
    generate(generating(unprobed=ASKED), ports)
    assert [bool(expression) for _, expression, _ in frozen(ports)] == [True, False]
    assert ports.journal.attempts[0].ended["outcome"] == "1 probes of 2 sentences"


def test_the_generator_does_not_see_them() -> None:
    ports = ports_with(REPLY)
    generate(generating(unprobed=ASKED), ports)
    told = "\n".join(message.content for _, messages, _ in ports.author.asked for message in messages)
    assert "textContent === '5'" not in told


def test_no_call_is_made_where_no_sentence_needs_one() -> None:
    ports = ports_with()
    generate(generating(), ports)
    assert (kinds(ports), ports.journal.frozen) == (["generate"], [])


@pytest.mark.parametrize(
    "error",
    [
        Transient("model_timeout", "It let its time run out."),
        Permanent("model_unknown", "There is no such model."),
        OutOfService("model_quota_spent", "The quota is spent.", kind="model"),
    ],
)
def test_a_call_that_fails_leaves_the_sentences_undecided_and_the_page_is_written(error: EngineError) -> None:
    ports = ports_with(error)
    generate(generating(unprobed=ASKED), ports)
    assert kinds(ports) == ["probe", "generate"]
    assert frozen(ports) == [(at, "", f"no probe was written: {error.message}") for at in (1, 3)]
    assert ports.journal.attempts[0].ended["code"] == error.code


@pytest.mark.parametrize("error", [OutOfService("model_key_refused", "The key was refused.", kind="model"), Fenced()])
def test_what_stops_the_page_too_freezes_nothing(error: EngineError) -> None:
    ports = ports_with(error)
    with pytest.raises(type(error)):
        generate(generating(unprobed=ASKED), ports)
    assert (kinds(ports), ports.journal.frozen) == (["probe"], [])


@pytest.mark.parametrize(
    ("over", "clock", "why"),
    [
        ({"model_closed": "the key was refused"}, NOW, "the key was refused"),
        ({"budget": fresh(NOW, 100)}, NOW, "the deadline leaves no time"),
        ({}, NOW + timedelta(seconds=190), "the deadline leaves no time"),
        ({"probe_calls": MOST_CALLS}, NOW, "2 calls for it were cut off"),
    ],
)
def test_it_is_left_out_with_the_reason(over: dict[str, object], clock: object, why: str) -> None:
    ports = ports_with(clock=FakeClock(clock))
    generate(generating(unprobed=ASKED, **over), ports)
    assert ports.author.probed == []
    assert all(why in told for _, _, told in frozen(ports))


def test_without_a_browser_none_is_asked_for() -> None:
    ports = ports_with(browser=None)
    generate(generating(unprobed=ASKED), ports)
    assert kinds(ports) == ["generate"]
    assert "no check browser" in frozen(ports)[0][2]


def test_the_page_keeps_the_tokens_that_are_short() -> None:
    ports = ports_with(REPLY)
    ports.journal.allowance = 3_000
    generate(generating(unprobed=ASKED), ports)
    assert (ports.author.probed, kinds(ports)) == ([], ["probe", "generate"])
    assert "only 3,000 tokens left" in frozen(ports)[0][2]


def test_the_answer_takes_a_part_of_the_tokens() -> None:
    ports = ports_with(REPLY)
    ports.journal.allowance = 8_000
    generate(generating(unprobed=ASKED), ports)
    assert ports.author.probed[0][3] == 1_000


def test_what_an_earlier_claim_was_answered_is_not_asked_again() -> None:
    ports = ports_with()
    ports.journal.answered = [("probe", "first", None, Recalled(9, (), Reply(REPLY, "first", "stop")))]
    generate(generating(unprobed=ASKED, probe_calls=MOST_CALLS), ports)
    assert (ports.author.probed, ports.journal.frozen[0][1]) == ([], 9)
    assert frozen(ports)[0][1] == "document.querySelector('#total').textContent === '5'"


def test_of_many_sentences_the_first_get_one() -> None:
    ports = ports_with()
    many = tuple(Asked(at, f"Sentence {at}") for at in range(MOST_SENTENCES + 2))
    generate(generating(unprobed=many), ports)
    reasons = [why for _, _, why in frozen(ports)]
    assert len(reasons) == len(many)
    assert [f"only {MOST_SENTENCES} sentences" in why for why in reasons] == [False] * MOST_SENTENCES + [True] * 2
