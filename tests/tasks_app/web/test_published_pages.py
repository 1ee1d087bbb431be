from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.test import RequestFactory

from engine.adapters.local.local_forge import LocalForge
from engine.domain.repository import CommitSpec, Reach, RepositorySpec
from tasks_app import wiring
from tasks_app.web.published_pages import page

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpResponse

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalForge:
    forge = LocalForge(tmp_path, pages_origin="http://127.0.0.1:8000")
    monkeypatch.setattr(wiring, "local_forge", lambda: forge)
    repository = forge.create(RepositorySpec("site", "1234abcd", "f" * 64, "d", LONG_AGO))
    files = {"index.html": b"<p>home", "docs/index.html": b"docs", "data.json": b"{}"}
    forge.commit(repository, CommitSpec(files, None, "m", "S <s@example.com>", LONG_AGO))
    forge.enable_pages(repository)
    return forge


def ask(path: str, method: str = "GET", **headers: str) -> HttpResponse:
    request = RequestFactory().generic(method, f"/pages/local/site{path}", headers=headers)
    return page(request, "local", "site", path.partition("?")[0].removeprefix("/"))


def test_page_is_served_with_its_type_and_unsniffed() -> None:
    response = ask("/")
    assert (response.status_code, response.content) == (200, b"<p>home")
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-cache"
    assert ask("/data.json")["Content-Type"] == "application/json; charset=utf-8"


def test_query_does_not_matter() -> None:
    assert ask("/?cb=1").content == b"<p>home"


def test_known_bytes_are_not_sent_again() -> None:
    etag = ask("/")["ETag"]
    for known in (etag, f'"x", W/{etag}', "*"):
        response = ask("/", **{"If-None-Match": known})
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    assert ask("/", **{"If-None-Match": '"other"'}).status_code == 200


def test_new_commit_changes_bytes_and_tag(forge: LocalForge) -> None:
    before = ask("/")["ETag"]
    repository = forge.create(RepositorySpec("site", "1234abcd", "f" * 64, "d", LONG_AGO))
    forge.commit(repository, CommitSpec({"index.html": b"new"}, forge.head(repository), "m", "S <s@x.org>", LONG_AGO))
    response = ask("/", **{"If-None-Match": before})
    assert (response.status_code, response.content) == (200, b"new")


@pytest.mark.parametrize(
    ("path", "to"),
    [("", "/pages/local/site/"), ("?a=b", "/pages/local/site/?a=b"), ("/docs?a", "/pages/local/site/docs/?a")],
)
def test_folder_is_led_to_its_slash(path: str, to: str) -> None:
    response = ask(path)
    assert (response.status_code, response["Location"]) == (301, to)


def test_head_has_the_length_and_no_body() -> None:
    response = ask("/", "HEAD")
    assert (response.status_code, response["Content-Length"], response.content) == (200, "7", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_but_reading_is_allowed(method: str) -> None:
    assert ask("/", method).status_code == 405


def test_missing_file_is_plain_text() -> None:
    response = ask("/nothing.html")
    assert (response.status_code, response["Content-Type"]) == (404, "text/plain; charset=utf-8")


def test_own_error_page_is_served_with_404(forge: LocalForge) -> None:
    repository = forge.create(RepositorySpec("site", "1234abcd", "f" * 64, "d", LONG_AGO))
    forge.commit(repository, CommitSpec({"404.html": b"lost"}, forge.head(repository), "m", "S <s@x.org>", LONG_AGO))
    response = ask("/nothing", **{"If-None-Match": "*"})
    assert (response.status_code, response.content) == (404, b"lost")


@pytest.mark.parametrize("path", ["/", "/data.json", "/nothing", ""])
def test_a_page_that_is_taken_down_says_so_at_every_address(forge: LocalForge, path: str) -> None:
    place = forge.find(slug="site", task_key="f" * 64)
    assert place is not None
    forge.take_down(place, Reach.PAGES)
    response = ask(path or "/?x")
    assert (response.status_code, response["Content-Type"]) == (410, "text/plain; charset=utf-8")
    assert b"taken down" in response.content
    forge.put_back(place, Reach.PAGES)
    assert ask("/").status_code == 200
