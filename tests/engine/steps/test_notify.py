from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from engine.domain.http import Answer
from engine.errors import LeaseLost, Permanent, Transient
from engine.steps.contracts import Delivered, Wait
from engine.steps.notify import callback_body, notify, signature_headers
from tests.engine.steps.inputs import notifying
from tests.fakes import NOW, FakeJournal, FakeNotifier, make_ports

SIGNING_KEY = bytes(range(32))


def waited(outcome: object) -> float:
    assert isinstance(outcome, Wait)
    return (outcome.until - NOW).total_seconds()


def test_the_body_has_exactly_the_seven_keys_as_they_came() -> None:
    request = {"email": "é@x.y", "task": "t", "round": "1", "nonce": "n", "brief": "b", "checks": []}
    body = json.loads(callback_body(request, repo_url="r", commit_sha="c", pages_url="p"))
    assert body == {
        "email": "é@x.y",
        "task": "t",
        "round": "1",
        "nonce": "n",
        "repo_url": "r",
        "commit_sha": "c",
        "pages_url": "p",
    }


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_delivery(status: int) -> None:
    ports = make_ports(notifier=FakeNotifier(status))
    assert isinstance(notify(notifying(), ports), Delivered)
    assert ports.notifier.sent == [
        (notifying().url, notifying().body, {"Content-Type": "application/json", "webhook-id": "msg_1_1"})
    ]


@pytest.mark.parametrize("status", [199, 301, 400, 404, 410, 500, 503])
def test_everything_else_is_tried_again_by_the_schedule(status: int) -> None:
    assert waited(notify(notifying(), make_ports(notifier=FakeNotifier(status)))) == 1
    later = notifying(statuses=(500,) * 7, first_at=NOW)
    assert waited(notify(later, make_ports(notifier=FakeNotifier(status)))) == 300


def test_the_row_is_begun_before_the_send_and_completed_after_it() -> None:
    journal = FakeJournal()
    notify(
        notifying(), make_ports(journal=journal, notifier=FakeNotifier(Transient("connect_failed", "Nobody listens.")))
    )
    assert journal.notifications[0].begun["body"] == notifying().body
    assert journal.notifications[0].ended == {"answer": None, "error": "Nobody listens."}


def test_a_lost_lease_sends_nothing() -> None:
    journal, notifier = FakeJournal(), FakeNotifier()
    journal.fence()
    with pytest.raises(LeaseLost):
        notify(notifying(), make_ports(journal=journal, notifier=notifier))
    assert notifier.sent == []


def test_a_refused_address_is_a_failed_attempt_and_not_the_end() -> None:
    outcome = notify(notifying(), make_ports(notifier=FakeNotifier(Permanent("address_refused", "It is private."))))
    assert waited(outcome) == 1


def test_a_retry_after_is_honoured() -> None:
    answer = Answer(429, {"retry-after": "45"}, b"", "")
    assert waited(notify(notifying(), make_ports(notifier=FakeNotifier(answer)))) == 45


@pytest.mark.parametrize(
    ("statuses", "status", "attention"),
    [
        ((400, 404), 403, True),
        ((400,), 400, False),
        ((400, 500), 400, False),
        ((400, None), 400, False),
        ((500, 400, 400), 400, True),
    ],
)
def test_three_refusals_in_a_row_need_attention_and_it_goes_on(
    statuses: tuple[int | None, ...], status: int, attention: bool
) -> None:
    outcome = notify(notifying(statuses=statuses, first_at=NOW), make_ports(notifier=FakeNotifier(status)))
    assert isinstance(outcome, Wait)
    assert outcome.needs_attention is attention


def test_after_the_time_for_trying_it_is_given_up() -> None:
    task = notifying(statuses=(500,), first_at=NOW - timedelta(seconds=3600))
    with pytest.raises(Permanent, match="callback_undelivered"):
        notify(task, make_ports(notifier=FakeNotifier(500)))


def test_the_last_attempt_comes_when_the_time_is_over_and_not_after_it() -> None:
    task = notifying(statuses=(500,) * 9, first_at=NOW - timedelta(seconds=3000))
    assert waited(notify(task, make_ports(notifier=FakeNotifier(500)))) == 600


@pytest.mark.parametrize(
    "failure",
    [503, 301, Transient("dns", "The name does not resolve."), Permanent("address_refused", "It is private.")],
    ids=str,
)
def test_an_operator_should_look_once_the_next_attempt_is_past_the_deadline(failure: int | Exception) -> None:
    early = notifying(statuses=(503,) * 7, first_at=NOW)  # the next attempt is in 300 s
    late = notifying(statuses=(503,) * 7, first_at=NOW, deadline=NOW + timedelta(seconds=299))
    for task, expected in ((early, False), (late, True)):
        wait = notify(task, make_ports(notifier=FakeNotifier(failure)))
        assert isinstance(wait, Wait)
        assert wait.needs_attention is expected


@pytest.mark.parametrize("status", [301, 302, 303, 300])
def test_a_redirect_that_a_post_does_not_follow_is_told_with_its_address(status: int) -> None:
    moved = Answer(status, {"location": "https://new.example/notify"}, b"", "https://evaluator.test/notify")
    wait = notify(notifying(), make_ports(notifier=FakeNotifier(moved)))
    assert isinstance(wait, Wait)
    assert f"HTTP {status} to https://new.example/notify; a POST follows only 307 and 308" in wait.reason


# --- Signatures -------------------------------------------------------------------------------------------------------


def sent_headers(**over: object) -> dict[str, str]:
    ports = make_ports(notifier=FakeNotifier(200), journal=FakeJournal())
    notify(notifying(**over), ports)
    ((_, _, headers),) = ports.notifier.sent
    assert ports.journal.notifications[0].begun["headers"] == headers
    return headers


def test_without_a_secret_nothing_is_signed() -> None:
    assert set(sent_headers()) == {"Content-Type", "webhook-id"}


def test_an_attempt_is_signed_as_the_library_of_standard_webhooks_signs() -> None:
    headers = sent_headers(signing_key=SIGNING_KEY)
    webhook = Webhook(f"whsec_{base64.b64encode(SIGNING_KEY).decode()}")
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["webhook-signature"] == webhook.sign("msg_1_1", NOW, notifying().body.decode())


def test_a_repeated_callback_has_the_same_bytes_and_id_and_a_signature_of_its_own_time() -> None:
    at = datetime.now(UTC)
    body = '{"nonce": "é"}'.encode()
    webhook = Webhook(base64.b64encode(SIGNING_KEY).decode())
    first, second = (
        {"webhook-id": "msg_1_1", **signature_headers("msg_1_1", body, key=SIGNING_KEY, at=moment)}
        for moment in (at - timedelta(seconds=60), at)
    )
    assert first["webhook-signature"] != second["webhook-signature"]
    for headers in (first, second):
        assert webhook.verify(body, headers) == {"nonce": "é"}


def test_the_key_is_in_no_text_about_the_input() -> None:
    assert "signing" not in repr(notifying(signing_key=SIGNING_KEY))
