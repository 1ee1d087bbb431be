from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connections
from django.utils import timezone

from tasks_app.models import Round
from tasks_app.rounds.leases import Lease, lease_claim, lease_pids, lease_renew, leases_free, leases_held
from tests.factories import lease_of, let_go, make_round

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def claim(row: Round, owner: str = "supervisor:2") -> Lease | None:
    return lease_claim(round_id=row.pk, owner=owner)


@pytest.mark.django_db(transaction=True)
def test_of_eight_claims_at_once_one_wins() -> None:
    row = make_round()

    def one(number: int) -> Lease | None:
        try:
            return claim(row, f"supervisor:{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        won = [lease for lease in pool.map(one, range(8)) if lease]
    row.refresh_from_db()
    assert [lease.token for lease in won] == [row.lease_token]
    assert row.crashes == 0


def test_a_claim_makes_the_round_running_under_a_fresh_token() -> None:
    row = make_round(state="waiting", waiting_on="Pages")
    lease = lease_of(row)
    assert (row.state, row.waiting_on, row.lease_owner) == ("running", "", "supervisor:1")
    assert (row.pk, row.lease_token) == (lease.round_id, lease.token)
    assert timezone.now() < row.lease_until <= timezone.now() + 60 * SECOND


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_an_ended_round_is_not_claimed(state: str) -> None:
    row = make_round(state=state, next_at=None, finished_at=timezone.now(), commit_sha="1" * 40)
    assert claim(row) is None


def test_an_unknown_round_is_not_claimed() -> None:
    assert lease_claim(round_id=uuid4(), owner="supervisor:2") is None


def test_a_round_is_not_claimed_before_its_time() -> None:
    row = make_round(next_at=timezone.now() + 60 * SECOND)
    assert claim(row) is None
    Round.objects.update(next_at=timezone.now())
    assert claim(row)


def test_a_leased_round_is_claimed_once_the_lease_has_run_out_and_that_is_a_crash() -> None:
    row = make_round()
    first = lease_of(row)
    assert claim(row) is None
    for crashes in (1, 2):
        let_go(row)
        second = claim(row)
        row.refresh_from_db()
        assert second
        assert (row.lease_token, row.crashes) == (second.token, crashes)
        assert row.lease_token != first.token


def test_a_lease_is_renewed_by_its_holder_alone_and_only_while_it_holds() -> None:
    row = make_round()
    lease = lease_of(row)
    Round.objects.update(lease_until=timezone.now() + SECOND)
    assert lease_renew(lease=lease)
    row.refresh_from_db()
    assert row.lease_until > timezone.now() + 55 * SECOND
    assert not lease_renew(lease=Lease(row.pk, uuid4()))
    let_go(row)
    before = row.lease_until
    assert not lease_renew(lease=lease)
    row.refresh_from_db()
    assert row.lease_until == before


def _held(owner: str) -> UUID:
    row = make_round()
    assert claim(row, owner)
    return row.pk


def test_the_rounds_of_a_worker_that_died_are_free_at_once_and_count_a_crash() -> None:
    died, alive, other = _held("one:7"), _held("one:8"), _held("two:7")
    assert lease_pids(supervisor="one") == {7, 8}
    assert leases_free(supervisor="one", pids={7}) == 1
    assert lease_pids(supervisor="one") == {8}
    assert [bool(lease_claim(round_id=pk, owner="one:9")) for pk in (died, alive, other)] == [True, False, False]
    assert Round.objects.get(pk=died).crashes == 1


def test_rounds_of_workers_that_were_stopped_on_purpose_count_no_crash() -> None:
    stopped, other = _held("one:7"), _held("two:7")
    assert leases_free(supervisor="one") == 1
    row = Round.objects.get(pk=stopped)
    assert (row.state, row.lease_token, row.lease_until) == ("queued", None, None)
    lease_of(row)
    assert row.crashes == 0
    assert Round.objects.get(pk=other).lease_token


def test_a_supervisor_frees_nothing_of_one_whose_name_begins_alike() -> None:
    longer = _held("one-more:7")
    assert leases_free(supervisor="one") == 0
    assert lease_pids(supervisor="one") == set()
    assert Round.objects.get(pk=longer).lease_token


def test_callbacks_are_no_workers_leases() -> None:
    work, callback = make_round(task="work"), make_round(task="callback", step="notify")
    lease = claim(work, "supervisor:2")
    assert lease
    assert claim(callback, "supervisor:3")
    assert lease_pids(supervisor="supervisor") == {2, 3}
    assert lease_pids(supervisor="supervisor", workers_only=True) == {2}
    assert leases_held(supervisor="supervisor") == {lease.token}
