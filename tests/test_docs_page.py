"""/docs in a real browser: a task is sent from it, nothing foreign is fetched, nothing breaks the page's own policy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.chromium import launched
from tests.service import SECRET, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WATCH = (
    "window.violations = []; document.addEventListener('securitypolicyviolation',"
    " (event) => violations.push([event.violatedDirective, event.blockedURI]))"
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("docs"), workers=1) as running:
        yield running.start().until_whole()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A tab that fails the test for what is wrong in it: errors in the console, requests to others, broken policy."""
    context = browser.new_context()
    tab, wrong, asked = context.new_page(), [], set()
    tab.add_init_script(WATCH)
    tab.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("request", lambda request: asked.add(urlsplit(request.url).hostname))
    yield tab
    assert wrong == []
    assert tab.evaluate("window.violations") == []
    assert asked - {None} == {"localhost"}  # None: data: pictures
    context.close()


def try_out(page: Page, service: Service, secret: str) -> tuple[str, dict[str, object]]:
    page.goto(f"{service.public}/docs")
    page.click("#operations-tasks-handle_task .opblock-summary-control")
    page.click("#operations-tasks-handle_task .try-out__btn")
    box = page.locator("#operations-tasks-handle_task textarea.body-param__text")
    sample = json.loads(box.input_value())
    assert sample["task"] == "sum-of-sales"
    box.fill(json.dumps(sample | {"secret": secret}))
    page.click("#operations-tasks-handle_task button.execute")
    answer = page.locator("#operations-tasks-handle_task .live-responses-table .response")
    body = answer.locator(".highlight-code code").first.inner_text()
    return answer.locator(".response-col_status").inner_text().split()[0], json.loads(body)


def test_a_task_is_sent_from_the_page_with_its_sample_filled_in(page: Page, service: Service) -> None:
    status, answer = try_out(page, service, SECRET)
    assert status == "200"
    assert answer["status"] == "accepted"
    page.click("#operations-tasks-round_status .opblock-summary-control")
    page.click("#operations-tasks-round_status .try-out__btn")
    page.fill("#operations-tasks-round_status .parameters input", answer["id"])
    page.click("#operations-tasks-round_status button.execute")
    told = page.locator("#operations-tasks-round_status .live-responses-table .highlight-code code").first
    assert json.loads(told.inner_text())["id"] == answer["id"]


def test_every_part_of_the_page_can_be_opened(page: Page, service: Service) -> None:
    page.goto(f"{service.public}/docs")
    for operation in page.locator(".opblock-summary-control").all():
        operation.click()
    page.locator(".models-control").click()
    page.locator("text=Round").last.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_axe_finds_nothing_serious_but_what_swagger_ui_nests(page: Page, service: Service) -> None:
    page.goto(f"{service.public}/docs")
    page.click("#operations-tasks-handle_task .opblock-summary-control")
    page.click("#operations-tasks-handle_task .try-out__btn")
    page.locator("textarea.body-param__text[aria-label]").wait_for()
    found = Axe().run(page).response["violations"]
    # A link within each operation's button: its own markup, which nothing of ours can change.
    assert {v["id"] for v in found if v["impact"] in {"serious", "critical"}} <= {"nested-interactive"}
