from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from engine.domain.model_call import ModelParameters
from tasks_app.models import ModelProfile
from tasks_app.operations.model_profiles import KEPT, DatabaseProfiles

pytestmark = pytest.mark.django_db
SERVER = "https://models.example/v1"


def known(server: str = SERVER, model: str = "m") -> ModelParameters:
    return DatabaseProfiles().profile(server, model)


def learn(server: str = SERVER, model: str = "m", **found: object) -> None:
    DatabaseProfiles().learn(server, model, ModelParameters(**found))  # type: ignore[arg-type]


def test_of_an_unknown_model_the_defaults_are_known() -> None:
    assert known() == ModelParameters()


def test_what_was_learnt_is_known_to_every_worker() -> None:
    learn(length_parameter="max_tokens", longest_answer=4096, dropped=frozenset({"b", "a"}), images=False)
    assert known() == ModelParameters("max_tokens", 4096, frozenset({"a", "b"}), images=False)
    assert ModelProfile.objects.get().dropped == ["a", "b"]


def test_a_model_is_another_one_on_another_server() -> None:
    learn(images=True)
    assert known(server="https://other.example/v1") == known(model="n") == ModelParameters()


def test_what_another_worker_learnt_meanwhile_stays() -> None:
    learn(longest_answer=4096, dropped=frozenset({"a"}), images=False)
    learn(length_parameter="", dropped=frozenset({"b"}))
    assert known() == ModelParameters("", 4096, frozenset({"a", "b"}), images=False)
    learn(length_parameter="", longest_answer=512, images=True)
    assert known() == ModelParameters("", 512, frozenset({"a", "b"}), images=True)
    assert ModelProfile.objects.count() == 1


@pytest.mark.parametrize(("age", "kept"), [(KEPT - timedelta(minutes=1), True), (KEPT + timedelta(minutes=1), False)])
def test_an_old_profile_is_ignored_and_learnt_again(age: timedelta, kept: bool) -> None:
    learn(longest_answer=4096, dropped=frozenset({"a"}))
    ModelProfile.objects.update(learned_at=timezone.now() - age)
    assert (known().longest_answer == 4096) is kept
    learn(dropped=frozenset({"b"}))
    assert known().dropped == ({"a", "b"} if kept else {"b"})
    assert ModelProfile.objects.count() == 1


def test_names_longer_than_a_column_are_found_again() -> None:
    server, model = f"https://{'s' * 400}", "m" * 300
    learn(server, model, images=True)
    learn(server, model, longest_answer=7)
    assert known(server, model) == ModelParameters(longest_answer=7, images=True)
    row = ModelProfile.objects.get()
    assert (len(row.server), len(row.model)) == (300, 200)


def test_what_the_database_does_not_take_is_logged_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    learn(longest_answer=9)
    with caplog.at_level(logging.ERROR):
        learn(longest_answer=-1)
    assert "what m takes is not written down" in caplog.text
    assert known().longest_answer == 9
