"""A published page in a real browser, with the operator logged in next door: it reads nothing of the admin and changes
nothing.

The same attack is run from the admin's own origin as well, where it succeeds: so a leak would be seen.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from engine.adapters.local.local_forge import LocalForge
from engine.domain.repository import CommitSpec, RepositorySpec
from tests.chromium import launched
from tests.service import Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

PASSWORD = "the-operator-of-this-test"

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

#: Every way known to a page of reading `target`, an origin: what each way got, by name.
READ = """
async (target) => {
  const paths = ["/admin/", "/admin/tasks_app/round/", "/admin/auth/user/1/change/", "/admin/password_change/"];
  const within = (promise) => Promise.race([promise, new Promise((end) => setTimeout(() => end("(timeout)"), 4000))]);
  const soon = (work) => within(new Promise(work)).catch(String);
  const got = { cookie: document.cookie };
  for (const path of paths) {
    const url = target + path;
    for (const mode of ["cors", "no-cors", "same-origin"])
      got[`fetch ${mode} ${path}`] = await within(
        fetch(url, { mode, credentials: "include" }).then((a) => a.text())).catch(String);
    got[`xhr ${path}`] = await soon((end) => {
      const x = new XMLHttpRequest();
      x.open("GET", url); x.withCredentials = true; x.onloadend = () => end(x.responseText); x.send();
    });
    got[`iframe ${path}`] = await soon((end) => {
      const f = document.createElement("iframe");
      f.onload = () => { try { end(f.contentDocument.documentElement.outerHTML); } catch (e) { end(String(e)); } };
      f.src = url; document.body.append(f);
    });
    got[`script ${path}`] = await soon((end) => {
      const s = document.createElement("script");
      s.onload = () => end("(loaded)"); s.onerror = () => end("(error)"); s.src = url; document.body.append(s);
    });
    got[`image ${path}`] = await soon((end) => {
      const i = new Image();
      i.onload = () => end(`drawn ${i.width}`); i.onerror = () => end("(error)"); i.src = url;
    });
  }
  const w = window.open(target + "/admin/");
  await new Promise((end) => setTimeout(end, 1500));
  try { got.window = w.document.documentElement.outerHTML; } catch (e) { got.window = String(e); }
  try { w.close(); } catch (e) { got.close = String(e); }
  return got;
}
"""

#: Every way of having the operator's browser send `acts`, as (path, fields), to `target`.
WRITE = """
async ([target, token, acts]) => {
  for (const [path, values] of acts) {
    const fields = new URLSearchParams(token ? { ...values, csrfmiddlewaretoken: token } : values);
    for (const mode of ["cors", "no-cors"])
      await fetch(target + path, { method: "POST", mode, credentials: "include", body: fields }).catch(String);
    const headers = { "X-CSRFToken": token };
    await fetch(target + path, { method: "POST", credentials: "include", body: fields, headers }).catch(String);
    const frame = document.createElement("iframe");
    frame.name = "f" + Math.random();
    const form = document.createElement("form");
    form.method = "POST"; form.action = target + path; form.target = frame.name;
    for (const [name, value] of fields) form.append(Object.assign(document.createElement("input"), { name, value }));
    document.body.append(frame, form);
    const loaded = new Promise((end) => { frame.onload = end; setTimeout(end, 3000); });
    form.submit();
    await loaded;
    navigator.sendBeacon(target + path, fields);
  }
}
"""


MAKE = (
    "/admin/auth/user/add/",
    {"username": "intruder", "password1": "intruder-1-pass", "password2": "intruder-1-pass"},
)
LOG_OUT = ("/admin/logout/", {})
ACTS = (
    MAKE,
    ("/admin/auth/user/1/change/", {"username": "renamed"}),
    ("/admin/auth/user/1/delete/", {"post": "yes"}),
    LOG_OUT,
)


def users(service: Service) -> list[tuple[object, ...]]:
    return service.rows("SELECT id, username, password, is_active FROM auth_user ORDER BY id")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    operator = {"ADMIN_USERNAME": "operator", "ADMIN_PASSWORD": PASSWORD}
    with Service(tmp_path_factory.mktemp("isolation"), workers=1, **operator) as running:
        publish(running)
        yield running.start().until_whole()


def publish(service: Service) -> None:
    forge = LocalForge(service.data / "forge", owner="local", pages_origin=service.pages)
    site = forge.create(RepositorySpec("evil", "1234abcd", "f" * 64, "d", LONG_AGO))
    forge.commit(
        site,
        CommitSpec(
            {"index.html": b"<!doctype html><title>evil</title><body>"}, None, "m", "S <s@example.com>", LONG_AGO
        ),
    )
    forge.enable_pages(site)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as running:
        yield running


@pytest.fixture
def operator(browser: Browser, service: Service) -> Iterator[BrowserContext]:
    """A browser in which the operator is logged in to the admin, with a tab open on it."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto(f"{service.public}/admin/")
    tab.fill("#id_username", "operator")
    tab.fill("#id_password", PASSWORD)
    tab.click("[type=submit]")
    assert logged_in(tab, service)
    yield context
    context.close()


def logged_in(tab: Page, service: Service) -> bool:
    tab.goto(f"{service.public}/admin/auth/user/")
    return "Log out" in tab.content() and "operator" in tab.content()


def evil_page(operator: BrowserContext, service: Service) -> Page:
    tab = operator.new_page()
    tab.goto(f"{service.pages}/pages/local/evil/")
    assert tab.title() == "evil"
    return tab


def leaks(got: dict[str, str]) -> dict[str, str]:
    """Return what holds anything of an admin page, even of its login form."""
    signs = (
        "csrfmiddlewaretoken",
        "csrftoken",
        "sessionid",
        "Log out",
        "DevOps Engine",
        "drawn",
        "(loaded)",
        "(timeout)",
    )
    return {way: text for way, text in got.items() if any(sign in text for sign in signs)}


def test_a_published_page_reads_nothing_of_the_admin(operator: BrowserContext, service: Service) -> None:
    tab = evil_page(operator, service)
    for target in (service.public, service.pages):
        got = tab.evaluate(READ, target)
        assert len(got) > 25
        assert leaks(got) == {}


def test_the_same_attack_reads_the_admin_from_the_admins_own_origin(operator: BrowserContext, service: Service) -> None:
    tab = operator.new_page()
    tab.goto(f"{service.public}/admin/")
    found = leaks(tab.evaluate(READ, service.public))
    for way in (
        "fetch cors /admin/",
        "xhr /admin/tasks_app/round/",
        "fetch same-origin /admin/auth/user/1/change/",
        "window",
    ):
        assert way in found


@pytest.mark.parametrize("token", ["", "guessed-guessed-guessed-guessed-guessed-guessed-guessed-guessed-"])
def test_a_published_page_changes_nothing(operator: BrowserContext, service: Service, token: str) -> None:
    before = users(service)
    tab = evil_page(operator, service)
    for target in (service.public, service.pages):
        tab.evaluate(WRITE, [target, token[:64], ACTS])
    assert users(service) == before
    assert logged_in(operator.new_page(), service)


def test_a_cookie_that_a_page_sets_does_not_become_the_admins(operator: BrowserContext, service: Service) -> None:
    tab = evil_page(operator, service)
    tab.evaluate(
        "for (const d of ['', '; domain=localhost', '; domain=127.0.0.1'])"
        " for (const c of ['sessionid', 'csrftoken']) document.cookie = c + '=' + 'x'.repeat(32) + '; path=/' + d"
    )
    assert {c["name"]: c["value"] for c in operator.cookies(service.public)}.keys() == {"sessionid", "csrftoken"}
    assert all("xxx" not in c["value"] for c in operator.cookies(service.public))
    assert all(c["httpOnly"] for c in operator.cookies(service.public))
    assert logged_in(tab, service)


def test_the_same_writes_succeed_from_the_admins_own_origin(operator: BrowserContext, service: Service) -> None:
    tab = operator.new_page()
    tab.goto(f"{service.public}/admin/auth/user/add/")
    token = tab.input_value("[name=csrfmiddlewaretoken] >> nth=0")
    tab.evaluate(WRITE, [service.public, token, (MAKE, LOG_OUT)])
    assert "intruder" in {user[1] for user in users(service)}
    assert not logged_in(operator.new_page(), service)


def test_each_part_leads_to_its_own_host(operator: BrowserContext, service: Service) -> None:
    tab = operator.new_page()
    tab.goto(f"{service.pages}/admin/")
    assert tab.url == f"{service.public}/admin/"
    tab.goto(f"{service.public}/pages/local/evil/")
    assert tab.url == f"{service.pages}/pages/local/evil/"
    assert operator.cookies(service.pages) == []


def test_no_admin_cookie_is_sent_to_the_pages_host(operator: BrowserContext, service: Service) -> None:
    tab, sent = operator.new_page(), []
    tab.on("request", lambda request: sent.append(request.all_headers()))
    for path in ("/pages/local/evil/", "/", "/api/rounds/00000000-0000-4000-8000-000000000000"):
        tab.goto(service.pages + path)
    assert len(sent) >= 3
    assert all("cookie" not in headers for headers in sent)
