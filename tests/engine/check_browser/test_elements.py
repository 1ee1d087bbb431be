"""The report shows the elements that failing checks look up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.adapters.browser.chromium_browser import ChromiumBrowser
from engine.domain.browser_report import PageUnderTest
from engine.domain.checks import Check, Kind, Target
from tests.engine.check_browser.pages import HOME

if TYPE_CHECKING:
    from engine.adapters.browser.chromium_browser import Machine

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = b"<!doctype html><title>T</title><b id=total>NaN</b><ul><li>a</li><li>b</li></ul><p id=good>1</p>"
FAILING = (
    "document.getElementById('total').textContent === '7'",
    "document.querySelectorAll('ul li').length === 3",
    "document.querySelector('#nowhere').textContent === '7'",
)
HOLDING = "document.querySelector('#good').textContent === '1'"


def test_they_are_shown_as_they_are_and_of_several_how_many(machine: Machine) -> None:
    checks = [Check(Kind.JS, expression) for expression in (*FAILING, HOLDING)]
    page = PageUnderTest(HOME, {"index.html": PAGE}, Target.LOCAL)
    report = ChromiumBrowser(replace(machine, window=0.5)).run(page, checks, seconds=60)
    assert report.views[0].elements == {
        "#total": '<b id="total">NaN</b>',
        "ul li": "2 of them, the first <li>a</li> and the last <li>b</li>",
        "#nowhere": "",
    }
