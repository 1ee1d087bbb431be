"""The double's limits: the pace of writes and the calls of an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.doubles.github.limits import WRITES_PER_HOUR, WRITES_PER_MINUTE

if TYPE_CHECKING:
    from tests.doubles.github.asking import Api
    from tests.doubles.github.double import GitHubDouble


def test_writes_have_a_pace(api: Api, github_double: GitHubDouble) -> None:
    for _ in range(WRITES_PER_MINUTE):
        assert api.client.post("/user/repos", json={"name": ""}).status_code == 422

    refused = api.create()

    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (403, True)
    assert github_double.exceeded == ["secondary: POST /user/repos"]
    github_double.pass_time(61)
    assert api.create().status_code == 201
    github_double.state.limits.writes.extend([github_double.state.clock() - 120] * WRITES_PER_HOUR)
    assert api.client.post("/user/repos", json={"name": "b"}).status_code == 403


def test_what_is_unchanged_costs_nothing(api: Api) -> None:
    api.create()
    first = api.client.get(api.repo)
    again = api.client.get(api.repo, headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"].replace("4999", "4998")


def test_the_hour_is_used_up(api: Api, github_double: GitHubDouble) -> None:
    github_double.state.limits.remaining = 1
    last, refused = api.client.get("/user"), api.client.get("/user")

    assert (last.headers["x-ratelimit-remaining"], refused.status_code) == ("0", 403)
    assert github_double.exceeded == ["primary: GET /user"]
    assert api.client.get("/rate_limit").json()["rate"]["remaining"] == 0
    github_double.pass_time(3601)
    assert api.client.get("/user").status_code == 200
