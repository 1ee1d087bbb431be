from __future__ import annotations

import pytest

from engine.plan.page_tests import guesses
from engine.plan.predicates import Page

WORDS = (
    "A form #name with a button #greet that puts 'Hello, Ada' into #greeting. "
    "The total is 55 and the date YYYY-MM-DD. A table lists the rows."
)


def of(expression: str, *steps: tuple[str, str, str]) -> tuple[str, ...]:
    return guesses(
        Page(
            expression=expression,
            steps=[{"do": do, "selector": selector, "value": value} for do, selector, value in steps],
        ),
        WORDS,
    )


@pytest.mark.parametrize(
    "expression",
    [
        "document.querySelector('#greeting').textContent === 'Hello, Ada'",
        "document.querySelectorAll('table tbody tr').length > 1",
        r"/(^|\D)55(\.0+)?(\D|$)/.test(document.querySelector('#greeting').textContent)",
        r"/^\d{4}-\d{2}-\d{2}$/.test(document.querySelector('#greeting').textContent)",
        "/[a-z]{3,}/i.test(document.body.innerText)",
        "document.title.length > 0",
    ],
)
def test_what_the_request_names_is_no_guess(expression):
    assert of(expression) == ()


@pytest.mark.parametrize(
    ("expression", "guessed"),
    [
        ("document.querySelector('#sum') !== null", "sum"),
        ("document.body.innerText.includes('Goodbye')", "Goodbye"),
        ("document.querySelectorAll('li').length === 12", "12"),
        ("/goodbye/i.test(document.body.innerText)", "goodbye"),
        ("document.querySelectorAll('.card').length > 1", "card"),
    ],
)
def test_what_it_does_not_name_is_one(expression, guessed):
    assert guessed in of(expression)


def test_what_the_steps_fill_in_may_be_looked_for():
    assert of("document.body.innerText.includes('Grace')", ("fill", "#name", "Grace")) == ()
    assert of("document.body.innerText.includes('Grace')", ("click", "#send", "")) == ("send", "Grace")
