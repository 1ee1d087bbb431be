"""The pages of rehearsals in a real browser: they fit, complain of nothing, and can be used without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

from tasks_app.models import RehearsalResult
from tests.rehearsals import make_class, make_rehearsal
from tests.tasks_app.admin.test_console_in_browser import JPEG

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from tasks_app.models import Rehearsal

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_fresh_cache"),
]

LIST = "/admin/tasks_app/rehearsal/"


def addresses(row: Rehearsal) -> list[str]:
    submission = row.submissions.first()
    issued = submission.issued.first()
    RehearsalResult.objects.filter(issued__submission=submission).update(
        screenshot=JPEG, log="line\n" * 2_000, reason="W" * 900, check_text="js: " + "x" * 900
    )
    result = issued.results.first()
    return [
        LIST, f"{LIST}{row.pk}/change/", f"{LIST}{make_rehearsal('empty').pk}/change/",
        f"/admin/tasks_app/submission/{submission.pk}/change/", f"/admin/tasks_app/issuedtask/{issued.pk}/change/",
        f"/admin/tasks_app/rehearsalresult/{result.pk}/change/", "/admin/tasks_app/submission/",
        "/admin/tasks_app/issuedtask/", "/admin/tasks_app/notifycall/", "/admin/tasks_app/rehearsalresult/",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_the_screen_and_complain_of_nothing(tab: Page, width: int, complaints: list[str]) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    for address in addresses(make_class("A class", 8)):
        tab.goto(address)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, address
        assert tab.locator("h1").first.is_visible()
        for chart in tab.locator(".chart svg").all():
            box = chart.bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width
            assert chart.locator("rect").first.evaluate("(bar) => getComputedStyle(bar).fill") != "rgb(0, 0, 0)"
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_rehearsals(tab: Page, scheme: Literal["light", "dark"]) -> None:
    tab.emulate_media(color_scheme=scheme)
    found = []
    for address in addresses(make_class("A class", 8)):
        tab.goto(address)
        results = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
        found += [
            (address, broken["id"], [node["html"][:200] for node in broken["nodes"]][:3])
            for broken in results.response["violations"]
            if broken["impact"] in {"serious", "critical"}
        ]
    assert found == []


def test_from_the_list_to_a_check_and_to_an_export(tab: Page, tmp_path: Path, complaints: list[str]) -> None:
    row = make_class("A class", 8)
    tab.goto(LIST)
    tab.get_by_role("link", name="A class").press("Enter")
    tab.get_by_label("Submission, endpoint or task").fill("student003")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**q=student003*")
    assert tab.locator(".scores tbody tr").count() == 1
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export CSV").press("Enter")
    download.value.save_as(tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text().count("student007@example.com") > 0, "an export is of the whole"
    tab.get_by_label("gallery-", exact=False).first.press("Enter")
    tab.wait_for_url("**/submission/*/change/#issued-*")
    section = tab.locator(".judged:target")
    section.locator("summary").first.press("Enter")
    assert section.locator("pre.text").first.inner_text() == "log of 1"
    assert row.submissions.count() == 8
    assert complaints == []
