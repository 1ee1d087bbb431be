"""Two host names: whatever the Host header or the path, neither host serves what belongs to the other."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from django.test import Client

LOCALHOST, PAGES = "localhost:8000", "127.0.0.1:8000"


@pytest.fixture(autouse=True)
def origins(settings) -> None:
    settings.PUBLIC_URL, settings.PUBLIC_HOST = f"http://{LOCALHOST}", "localhost"
    settings.PAGES_ORIGIN, settings.PAGES_HOST = f"http://{PAGES}", "127.0.0.1"
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", "alias.example", "pages.example"]


def ask(path: str, host: str, method: str = "get"):
    # PATH_INFO beside the address: the client would take `//admin/` for a host.
    return getattr(Client(), method)(
        "/", PATH_INFO=unquote(path.split("?")[0]), QUERY_STRING=path.partition("?")[2], headers={"host": host}
    )


@pytest.mark.django_db
@pytest.mark.parametrize("host", [PAGES, "127.0.0.1", "127.0.0.1.", "127.0.0.1.:8000", "127.0.0.1:99"])
@pytest.mark.parametrize("path", ["/admin/", "/admin", "/admin/login/?next=/admin/", "/%61dmin/", "//admin/"])
def test_the_admin_is_led_away_from_the_pages_host(host: str, path: str) -> None:
    answer = ask(path, host)
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"http://{LOCALHOST}/")


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_documentation_is_led_away_from_the_pages_host(path: str) -> None:
    assert ask(path, PAGES)["Location"] == f"http://{LOCALHOST}{path}"
    assert ask(path, LOCALHOST).status_code == 200


@pytest.mark.parametrize("host", ["Pages.Example", "PAGES.EXAMPLE.:443", "pages.example."])
def test_the_spelling_of_the_pages_host_does_not_matter(host: str, settings) -> None:
    settings.PAGES_ORIGIN, settings.PAGES_HOST = "https://pages.example", "pages.example"
    assert ask("/admin/", host)["Location"] == f"http://{LOCALHOST}/admin/"
    assert ask("/pages/local/none/", host).status_code == 404


@pytest.mark.parametrize("host", [LOCALHOST, "LOCALHOST", "localhost.", "[::1]:8000", "alias.example"])
@pytest.mark.parametrize("path", ["/pages/local/x/", "/git/local/x.git/info/refs", "/%70ages/local/x/?a=b"])
def test_pages_and_clones_are_led_to_their_own_host(host: str, path: str) -> None:
    answer = ask(path, host)
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"http://{PAGES}/")


def test_pages_on_an_ipv6_address_do_not_lead_in_a_circle(settings) -> None:
    settings.PAGES_ORIGIN, settings.PAGES_HOST = "http://[::1]:8000", "::1"
    assert ask("/pages/local/none/", "[::1]:8000").status_code == 404


def test_a_redirect_keeps_path_and_query_and_stays_on_our_origin() -> None:
    assert ask("/pages/local/x/a.html?q=1", LOCALHOST)["Location"] == f"http://{PAGES}/pages/local/x/a.html?q=1"
    assert ask("//pages/@evil.example/", LOCALHOST)["Location"].startswith(f"http://{PAGES}/")


@pytest.mark.parametrize(("path", "host"), [("/admin/", PAGES), ("/admin", PAGES), ("/pages/local/x/", LOCALHOST)])
def test_what_would_change_something_is_refused_and_not_led(path: str, host: str) -> None:
    assert ask(path, host, "post").status_code == 403


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8000@localhost",
        "localhost:8000@127.0.0.1",
        "evil.example",
        "127.0.0.1, localhost",
        "a b",
        "2130706433",
    ],
)
@pytest.mark.parametrize("path", ["/admin/", "/pages/local/x/", "/"])
def test_a_host_that_is_not_ours_gets_nothing(path: str, host: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(path, host)
    assert caplog.records == []
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("host", ["10.0.3.17:8000", "evil.example", "[fd00::1]:8000", "", None])
def test_a_probe_is_answered_under_any_name_and_under_none(path: str, method: str, host: str | None) -> None:
    headers = {} if host is None else {"host": host}
    answer = getattr(Client(SERVER_NAME="10.0.3.17"), method)(path, headers=headers)
    assert answer.status_code in {200, 503 if path == "/readyz" else 200}
    assert answer["Content-Type"] == "application/json"
    assert bool(answer.content) == (method == "get")


@pytest.mark.parametrize("header", ["x-forwarded-host", "forwarded"])
def test_no_header_but_host_tells_the_name(header: str) -> None:
    answer = Client().get("/admin/", headers={"host": PAGES, header: "localhost:8000"})
    assert answer["Location"] == f"http://{LOCALHOST}/admin/"


def test_the_admin_without_its_slash_leads_to_it() -> None:
    assert ask("/admin", LOCALHOST)["Location"] == "/admin/"


@pytest.mark.parametrize("path", ["/ADMIN/", "/./admin/", "/admin;/", "/x/../admin/", "/\\admin/"])
@pytest.mark.django_db
def test_no_other_spelling_reaches_the_admin_on_the_pages_host(path: str) -> None:
    answer = ask(path, PAGES)
    assert answer.status_code == 404
