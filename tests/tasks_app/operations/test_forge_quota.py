from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from django.utils import timezone

from engine.domain.repository import Limits
from engine.errors import OutOfService, RateLimited
from tasks_app.models import ForgeQuota, ForgeWrite
from tasks_app.operations import forge_quota
from tasks_app.operations.forge_quota import RowsQuota, quota_state

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def refused(quota: RowsQuota, key: str) -> RateLimited:
    with pytest.raises(RateLimited) as caught:
        quota.take_write(key)
    return caught.value


@pytest.fixture(autouse=True)
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stop the service's clock, and return what moves it on by seconds: how long a test takes changes nothing."""
    moment = timezone.now()

    def pass_on(seconds: float) -> None:
        nonlocal moment
        moment += timedelta(seconds=seconds)

    monkeypatch.setattr("tasks_app.operations.clock.now", lambda: moment)
    return pass_on


def test_the_first_write_goes_and_the_next_one_gets_a_slot_a_second_later():
    quota = RowsQuota()
    quota.take_write("a")
    second = refused(quota, "b")
    assert second.code == "forge_pace"
    assert 0 < second.retry_after <= 1


def test_a_server_without_limits_is_written_to_at_once_but_its_refusal_is_heeded(settings):
    settings.GITHUB_PACED = False
    quota = RowsQuota()
    quota.take_write("a")
    quota.take_write("b")
    assert not ForgeWrite.objects.exists()
    quota.block_requests(30, "no more")
    assert refused(quota, "c").code == "forge_limit"


def test_the_same_key_keeps_its_slot_and_others_queue_behind_it(pass_time):
    quota = RowsQuota()
    quota.take_write("a")
    first = refused(quota, "b").retry_after
    assert refused(quota, "c").retry_after > 1
    assert refused(quota, "b").retry_after <= first
    assert ForgeWrite.objects.filter(key="b").count() == 1
    pass_time(1)
    quota.take_write("b")
    assert ForgeWrite.objects.get(key="b").used_at


def test_a_used_slot_is_used_up():
    quota = RowsQuota()
    quota.take_write("a")
    assert refused(quota, "a").retry_after


def test_whoever_comes_late_does_not_bring_two_writes_together(pass_time):
    quota = RowsQuota()
    quota.take_write("a")
    refused(quota, "b")
    refused(quota, "c")
    pass_time(2.5)
    quota.take_write("b")
    assert 0.5 < refused(quota, "c").retry_after <= 1


def test_nobody_goes_before_ones_slot(pass_time):
    quota = RowsQuota()
    quota.take_write("a")
    refused(quota, "b")
    refused(quota, "c")
    pass_time(1.2)
    assert refused(quota, "c").retry_after <= 1
    quota.take_write("b")


def test_an_unclaimed_slot_expires(pass_time):
    quota = RowsQuota()
    quota.take_write("a")
    refused(quota, "b")
    pass_time(70)
    quota.take_write("c")
    assert not ForgeWrite.objects.filter(key="b").exists()


def test_a_full_hour_is_waited_out():
    now = timezone.now()
    ForgeWrite.objects.bulk_create(
        ForgeWrite(key=str(i), due_at=now, used_at=now - timedelta(seconds=3000 - 5 * i)) for i in range(480)
    )
    assert 590 < refused(RowsQuota(), "a").retry_after < 601


@pytest.mark.django_db(transaction=True)
def test_thirty_at_once_get_thirty_slots_a_second_apart():
    errors: list[Exception] = []
    gone: list[str] = []

    def take(number: int) -> None:
        try:
            RowsQuota().take_write(str(number))
            gone.append(str(number))
        except RateLimited:
            pass
        except Exception as error:  # noqa: BLE001 -- shown by the assertion
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert gone
    due = sorted(ForgeWrite.objects.values_list("due_at", flat=True))
    assert len(due) == 30
    assert all(later - earlier >= timedelta(seconds=0.999) for earlier, later in itertools.pairwise(due))


def test_a_closed_gate_stops_everybody_until_it_opens():
    quota = RowsQuota()
    assert quota.block_requests(30, "secondary rate limit") == pytest.approx(30, abs=1)
    for ask in (quota.check_limit, RowsQuota().check_limit, lambda: quota.take_write("a")):
        with pytest.raises(RateLimited, match="secondary rate limit") as caught:
            ask()
        assert 25 < caught.value.retry_after <= 30
    ForgeQuota.objects.update(blocked_until=timezone.now() - HOUR)
    quota.take_write("a")


def test_a_refusal_without_a_time_is_a_minute_and_doubles():
    quota = RowsQuota()
    waits = []
    for _ in range(3):
        ForgeQuota.objects.update(blocked_until=None)
        waits.append(round(quota.block_requests(None, "slow down")))
    assert waits == [60, 120, 240]
    ForgeQuota.objects.update(blocked_until=None, struck_at=timezone.now() - 2 * HOUR)
    assert round(quota.block_requests(None, "slow down")) == 60


def test_a_shorter_refusal_does_not_open_the_gate_sooner():
    quota = RowsQuota()
    quota.block_requests(100, "long")
    assert quota.block_requests(5, "short") == pytest.approx(100, abs=1)


def test_a_spent_limit_takes_the_forge_out_of_service_until_its_reset():
    quota, reset = RowsQuota(), timezone.now() + HOUR
    quota.record_limits(Limits(5000, 0, reset))
    with pytest.raises(OutOfService) as caught:
        quota.check_limit()
    assert abs(caught.value.until - reset) < timedelta(seconds=2)


def test_what_is_left_is_written_down_sparingly(django_assert_num_queries):
    quota, reset = RowsQuota(), timezone.now() + HOUR
    quota.record_limits(Limits(5000, 4999, reset))
    with django_assert_num_queries(0):
        quota.record_limits(Limits(5000, 4998, reset))
    assert quota_state().remaining == 4999
    quota.record_limits(Limits(5000, 4900, reset))
    assert quota_state().remaining == 4900


def test_what_is_left_is_written_down_again_after_a_while(monkeypatch):
    quota, reset = RowsQuota(), timezone.now() + HOUR
    quota.record_limits(Limits(5000, 4999, reset))
    monkeypatch.setattr(forge_quota, "SPARING", timedelta(0))
    quota.record_limits(Limits(5000, 4998, reset))
    assert quota_state().remaining == 4998


def test_a_new_start_tries_a_gate_that_is_closed_for_long_and_keeps_a_short_wait():
    quota = RowsQuota()
    quota.block_requests(60, "short")
    forge_quota.requests_unblock()
    with pytest.raises(RateLimited):
        quota.check_limit()
    quota.block_requests(3000, "long")
    forge_quota.requests_unblock()
    quota.check_limit()
