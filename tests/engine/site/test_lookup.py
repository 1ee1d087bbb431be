from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.site.lookup import DEFAULT_MEDIA_TYPE, media_type, resolve


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("a/B.JS", "text/javascript; charset=utf-8"),
        ("a.min.css", "text/css; charset=utf-8"),
        ("logo.PNG", "image/png"),
        ("a.csv", "text/csv; charset=utf-8"),
        ("LICENSE", DEFAULT_MEDIA_TYPE),
        (".html", DEFAULT_MEDIA_TYPE),
        ("a.html/b", DEFAULT_MEDIA_TYPE),
        ("a.exe", DEFAULT_MEDIA_TYPE),
        ("", DEFAULT_MEDIA_TYPE),
    ],
)
def test_a_files_type_is_that_of_its_ending(path: str, served: str) -> None:
    assert media_type(path) == served


SITE = {
    "index.html",
    "about.html",
    "a.js",
    "sub/index.html",
    "both",
    "both.html",
    "page.html",
    "page/index.html",
    "empty/a.txt",
}


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("", "index.html"),
        ("index.html", "index.html"),
        ("index", "index.html"),
        ("about", "about.html"),
        ("a.js", "a.js"),
        ("sub/", "sub/index.html"),
        ("sub", "sub/"),
        ("both", "both"),
        ("page", "page.html"),
        ("page/", "page/index.html"),
        ("empty", None),
        ("empty/", None),
        ("a.js/", None),
        ("gone", None),
        ("gone.html", None),
        ("About", None),
    ],
)
def test_an_address_serves_what_github_pages_would(path: str, served: str | None) -> None:
    assert resolve(path, SITE.__contains__) == served


def test_a_site_without_an_index_serves_nothing_at_its_root() -> None:
    assert resolve("", {"a.js"}.__contains__) is None
    assert resolve("", {".html", "/index.html"}.__contains__) is None


@given(st.text("ab/.", max_size=6), st.sets(st.sampled_from(["a", "b.html", "a/index.html", "a/b", "index.html"])))
def test_whatever_is_served_is_there(path: str, files: set[str]) -> None:
    found = resolve(path, files.__contains__)
    assert found is None or found in files or f"{found}index.html" in files
