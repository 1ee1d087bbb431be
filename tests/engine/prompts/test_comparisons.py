from __future__ import annotations

import pytest

from engine.prompts.comparisons import comparisons

HEADING = {"#by-region": '<h2 id="by-region">Sales by <b>Region</b></h2>'}


@pytest.mark.parametrize(
    "expression",
    [
        "document.querySelector('#by-region').textContent.trim() === 'Sales by region'",
        'document.querySelector("#by-region").innerText=="Sales by region"',
        "document.getElementById('by-region')?.textContent?.trim() === `Sales by region`",
    ],
)
def test_a_text_that_differs_by_a_capital_is_quoted_letter_for_letter(expression: str) -> None:
    assert list(comparisons([expression], HEADING)) == [
        (
            "#by-region says 'Sales by Region'; it must say 'Sales by region', letter for letter. "
            "Only capitals or spaces differ."
        )
    ]


def test_another_text_is_quoted_too() -> None:
    expression = "document.querySelector('#total').textContent === '12.50'"
    assert list(comparisons([expression], {"#total": "<b id=total>12.5 &amp; more</b>"})) == [
        "#total says '12.5 & more'; it must say '12.50', letter for letter."
    ]


@pytest.mark.parametrize(
    ("expression", "elements"),
    [
        ("document.querySelector('#a').textContent === 'yes'", {"#a": "<b id=a>\n yes </b>"}),  # it holds
        ("document.querySelector('#a').textContent === 'yes'", {}),  # not looked up
        ("document.querySelector('#a').textContent === 'yes'", {"#a": ""}),  # no such element: that is told elsewhere
        ("document.querySelector('#a').textContent.includes('yes')", {"#a": "<b id=a>no</b>"}),
        ("document.title === 'yes'", {"#a": "<b id=a>no</b>"}),
    ],
)
def test_there_is_no_hint_where_nothing_is_known(expression: str, elements: dict[str, str]) -> None:
    assert list(comparisons([expression], elements)) == []


def test_an_expression_made_to_be_slow_is_read_at_once() -> None:
    assert (
        list(
            comparisons(["document.querySelector('" * 20_000, "querySelector('#a').textContent " * 20_000], {"#a": "x"})
        )
        == []
    )
