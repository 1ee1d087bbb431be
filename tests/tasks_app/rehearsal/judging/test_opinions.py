"""What a model judges, whatever it replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from engine.errors import Transient
from tasks_app.rehearsal.criteria import CRITERIA
from tests.fakes.author import FakeAuthor
from tests.tasks_app.rehearsal.judging.world import FILES, SECRET, tools_for

if TYPE_CHECKING:
    from tasks_app.rehearsal.judging.contracts import Result
    from tests.tasks_app.rehearsal.judging.world import World

TEXTS = ["The page names its source", {"rubric": "explains the code", "of": "readme"}, "The page is blue"]
CHECKS = ["The page names its source", "explains the code (readme)", "The page is blue"]


def judged(world: World, author: FakeAuthor | None) -> list[Result]:
    results = world.judged(criteria=CRITERIA.validate_python(TEXTS), tools=tools_for(author=author))
    assert [one for one in results if results[one].kind == "text"] == CHECKS
    return [results[one] for one in CHECKS]


def test_sentences_and_rubrics_in_one_call(world: World) -> None:
    world.publish(FILES | {"app.js": f"// {SECRET}".encode(), ".github/workflows/ci.yml": b"on: push\n"})
    author = FakeAuthor("1: holds - it is in the footer\n2: 7/10 - little on the files\n3: cannot tell - no picture")
    found = judged(world, author)
    assert [one.score for one in found] == [1.0, 0.7, None]
    assert found[1].reason == "the model grades it 7/10: little on the files"
    assert found[2].reason == "the model says cannot tell: no picture"
    [(model, messages, _)] = author.asked
    assert model == "first"
    assert "2. Grade README.md: explains the code" in messages[-1].content
    assert "[file app.js" in messages[-1].content
    assert "[file .github/workflows/ci.yml" in messages[-1].content
    assert SECRET not in messages[-1].content


@pytest.mark.parametrize(
    "reply",
    ["", "All is well!", "1: 10/10 - a sentence gets no grade\n2: 11/10 - too much\n9: holds - none", "{}" * 9_000],
    ids=["empty", "prose", "other forms", "long"],
)
def test_a_reply_without_a_judgement(world: World, reply: str) -> None:
    world.publish()
    found = judged(world, FakeAuthor(reply))
    assert {(one.score, one.reason) for one in found} == {(None, "the model's reply holds no judgement of this")}


def test_a_binary_file_that_a_sentence_names_is_not_shown_as_text(world: World) -> None:
    world.publish(FILES | {"book.xlsx": b"PK\x03\x04\0\0", "notes.txt": b"A note."})
    author = FakeAuthor("1: holds - both are there")
    criteria = CRITERIA.validate_python(["notes.txt tells of book.xlsx"])
    world.judged(criteria=criteria, tools=tools_for(author=author))
    [(_, messages, _)] = author.asked
    assert "[file notes.txt" in messages[-1].content
    assert "[file book.xlsx" not in messages[-1].content
    assert "book.xlsx" in messages[-1].content  # among the other files


def test_a_model_that_fails(world: World) -> None:
    world.publish()
    author = FakeAuthor(Transient("model_timeout", "The model did not reply in time."))
    found = judged(world, author)
    assert {one.score for one in found} == {None}
    assert found[0].reason == "the model could not be asked: The model did not reply in time."
    assert len(author.asked) == 1


@pytest.mark.parametrize("author", [None, FakeAuthor(simulated=True)], ids=["none", "simulated"])
def test_without_a_model_nothing_is_decided(world: World, author: FakeAuthor | None) -> None:
    world.publish()
    found = judged(world, author)
    assert {(one.score, one.reason) for one in found} == {(None, "no model is configured to judge this")}


def test_nothing_published_is_nothing_to_judge(world: World) -> None:
    author = FakeAuthor("1: holds - yes")
    criteria = CRITERIA.validate_python(TEXTS)
    results = world.judged(criteria=criteria, tools=tools_for(author=author), callback=None)
    assert {results[one].score for one in CHECKS} == {0.0}
    assert author.asked == []
