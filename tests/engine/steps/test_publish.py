from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from engine.domain.repository import CommitSpec, Origin, PagesSource, SiteFile
from engine.errors import LeaseLost, Permanent, Transient
from engine.site.repository_files import repository_name
from engine.steps.contracts import PlannedCommit, PublishInput
from engine.steps.publish import message, publish
from tests.engine.steps.inputs import BRIEF, LATER, ROUND_ID, TREE, publishing
from tests.fakes import NOW, PAGE, FakeForge, FakeJournal, make_ports

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = repository_name(BRIEF.email, BRIEF.task, BRIEF.nonce)


class Died(BaseException):
    """Stands for the death of the process."""


def planned(journal: FakeJournal) -> PlannedCommit | None:
    left = [p for p in journal.planned if p[0] not in journal.abandoned]
    return PlannedCommit(left[-1][0], left[-1][1]) if left else None


def test_round_1_is_one_repository_and_one_commit() -> None:
    forge = FakeForge(lambda: NOW)
    outcome = publish(publishing(), make_ports(forge=forge))
    assert forge.writes == ["create", "commit"]
    assert outcome.repository.name == NAME
    assert outcome.repository.pages_url
    inside = forge.repositories[NAME]
    assert inside.head == outcome.sha
    assert inside.commits[outcome.sha].files == {path: file.content for path, file in TREE.items()}
    assert inside.commits[outcome.sha].parent is None


def test_a_strangers_name_gets_a_number() -> None:
    forge = FakeForge(lambda: NOW)
    forge.strangers.add(NAME)
    assert publish(publishing(), make_ports(forge=forge)).repository.name == f"{NAME}-2"


@pytest.mark.parametrize("method", ["create", "commit", "enable_pages"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_around_each_effect_and_a_second_claim_give_one_repository_and_one_commit(
    method: str, when: str
) -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    getattr(forge.faults, when)[method].append(Died())
    ports = make_ports(forge=forge, journal=journal)
    with pytest.raises(Died):
        publish(publishing(), ports)
    made = journal.repositories[-1] if journal.repositories else None
    outcome = publish(publishing(repository=made, planned=planned(journal)), ports)
    assert forge.writes == ["create", "commit"]
    assert list(forge.repositories) == [NAME]
    assert forge.repositories[NAME].head == outcome.sha


def test_the_commit_is_written_down_before_it_is_pushed() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    forge.faults.before["commit"].append(Died())
    with pytest.raises(Died):
        publish(publishing(), make_ports(forge=forge, journal=journal))
    assert len(journal.planned) == 1
    assert set(journal.planned[0][2]) == set(TREE)


def test_a_lost_lease_stops_before_the_push() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    ports = make_ports(forge=forge, journal=journal)
    publish(publishing(), ports)
    place = journal.repositories[-1]
    journal.fence()
    with pytest.raises(LeaseLost):
        publish(publishing(brief=LATER, repository=place), ports)
    assert forge.writes == ["create", "commit"]


def later(forge: FakeForge) -> PublishInput:
    """Publish a first round and return the input of a second, whose tree was written for the first one's head."""
    first = publish(publishing(), make_ports(forge=forge))
    changed = TREE | {"index.html": SiteFile(PAGE.replace(b"7", b"8"), Origin.MODEL)}
    carried = {
        path: file if path == "index.html" else SiteFile(file.content, Origin.CARRIED) for path, file in changed.items()
    }
    return publishing(brief=LATER, files=carried, base_sha=first.sha, repository=first.repository)


def test_a_later_round_is_one_commit_on_the_head() -> None:
    forge = FakeForge(lambda: NOW)
    task = later(forge)
    outcome = publish(task, make_ports(forge=forge))
    assert forge.writes == ["create", "commit", "commit"]
    assert forge.repositories[NAME].commits[outcome.sha].parent == task.tree.base_sha


def stranger(forge: FakeForge) -> str:
    inside = forge.repositories[NAME]
    files = {**inside.commits[inside.head].files, "theirs.txt": b"hello", "data.csv": b"theirs too"}
    return inside.add(CommitSpec(files, inside.head, "stranger", "s <s@t>", NOW))


def test_a_head_that_moved_keeps_the_strangers_files_beside_our_changes() -> None:
    forge = FakeForge(lambda: NOW)
    task = later(forge)
    theirs = stranger(forge)
    outcome = publish(task, make_ports(forge=forge))
    commit = forge.repositories[NAME].commits[outcome.sha]
    assert commit.parent == theirs
    assert commit.files["theirs.txt"] == b"hello"
    assert commit.files["data.csv"] == b"theirs too"
    assert b"8" in commit.files["index.html"]


def test_a_tree_whose_base_was_replaced_meanwhile_goes_onto_the_present_head() -> None:
    forge = FakeForge(lambda: NOW)
    task = later(forge)
    theirs = stranger(forge)
    outcome = publish(replace(task, tree=replace(task.tree, base_sha="0" * 40)), make_ports(forge=forge))
    commit = forge.repositories[NAME].commits[outcome.sha]
    assert (commit.parent, commit.files["theirs.txt"]) == (theirs, b"hello")
    assert b"8" in commit.files["index.html"]


def test_a_commit_is_planned_again_if_the_head_moves_before_the_push() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    task = later(forge)
    push = forge.commit

    def moved_first(repository: object, spec: CommitSpec) -> bool:
        forge.commit = push
        stranger(forge)
        return push(repository, spec)

    forge.commit = moved_first
    outcome = publish(task, make_ports(forge=forge, journal=journal))
    assert journal.abandoned == [journal.planned[0][0]]
    assert outcome.sha == journal.planned[1][0]
    assert forge.repositories[NAME].commits[outcome.sha].files["theirs.txt"] == b"hello"


def test_a_pushed_commit_under_a_strangers_is_still_ours_and_no_second_one_is_made() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    forge.faults.after["commit"].append(Died())
    ports = make_ports(forge=forge, journal=journal)
    with pytest.raises(Died):
        publish(publishing(), ports)
    stranger(forge)
    outcome = publish(publishing(repository=journal.repositories[-1], planned=planned(journal)), ports)
    assert outcome.sha == journal.planned[0][0]
    assert forge.writes == ["create", "commit"]


def test_a_planned_commit_whose_head_moved_before_the_push_is_given_up_for_a_new_one() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    task = later(forge)
    forge.faults.before["commit"].append(Died())
    ports = make_ports(forge=forge, journal=journal)
    with pytest.raises(Died):
        publish(task, ports)
    theirs = stranger(forge)
    plan = planned(journal)
    outcome = publish(replace(task, planned=plan), ports)
    assert journal.abandoned == [plan.sha]
    assert forge.repositories[NAME].commits[outcome.sha].parent == theirs


def test_a_head_that_never_rests_waits() -> None:
    forge = FakeForge(lambda: NOW)
    task = later(forge)
    forge.commit = lambda *_: False
    with pytest.raises(Transient, match="head_moves"):
        publish(task, make_ports(forge=forge))


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"simulated": True}, "simulated model"),
        ({"degraded": True, "simulated": True}, "fallback page"),
        ({}, f"Round-Id: {ROUND_ID}"),
    ],
)
def test_the_message_says_who_wrote_it(over: dict[str, object], said: str) -> None:
    text = message(publishing(**over))
    assert text.startswith("Round 1: Show the sum of sales in #total.\n\n")
    assert said in text


def test_a_repository_that_is_gone_is_left_and_the_whole_tree_goes_to_a_new_one() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    task = later(forge)
    del forge.repositories[NAME]
    outcome = publish(task, make_ports(forge=forge, journal=journal))
    assert outcome.repository.name == repository_name(LATER.email, LATER.task, LATER.nonce)
    inside = forge.repositories[outcome.repository.name]
    assert inside.commits[outcome.sha].parent is None
    assert inside.commits[outcome.sha].files == {path: file.content for path, file in task.tree.files.items()}
    assert outcome.repository.pages_url
    assert journal.repositories[-1].name == outcome.repository.name
    assert "new repository" in journal.warnings[0]


def test_a_repository_that_goes_after_the_plan_gives_the_plan_up() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    task = later(forge)
    forge.faults.before["commit"] = [Permanent("repository_gone", "It is gone.")]
    outcome = publish(task, make_ports(forge=forge, journal=journal))
    assert planned(journal) == PlannedCommit(outcome.sha, None)
    assert len(journal.abandoned) == 1


def test_a_plan_of_an_earlier_claim_is_given_up_with_its_repository() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    task = later(forge)
    forge.faults.before["commit"] = [Died(), Permanent("repository_gone", "It is gone.")]
    with pytest.raises(Died):
        publish(task, make_ports(forge=forge, journal=journal))
    plan = planned(journal)
    outcome = publish(replace(task, planned=plan), make_ports(forge=forge, journal=journal))
    assert journal.abandoned == [plan.sha]
    assert planned(journal) == PlannedCommit(outcome.sha, None)


def test_a_repository_that_was_just_made_and_is_not_seen_yet_is_waited_for() -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    forge.faults.before["head"] = [Permanent("repository_gone", "It is gone.")]
    ports = make_ports(forge=forge, journal=journal)
    with pytest.raises(Transient, match="repository_not_seen"):
        publish(publishing(), ports)
    outcome = publish(publishing(repository=journal.repositories[-1]), ports)
    assert (forge.writes, outcome.repository.name) == (["create", "commit"], NAME)


def test_another_permanent_refusal_ends_the_step() -> None:
    forge = FakeForge(lambda: NOW)
    task = later(forge)
    forge.faults.before["commit"] = [Permanent("push_protection", "A secret.")]
    with pytest.raises(Permanent, match="push_protection"):
        publish(task, make_ports(forge=forge))


def test_the_message_names_the_task_for_who_looks_for_it() -> None:
    assert f"Task-Key: {publishing().task_key[:16]}" in message(publishing()).splitlines()


# --- Published by a workflow


def by_workflow(**over: object) -> PublishInput:
    return publishing(pages_source=PagesSource.WORKFLOW, **over)


@pytest.mark.parametrize("empty_pages", [True, False])
def test_pages_by_a_workflow_are_on_before_the_commit_arrives_which_is_the_only_one(empty_pages: bool) -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    forge.empty_pages = empty_pages
    outcome = publish(by_workflow(), make_ports(forge=forge, journal=journal))
    first = [] if empty_pages else ["commit"]  # without a branch, Pages cannot be switched on
    assert forge.writes == ["create", *first, "pages workflow", "commit"]
    inside = forge.repositories[NAME]
    assert (inside.head, inside.commits[inside.head].parent) == (outcome.sha, None)
    assert outcome.repository.pages_source is PagesSource.WORKFLOW
    assert journal.repositories[-1] == outcome.repository
    assert planned(journal) == PlannedCommit(outcome.sha, None)


@pytest.mark.parametrize("nth", [0, 1])
@pytest.mark.parametrize("method", ["create", "head", "commit", "enable_pages"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_around_each_effect_leaves_one_commit_of_a_workflow_repository(
    method: str, when: str, nth: int
) -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    real, calls = getattr(forge, method), []

    def dying(*args: object, **over: object) -> object:
        calls.append(method)
        if len(calls) == nth + 1 and when == "before":
            raise Died
        result = real(*args, **over)
        if len(calls) == nth + 1:
            raise Died
        return result

    setattr(forge, method, dying)
    task, ports = by_workflow(), make_ports(forge=forge, journal=journal)
    for _ in range(2):
        with suppress(Died):
            outcome = publish(task, ports)
        made = journal.repositories[-1] if journal.repositories else None
        task = by_workflow(repository=made, planned=planned(journal))
    outcome = publish(task, ports)
    inside = forge.repositories[NAME]
    assert (list(forge.repositories), inside.head) == ([NAME], outcome.sha)
    assert inside.commits[outcome.sha].parent is None
    assert inside.commits[outcome.sha].files == {path: file.content for path, file in TREE.items()}
    assert outcome.repository.pages_source is PagesSource.WORKFLOW


def test_a_later_round_changes_what_publishes_pages_before_its_push_and_back() -> None:
    forge = FakeForge(lambda: NOW)
    task = later(forge)
    outcome = publish(replace(task, pages_source=PagesSource.WORKFLOW), make_ports(forge=forge))
    assert forge.writes == ["create", "commit", "pages workflow", "commit"]
    back = publishing(brief=LATER, repository=outcome.repository, base_sha=outcome.sha)
    publish(back, make_ports(forge=forge))
    assert forge.writes[4:] == ["pages branch", "commit"]


def test_another_refusal_of_pages_than_that_of_an_empty_repository_makes_no_commit() -> None:
    forge = FakeForge(lambda: NOW)
    forge.faults.before["enable_pages"].append(Transient("forge_unwell", "GitHub answered 502."))
    with pytest.raises(Transient, match="forge_unwell"):
        publish(by_workflow(), make_ports(forge=forge))
    assert forge.writes == ["create"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_repaired_commit_takes_the_place_of_the_one_whose_workflow_failed(when: str) -> None:
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    ports = make_ports(forge=forge, journal=journal)
    failed = publish(by_workflow(), ports)
    repaired = TREE | {"index.html": SiteFile(PAGE.replace(b"7", b"8"), Origin.MODEL)}
    task = by_workflow(repository=failed.repository, failed=PlannedCommit(failed.sha, None), files=repaired)
    getattr(forge.faults, when)["commit"].append(Died())
    with pytest.raises(Died):
        publish(task, ports)
    outcome = publish(replace(task, planned=planned(journal)), ports)
    inside = forge.repositories[NAME]
    assert (inside.head, inside.commits[outcome.sha].parent) == (outcome.sha, None)
    assert b"8" in inside.commits[outcome.sha].files["index.html"]
    assert outcome.sha != failed.sha


def test_a_repaired_commit_goes_on_top_of_what_a_stranger_put_on_the_failed_one() -> None:
    forge = FakeForge(lambda: NOW)
    failed = publish(by_workflow(), make_ports(forge=forge))
    theirs = stranger(forge)
    task = by_workflow(repository=failed.repository, failed=PlannedCommit(failed.sha, None))
    outcome = publish(task, make_ports(forge=forge))
    assert forge.repositories[NAME].commits[outcome.sha].parent == theirs


def dying(real: Callable[..., object], calls: list[int], nth: int) -> Callable[..., object]:
    """Return a method after whose nth call, counted in `calls`, the process dies."""

    def call(*args: object) -> object:
        result = real(*args)
        calls.append(1)
        if len(calls) == nth:
            raise Died
        return result

    return call


@pytest.mark.parametrize("nth", range(1, 6))
@pytest.mark.parametrize("empty_pages", [True, False])
def test_a_tree_whose_workflow_is_refused_goes_without_it_in_one_commit(nth: int, empty_pages: bool) -> None:
    """The process dies after the nth call of the forge, and the next claim takes the step again."""
    forge, journal = FakeForge(lambda: NOW), FakeJournal()
    forge.takes_workflows, forge.empty_pages = False, empty_pages
    ports, calls = make_ports(forge=forge, journal=journal), []
    forge.commit, forge.enable_pages = dying(forge.commit, calls, nth), dying(forge.enable_pages, calls, nth)
    task = by_workflow(files=TREE | {".github/workflows/ci.yml": SiteFile(b"on: push\n", Origin.MODEL)})
    for _ in range(2):
        with suppress(Died):
            outcome = publish(task, ports)
            break
        task = replace(task, repository=journal.repositories[-1], planned=planned(journal))
    inside = forge.repositories[NAME]
    assert (inside.head, inside.commits[outcome.sha].parent) == (outcome.sha, None)
    assert inside.commits[outcome.sha].files == {path: file.content for path, file in TREE.items()}
    assert outcome.degraded.endswith("without its workflow. The token needs the scope workflow.")
    assert outcome.repository.pages_source is PagesSource.BRANCH
