"""The console in a real browser: one click, the keyboard alone, hostile text, no violation of the content policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from tasks_app.models import Round
from tasks_app.operations.breakers import pauses_on
from tests.driving import driven
from tests.factories import make_round, with_plan
from tests.hostile import HOSTILE, hostile_plan, hostile_rows
from tests.tasks_app.admin.test_differences import edited_round

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import Outside

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_fresh_cache")]

LIST = "/admin/tasks_app/round/"
#: The smallest picture that a browser shows: one grey pixel.
JPEG = bytes.fromhex(
    "ffd8ffdb004300" + "01" * 64 + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000003ffc400141001"
    "00000000000000000000000000000000ffda0008010100003f0037ffd9"
)
#: Names that are read out, and fields that have one: what a screen reader needs and our own templates could forget.
UNNAMED = """() => [
  ...document.querySelectorAll("button, a[href], input:not([type=hidden]), select, img, [role=region]")]
  .filter((e) => e.offsetParent !== null)
  .filter((e) => !(e.textContent.trim() || e.value || e.alt || e.title || e.ariaLabel
    || e.getAttribute("aria-labelledby") || (e.labels && e.labels.length) || e.placeholder
    || e.querySelector("[title], [alt], [aria-label]")))
  .map((e) => e.outerHTML.slice(0, 200))"""


def failed(outside: Outside) -> Round:
    """Return a round whose callback failed after all other steps were done."""
    row = driven(make_round())
    assert row.state == "completed"
    Round.objects.update(
        state="failed", error_code="callback_undelivered", error_message="The evaluator could not be told.",
        needs_attention=True,
    )  # fmt: skip
    outside.notifier.sent.clear()
    return row


def evidence(row: Round) -> str:
    """Return the address of an evidence page whose every part is filled: a diff, a long brief, a screenshot."""
    changed = f"{'long line ' * 60}\n"
    row.attachments.create(position=9, name=f"{'long-name-' * 20}.py", content=b"before\n", sha256="b" * 64)
    row.chosen_attempt.files.create(
        path=f"{'long-name-' * 20}.py", content=changed.encode(), sha256="c" * 64, size=1, origin="model"
    )
    row.chosen_attempt.check_results.create(
        target="local", position=90, kind="page_load", text="The page opens", verdict="fail", screenshot=JPEG
    )
    row.chosen_attempt.check_results.create(
        target="live", position=91, kind="js", text="x" * 900, verdict="fail", detail="y" * 900
    )
    return f"/evidence/{row.commits.get().token}"


def retried(tab: Page, row: Round, outside: Outside) -> None:
    """Drive the retried round and see the page tell its end by itself."""
    row.refresh_from_db()
    assert (row.state, row.step, row.run) == ("queued", "notify", 2)
    tab.goto(f"{LIST}{row.pk}/change/")
    assert "Queued at notify" in tab.inner_text("#story")
    driven(row)
    tab.wait_for_selector("#story.state-completed")
    assert tab.inner_text("#story").startswith("Completed: the evaluator was told.")
    assert len(outside.notifier.sent) == 1


@pytest.mark.slow
def test_a_failed_round_is_retried_to_completed_by_one_click(
    tab: Page, outside: Outside, complaints: list[str]
) -> None:
    row = failed(outside)
    tab.goto(LIST)
    tab.click(f"#result_list button[formaction*='{row.pk}']")
    assert urlsplit(tab.url).path == LIST
    assert "goes on with a fresh deadline" in tab.inner_text(".messagelist")
    retried(tab, row, outside)
    assert complaints == []


@pytest.mark.slow
def test_and_by_the_keyboard_alone(tab: Page, outside: Outside, complaints: list[str]) -> None:
    row = failed(outside)
    tab.goto(LIST)
    for _ in range(80):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.getAttribute('formaction') || ''").endswith(f"{row.pk}/act/retry/"):
            break
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    retried(tab, row, outside)
    assert complaints == []


@pytest.mark.slow
@pytest.mark.parametrize(("state", "looks"), [("waiting", True), ("failed", False)])
def test_a_page_looks_again_until_its_round_has_ended(tab: Page, outside: Outside, state: str, looks: bool) -> None:
    row = failed(outside)
    if looks:
        Round.objects.update(state=state, next_at=timezone.now(), finished_at=None)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url) if "/status/" in request.url else None)
    tab.clock.install()
    tab.goto(f"{LIST}{row.pk}/change/")
    tab.clock.run_for(10_000)
    assert bool(asked) is looks


@pytest.mark.slow
def test_a_refresh_leaves_the_focus_where_it_was(tab: Page, outside: Outside) -> None:
    del outside
    row = make_round()
    tab.goto(f"{LIST}{row.pk}/change/")
    tab.focus("#act-cancel")
    Round.objects.update(state="waiting", waiting_on="the moon")
    tab.locator("#story", has_text="the moon").wait_for()
    assert tab.evaluate("document.activeElement.id") == "act-cancel"


@pytest.mark.slow
def test_without_scripts_the_page_says_how_to_see_it_again(tab: Page, outside: Outside) -> None:
    del outside
    row = make_round()
    context = tab.context.browser.new_context(
        base_url=tab.url, java_script_enabled=False, storage_state=tab.context.storage_state()
    )
    plain = context.new_page()
    plain.goto(f"{LIST}{row.pk}/change/")
    Round.objects.update(state="cancelled", next_at=None, finished_at=timezone.now())
    plain.click("#reload")
    assert plain.inner_text("#story").startswith("Cancelled at generate")
    plain.click("#act-retry")
    assert Round.objects.get().run == 2
    context.close()


@pytest.mark.slow
def test_a_plan_is_edited_in_the_browser(tab: Page, outside: Outside, complaints: list[str]) -> None:
    row = failed(outside)
    with_plan(row, plan={"files": [{"path": "a.txt", "source": "write"}], "notes": ["euros are meant"]})
    tab.goto(f"{LIST}{row.pk}/change/")
    tab.click("#edit-plan")
    text = tab.input_value("#plan")
    tab.fill("#plan", text.replace("{", "", 1))
    tab.click("button.act")
    assert "Nothing was saved." in tab.inner_text("[role=alert]")
    assert tab.input_value("#plan") == text.replace("{", "", 1)
    tab.fill("#plan", text.replace("euros", "dollars"))
    tab.click("button.act")
    assert urlsplit(tab.url).path == f"{LIST}{row.pk}/change/"
    assert "is written anew by the edited plan." in tab.inner_text(".messagelist")
    assert "dollars are meant" in tab.inner_text(".plan-in-words")
    row.refresh_from_db()
    assert (row.state, row.step, row.run) == ("queued", "generate", 2)
    assert complaints == []


def kinds(tab: Page) -> set[str]:
    """Return the addresses that a page links to inside the console, one of each kind."""
    links = tab.eval_on_selector_all("a[href]", "links => links.map((a) => a.href)")
    inside = [u for u in links if urlsplit(u).path.startswith("/admin/") and "logout" not in u]
    return {re.sub(r"[?#].*", "", u) for u in inside if not u.endswith(".jpg") and "/history/" not in u}


@pytest.mark.slow
def test_hostile_text_runs_nowhere_and_no_page_complains(tab: Page, complaints: list[str]) -> None:
    line = HOSTILE + "<img src=x onerror=alert(1)>" + "W" * 1_000_000
    rows = hostile_rows()
    Round.objects.update(brief=line, error_message=line, waiting_on=line, task_name=line, email=line)
    dialogs: list[str] = []
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    todo, seen = [f"{tab.url.partition('/admin/')[0]}/admin/"], set()
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        tab.goto(address)
        wide, window = tab.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window, f"{address} is {wide} pixels wide"
        assert tab.evaluate(UNNAMED) == [], address
        todo += kinds(tab) - seen
    assert len(seen) > 2 * len(rows)
    assert dialogs == []
    assert complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tab: Page, outside: Outside, scheme: Literal["light", "dark"]) -> None:
    row = failed(outside)
    with_plan(row)
    Round.objects.update(brief="long " * 2000)
    tab.emulate_media(color_scheme=scheme)
    found = []
    pages = (
        "/", "/admin/", LIST, f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/plan/", "/admin/tasks_app/event/",
        "/admin/password_change/",
        evidence(row),
    )  # fmt: skip
    for address in pages:
        tab.goto(address)
        results = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
        found += [
            (address, broken["id"], [node["html"][:200] for node in broken["nodes"]])
            for broken in results.response["violations"]
            if broken["impact"] in {"serious", "critical"}
        ]
    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
def test_the_console_fits_its_screen(tab: Page, outside: Outside, width: int, complaints: list[str]) -> None:
    row = failed(outside)
    with_plan(row, plan=hostile_plan("long-name-" * 20))
    tab.set_viewport_size({"width": width, "height": 844})
    of_round = (f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/plan/", evidence(row))
    for address in ("/", "/admin/", LIST, "/admin/tasks_app/attempt/", *of_round):
        tab.goto(address)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, address
        assert tab.locator("h1").first.is_visible()
    tab.goto(LIST)
    assert tab.locator(f"button[formaction*='{row.pk}']").is_visible()
    box = tab.locator(f"button[formaction*='{row.pk}']").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    assert complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_a_pause_is_begun_and_ended_by_keyboard_or_click_at_any_width(
    tab: Page, width: int, complaints: list[str]
) -> None:
    tab.set_viewport_size({"width": width, "height": 844})
    tab.goto("/admin/")
    tab.get_by_label("Reason for the pause of intake").fill("exam over " * 20 + "x" * 200)
    tab.keyboard.press("Enter")
    tab.get_by_text("Intake paused").wait_for()
    assert tab.get_by_text("Intake paused").bounding_box()["y"] < 400, "a pause is at the top of the front page"
    tab.get_by_role("button", name="Pause publishing").click()
    tab.get_by_text("Publishing paused").wait_for()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    for button in tab.locator(".switches button").all():
        box = button.bounding_box()
        assert box["x"] + box["width"] <= width
    axe = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]})
    assert [one["id"] for one in axe.response["violations"] if one["impact"] in {"serious", "critical"}] == []
    complaints.clear()  # axe sets styles, which the policy refuses
    tab.get_by_role("button", name="Resume intake").click()
    tab.get_by_role("button", name="Pause intake").wait_for()
    assert set(pauses_on()) == {"publishing"}
    assert complaints == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_differences_are_one_click_away_and_fit_the_screen(
    tab: Page, outside: Outside, width: int, complaints: list[str]
) -> None:
    row = edited_round(outside, f"<p>{'long line ' * 60}</p>\n" * 80)
    tab.set_viewport_size({"width": width, "height": 844})
    tab.goto(f"{LIST}{row.pk}/change/")
    tab.click("a[href$='#differences']")
    tab.wait_for_url("**/attempt/*/change/#differences")
    section = tab.locator("#differences")
    page = section.locator("details", has_text="index.html")
    assert not page.locator("pre.diff").is_visible()
    page.locator("summary").press("Enter")
    assert page.locator("pre.diff .d-add").first.is_visible()
    assert section.locator("details", has_text="README.md").locator("pre.diff").is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate("document.querySelector('#differences').offsetWidth") <= width
    assert complaints == []
    axe = Axe().run(
        tab, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa"]}
    )  # sets styles, which the policy refuses
    assert [one["id"] for one in axe.response["violations"] if one["impact"] in {"serious", "critical"}] == []
