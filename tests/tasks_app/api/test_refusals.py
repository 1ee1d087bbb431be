from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from engine.inputs.task_request import MAX_BODY
from tasks_app.models import Attachment, Rejection, Round
from tests.factories import SECRET, make_payload
from tests.posting import is_problem, post

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fresh_cache")]


def texts(value: object) -> list[str]:
    match value:
        case dict():
            return [text for pair in value.items() for part in pair for text in texts(part)]
        case list():
            return [text for part in value for text in texts(part)]
        case _:
            return [str(value)]


def rows() -> int:
    return Round.objects.count() + Attachment.objects.count() + Rejection.objects.count()


# --- Refusing ---------------------------------------------------------------------------------------------------------


def test_refusals_come_in_the_contracts_order(settings: SettingsWrapper) -> None:
    huge, no_json, wrong, bad = (
        b"x" * (MAX_BODY + 1),
        b"{",
        make_payload(secret="wrong", round=0),
        make_payload(round=0),
    )
    settings.MISSING = ["SECRET is not set: no request can be checked."]
    is_problem(post(huge), 413)
    assert is_problem(post(no_json), 503)["missing"] == settings.MISSING
    is_problem(post(make_payload()), 503)
    settings.MISSING = []
    is_problem(post(no_json), 400)
    is_problem(post(wrong), 401)
    assert set(is_problem(post(bad), 400)["errors"]) == {"round"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "secret", [None, "", "wrong", SECRET + "x", SECRET[:-1], SECRET.upper(), 7, [SECRET], True, {}, "\ud800"]
)
def test_a_wrong_secret_leaves_no_row(secret: object) -> None:
    is_problem(post(make_payload(secret=secret)), 401)
    is_problem(post(make_payload(secret=secret, round=0)), 401)
    is_problem(post({k: v for k, v in make_payload().items() if k != "secret"}), 401)
    assert rows() == 0


def test_half_a_surrogate_pair_is_no_question_mark(settings: SettingsWrapper) -> None:
    settings.SECRET = "a-secret-with-a-?"
    is_problem(post(make_payload(secret="a-secret-with-a-\ud800")), 401)


def test_no_secret_at_all_opens_nothing(settings: SettingsWrapper) -> None:
    settings.SECRET = ""
    is_problem(post(make_payload(secret="")), 401)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b"null", "{}".encode("utf-16")])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    problem = is_problem(post(body), 400)
    assert "JSON" in problem["detail"] or "UTF-8" in problem["detail"] or "nested" in problem["detail"]
    assert rows() == 0


@pytest.mark.parametrize("secret", [SECRET, "short", 'pässword-"with"-\\signs', "a-secret\twith-a-tab"])
def test_an_authenticated_refusal_is_kept_without_the_secret(settings: SettingsWrapper, secret: str) -> None:
    settings.SECRET, settings.SECRETS = secret, {"SECRET": secret}
    over = {"brief": f"it is {secret}\x00", "nonce": f"{secret}\ud800", secret: [secret]}
    over |= {"evaluation_url": f"http://x:{secret}/"}
    is_problem(post(make_payload(secret=secret, round=0, **over), REMOTE_ADDR="203.0.113.7"), 400)
    kept = Rejection.objects.get()
    assert (kept.status, kept.client) == (400, "203.0.113.7")
    assert {"round", "nonce"} <= set(kept.errors)
    assert kept.payload["task"] == "sum-of-sales"
    assert "secret" not in kept.payload
    assert not [text for text in texts([kept.payload, kept.errors]) if secret in text]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_are_a_problem(method: str) -> None:
    is_problem(getattr(Client(), method)("/handle_task"), 405)


@pytest.mark.parametrize("path", ["/", "/docs", f"/evidence/{'0' * 32}", f"/evidence/{'0' * 32}/1.jpg"])
def test_a_page_that_is_only_read_refuses_other_methods_and_asks_for_no_token_of_a_form(path: str) -> None:
    assert Client(enforce_csrf_checks=True).post(path).status_code == 405


@pytest.mark.parametrize("path", ["/handle_tasks", "/api/rounds/nonsense", "/nowhere", "/api/rounds/"])
def test_an_unknown_path_is_a_problem(path: str) -> None:
    is_problem(Client().get(path), 404)


def test_a_foreign_host_name_is_a_problem() -> None:
    is_problem(post(make_payload(), HTTP_HOST="evil.example"), 400)


# --- The throttle -----------------------------------------------------------------------------------------------------


def test_wrong_secrets_are_throttled_by_address_and_right_ones_never(settings: SettingsWrapper) -> None:
    settings.THROTTLE_PER_MINUTE = 3
    wrong = make_payload(secret="wrong")
    # A minute may end between two of them, once: eight are more than two limits.
    refused = [post(wrong, REMOTE_ADDR="203.0.113.7") for _ in range(8)]
    assert [r.status_code for r in refused[:3]] == [401, 401, 401]
    is_problem(refused[-1], 429)
    assert 1 <= int(refused[-1]["Retry-After"]) <= 60
    is_problem(post(wrong, REMOTE_ADDR="203.0.113.8"), 401)
    assert post(make_payload(), REMOTE_ADDR="203.0.113.7").status_code == 200
    is_problem(post(make_payload(round=0), REMOTE_ADDR="203.0.113.7"), 400)


@pytest.mark.slow
def test_a_limit_of_nothing_throttles_nobody(settings: SettingsWrapper) -> None:
    settings.THROTTLE_PER_MINUTE = 0
    assert {post(make_payload(secret="wrong")).status_code for _ in range(130)} == {401}
