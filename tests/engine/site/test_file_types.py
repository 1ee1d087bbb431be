from __future__ import annotations

import pytest

from engine.site.file_types import is_publishable
from engine.site.lookup import MEDIA_TYPES


@pytest.mark.parametrize(
    "path",
    [*(f"a{suffix}" for suffix in MEDIA_TYPES), "deep/down/a.HTML", "a.min.js", "src/app.py", "notes.YML", "q.sql"],
)
def test_what_a_page_serves_and_plain_text_may_enter(path: str) -> None:
    assert is_publishable(path)


@pytest.mark.parametrize("path", ["a.exe", "a.sh", "a.zip", "a.html.gz", "Makefile", "html", ".html", "a.", "bin/run"])
def test_any_other_type_is_left_out(path: str) -> None:
    assert not is_publishable(path)


@pytest.mark.parametrize("path", ["CNAME", "cname", "docs/CNAME"])
def test_a_custom_domain_is_never_taken_from_a_model(path: str) -> None:
    assert not is_publishable(path)
