"""Pages without an end: continued, repaired, or published as far as they go and called so. Real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.domain.model_call import Reply
from tasks_app.models import CheckResult
from tasks_app.reports.headline import headline
from tests.driving import driven, kinds
from tests.tasks_app.worker.repair.tries import asked, page, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.domain.model_call import Message
    from tests.conftest import Outside

pytestmark = pytest.mark.django_db

OPEN = "ONE TWO</p><script>function run() {"


def cut(words: str, before: str = "</p>", finish_reason: str = "length") -> Callable[[Sequence[Message]], Reply]:
    """Return a reply that ends before a part of its page."""

    def reply(messages: Sequence[Message]) -> Reply:
        text = page(words)(messages)
        return Reply(text[: text.index(before, text.index("ONE"))], "first", finish_reason)

    return reply


def open_script(messages: Sequence[Message]) -> str:
    """Return a reply in the agreed form, with a closing line, whose page has a script that stops in a function."""
    return page(f"{OPEN}</script>")(messages)


@pytest.mark.parametrize("finish_reason", ["length", "disconnected", "stop", "content_filter"])
def test_a_page_that_was_cut_off_is_continued(browsing: Outside, finish_reason: str) -> None:
    browsing.author.replies = [cut("ONE TWO", finish_reason=finish_reason), page("ONE TWO")]
    row = driven(asked())
    assert (row.state, kinds(), row.degraded, row.warnings) == ("completed", ["generate", "continue"], False, [])
    assert not CheckResult.objects.filter(kind="gate", verdict="fail").exists()


def test_a_page_that_stops_in_a_script_is_repaired(browsing: Outside) -> None:
    browsing.author.replies = [open_script, page("ONE TWO")]
    row = driven(asked())
    assert (row.state, kinds(), row.degraded, row.warnings) == ("completed", ["generate", "repair"], False, [])
    assert "its <script> in line 5 ends in an open {" in browsing.author.asked[1][1][-1].content
    assert words_of(row) == "ONE TWO"


def test_a_page_whose_end_never_comes_is_published_as_far_as_it_goes_and_called_so(browsing: Outside) -> None:
    browsing.author.replies = [cut("ONE TWO")] * 12
    row = driven(asked())
    assert (row.state, row.degraded, words_of(row)) == ("completed", True, "ONE TWO")
    assert row.warnings[-1].startswith("A published file is incomplete, because every model reply ended too early: ")
    assert "index.html:5: " in row.warnings[-1]
    assert "a published file is incomplete" in headline(row, now=row.finished_at)


def test_a_page_that_no_repair_completes_is_published_and_called_so(browsing: Outside) -> None:
    browsing.author.replies = [open_script] * 8
    row = driven(asked())
    assert (row.state, row.degraded) == ("completed", True)
    assert "its <script> in line 5 ends in an open {" in row.warnings[-1]
    (inside,) = browsing.forge.repositories.values()
    assert b"function run() {" in inside.commits[row.commit_sha].files["index.html"]
