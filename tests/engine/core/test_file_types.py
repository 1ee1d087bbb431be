from __future__ import annotations

import pytest

from engine.core.file_types import is_publishable
from engine.core.pages import MEDIA_TYPES


@pytest.mark.parametrize(
    "path",
    [*(f"a{suffix}" for suffix in MEDIA_TYPES), "deep/down/a.HTML", "a.min.js", "src/app.py", "notes.YML", "q.sql"],
)
def test_what_a_page_serves_and_plain_text_may_enter(path: str) -> None:
    assert is_publishable(path, "")


@pytest.mark.parametrize("path", ["a.exe", "a.sh", "a.zip", "a.html.gz", "Makefile", "html", ".html", "a.", "bin/run"])
def test_any_other_type_is_left_out(path: str) -> None:
    assert not is_publishable(path, "Write a page and an a.txt.")


@pytest.mark.parametrize(
    ("path", "brief", "enters"),
    [
        ("run.sh", "Add run.sh to it.", True),
        ("run.sh", "Add RUN.SH", True),
        ("Bin/Run.SH", "Add bin/run.sh", True),
        ("Makefile", "With a Makefile, please", True),
        ("run.sh", "Add rerun.sh", False),
        ("run.sh", "Add run.shell", False),
        ("run.sh", "Add my-run.sh", False),
        ("run.sh", "Add a.run.sh", False),
        ("run.sh", "Add run.sh-old", False),
        ("run.sh", "Add runXsh", False),
    ],
)
def test_a_file_that_the_brief_names_may_enter_and_none_of_a_like_name(path: str, brief: str, enters: bool) -> None:
    assert is_publishable(path, brief) is enters


@pytest.mark.parametrize("path", ["CNAME", "cname"])
def test_a_custom_domain_is_never_taken_from_a_model(path: str) -> None:
    assert not is_publishable(path, "Publish it with a CNAME file.")


def test_a_cname_that_pages_does_not_obey_is_a_file_like_others() -> None:
    assert is_publishable("docs/CNAME", "Show docs/CNAME")
    assert not is_publishable("docs/CNAME", "")
