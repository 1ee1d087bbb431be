from __future__ import annotations

from engine.domain.lifecycle import ACTIVE, ENDED, NEEDS, TRANSITIONS, State, Step, may_follow


def test_every_state_is_either_active_or_ended() -> None:
    assert set(State) == ACTIVE | ENDED
    assert not ACTIVE & ENDED


def test_every_step_leads_to_notify_and_no_step_is_forgotten() -> None:
    assert set(TRANSITIONS) == set(Step)
    step = Step.GENERATE
    for following in (Step.VERIFY, Step.PUBLISH, Step.DEPLOY, Step.NOTIFY):
        assert may_follow(following, step)
        step = following


def test_what_was_pushed_is_generated_again_only_while_its_run_is_waited_for() -> None:
    assert [step for step in Step if may_follow(Step.GENERATE, step)] == [Step.VERIFY, Step.DEPLOY]


def test_only_known_kinds_of_service_are_needed() -> None:
    assert frozenset().union(*NEEDS.values()) == {"model", "forge", "publishing"}
