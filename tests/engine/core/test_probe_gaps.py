"""A probe that leaves out what its sentence says decides nothing; one that says all of it is let through."""

from __future__ import annotations

import pytest

from engine.core.probe_gaps import gap
from engine.core.probes import Step, Verb

ADD = (Step(Verb.FILL, "#note", "Milk"), Step(Verb.CLICK, "#add"))
FIRST = "document.querySelector('#notes li').textContent === 'Milk'"


@pytest.mark.parametrize(
    ("sentence", "steps", "expression", "says"),
    [
        ("A second note is added above the first one in #notes.", ADD, FIRST, "“second”"),
        ("Clicking #add twice adds two lines to #notes", ADD, FIRST, "“twice”"),
        ("#count is 2 when North is chosen in #region.", (), "document.querySelector('#count').value === '2'", "#region"),
        ("#count is 2 when North is chosen.", (), "document.querySelector('#count').value === '2'", "“chosen”"),
        ("#counter shows 1 after one note was added.", (), "document.querySelector('#counter').value === '1'", "“was added”"),
        ("A note in #notes is there again after the page is reloaded.", ADD, FIRST, "“reloaded”"),
        ("Pressing Enter in #note adds it to #notes", ADD, FIRST, "“pressing enter”"),
        ("A text typed into #note appears in #notes", (), f"document.querySelector('#note') && {FIRST}", "“typed”"),
        ("#total changes to 250.00", (), "document.querySelector('#total').textContent !== ''", "250"),
        ("#status says 'Not found'", (), "document.querySelector('#status') !== null", "Not found"),
        ("The date is shown in #created", (), "document.title !== ''", "#created"),
        ("With /?name= the page greets", (), "document.title !== ''", "“?name=”"),
        ("The page shows the picture of ?url=...", (), "document.querySelector('img').complete", "“?url=”"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_named(sentence: str, steps: tuple[Step, ...], expression: str, says: str) -> None:
    assert says in gap(sentence, steps, expression)


@pytest.mark.parametrize(
    ("sentence", "steps", "expression"),
    [
        ("A second note is added above the first one in #notes.", (*ADD, *ADD), FIRST),
        ("A text typed into #note appears in #notes after a click on #add", ADD, FIRST),
        ("#created is empty before the form is sent.", (), "document.querySelector('#created').textContent === ''"),
        ("After the page has loaded, #total shows 600.00", (), "Number(document.querySelector('#total').textContent) === 600"),
        ("#created shows 2011-01-25", (), "document.querySelector('#created').textContent.includes('2011-01-25')"),
        ("The two columns of #rows are aligned", (), "document.querySelector('#rows') !== null"),
        ("The h1 is large", (), "document.querySelector('h1') !== null"),
        ("The page shows the picture of ?url=...", (Step(Verb.OPEN, "", "?url=a.png"),), "document.querySelector('img').src.endsWith('a.png')"),
        ("It asks https://api.test/users?page=2 for more", (), "document.title === '2'"),
    ],
)  # fmt: skip
def test_a_probe_of_the_whole_sentence_has_no_gap(sentence: str, steps: tuple[Step, ...], expression: str) -> None:
    assert gap(sentence, steps, expression) == ""
