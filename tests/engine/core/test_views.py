from __future__ import annotations

import pytest

from engine.core.checks import Check, Kind, Target, Verdict
from engine.core.views import view_result, width_of
from engine.ports import PageView


def view(
    *, loaded: bool = True, errors: tuple[str, ...] = (), failed: tuple[str, ...] = (), console: tuple[str, ...] = ()
) -> PageView:
    return PageView(
        390, loaded, b"\xff\xd8", console, errors, failed, {"cdn.example": ("chart.js 4",)}, {"#total": "<b id=total>"}
    )


@pytest.mark.parametrize("target", [Target.LOCAL, Target.LIVE])
def test_a_page_that_loaded_and_threw_nothing_passes_at_its_width(target: Target) -> None:
    found = view_result(view(), target)
    assert found.check == Check(Kind.VIEW, "The page opens without errors at 390 pixels")
    assert (found.target, found.verdict, found.detail, found.console) == (target, Verdict.PASS, "", ())
    assert found.screenshot == b"\xff\xd8"
    assert width_of(found) == 390


def test_hosts_and_elements_are_the_value() -> None:
    assert view_result(view(), Target.LOCAL).value == {
        "hosts": {"cdn.example": ["chart.js 4"]},
        "elements": {"#total": "<b id=total>"},
    }


@pytest.mark.parametrize(
    ("loaded", "errors", "detail"),
    [
        (True, ("a is not defined", "b"), "a is not defined; b"),
        (False, (), "the page did not load"),
        (False, ("a is not defined",), "the page did not load; a is not defined"),
    ],
)
def test_a_page_that_threw_or_did_not_load_fails_and_says_why(
    loaded: bool, errors: tuple[str, ...], detail: str
) -> None:
    found = view_result(view(loaded=loaded, errors=errors), Target.LOCAL)
    assert (found.verdict, found.detail) == (Verdict.FAIL, detail)


def test_what_was_logged_and_what_could_not_be_had_is_told_and_no_failure() -> None:
    found = view_result(view(console=("warning: a",), failed=("b.js 404",)), Target.LOCAL)
    assert (found.verdict, found.console) == (Verdict.PASS, ("warning: a", "not had: b.js 404"))


def test_a_flood_of_errors_is_cut() -> None:
    assert len(view_result(view(errors=("x" * 900,) * 9), Target.LOCAL).detail) == 2_000
