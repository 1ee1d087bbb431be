"""The ids that a request's expressions look up, and those of them that a page lacks."""

from __future__ import annotations

import pytest

from engine.domain.checks import Check, Kind, parse_check
from engine.prompts.named_ids import MOST, missing_ids, named_ids
from tests.little_time import little_time


def ids(*checks: str) -> tuple[str, ...]:
    return named_ids([parse_check(check) for check in checks])


@pytest.mark.parametrize(
    ("check", "named"),
    [
        ("js: !!document.querySelector('#total')", ("total",)),
        ('js: document.getElementById("by-id").value === "#not"', ("by-id", "not")),
        ("js: document.querySelectorAll('#tips li, ul#more > .x').length === 3", ("tips", "more")),
        ("js: getComputedStyle(document.querySelector('#box')).color === '#fff'", ("box",)),
        ("js: !!document.querySelector('#add')", ("add",)),
        ("js: document.querySelector(`#a-${1}`)", ()),
        ("js: !document.querySelector('#gone')", ()),
        ("js: document.getElementById('gone') === null", ()),
        ("js: document.querySelectorAll('#gone').length === 0", ()),
        ("js: document.querySelectorAll('#gone').length<1", ()),
        ("js: document.querySelectorAll('#there').length === 0.5", ("there",)),
        ("js: document.querySelectorAll('#there li').length === 0", ("there",)),
        ("js: !document.querySelector('#menu').classList.contains('open')", ("menu",)),
        ("js: document.title === 'Hello'", ()),
        ("document.querySelector('#bare') !== null", ("bare",)),
        ("The sum stands in #sum.", ()),
        ("", ()),
    ],
)
def test_ids_of_a_check(check: str, named: tuple[str, ...]) -> None:
    assert ids(check) == named


def test_ids_that_expressions_of_earlier_rounds_look_up_count_too() -> None:
    assert named_ids([Check(Kind.EARLIER, "!!document.querySelector('#kept')"), Check(Kind.REGRESSION, "#no")]) == (
        "kept",
    )


def test_a_colour_is_an_id_where_a_check_looks_it_up() -> None:
    assert ids("js: document.body.style.color === '#add'") == ()
    assert ids("js: document.body.style.color === '#add'", "js: !!document.querySelector('#add')") == ("add",)


def test_they_come_in_the_order_of_the_checks_and_there_is_an_end() -> None:
    assert ids("js: !!document.querySelector('#b')", "js: !!document.querySelector('#a, #b')") == ("b", "a")
    assert len(ids(*(f"js: !!document.querySelector('#n{number}')" for number in range(100)))) == MOST


def test_what_is_long_and_odd_is_read_in_no_time() -> None:
    with little_time():
        assert ids("js: " + "#" * 50_000 + "'" * 50_000, "js: " + "\\'" * 20_000 + "querySelector(" * 5_000) == ()


@pytest.mark.parametrize(
    ("page", "missing", "missing_where_its_check_fails"),
    [
        ("<p id='total'>", False, False),
        ('<p class="x" id = "total">', False, False),
        ("<p id=total>", False, False),
        ("<p id=total/>", False, False),
        ("<script>made.id = 'total'</script>", False, True),
        ("<script>document.getElementById('total')</script>", False, True),
        ("<p data-id='total'>", False, True),
        ("<p id='total-2'>", True, True),
        ("", True, True),
    ],
)
def test_which_of_them_are_to_be_added_to_a_page(page: str, missing: bool, missing_where_its_check_fails: bool) -> None:
    failing = [parse_check("js: !!document.querySelector('#total')")]
    assert missing_ids(("total",), page) == (("total",) if missing else ())
    assert missing_ids(("total",), page, failing) == (("total",) if missing_where_its_check_fails else ())
