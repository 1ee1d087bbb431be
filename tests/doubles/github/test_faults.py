"""What goes wrong as it was planned: before the act, after it, or with no answer at all."""

from __future__ import annotations

import threading
from contextlib import suppress

import httpx2
import pytest

from tests.doubles.github.asking import NAME, Api, get
from tests.doubles.github.double import GitHubDouble
from tests.processes import wait_for


def test_a_fault_before_and_after_the_act(api: Api, github_double: GitHubDouble) -> None:
    github_double.fault("bad_gateway", "create")
    github_double.fault("bad_gateway", "create", when="after")

    before, there = api.create(), github_double.repositories()
    after = api.create()

    assert (before.status_code, after.status_code, there) == (502, 502, [])
    assert "<html>" in after.text
    assert github_double.repositories() == [f"{github_double.login}/{NAME}"]
    assert [call.fault for call in github_double.calls] == ["before 502", "after 502"]


def test_no_answer_at_all(api: Api, github_double: GitHubDouble) -> None:
    github_double.fault("reset", "create")
    github_double.fault("hang", "create", when="after")

    with pytest.raises(httpx2.NetworkError):
        api.create()
    with pytest.raises(httpx2.TimeoutException):
        api.client.post("/user/repos", json={"name": NAME}, timeout=0.5)

    assert wait_for(github_double.repositories, 30)
    assert github_double.repositories() == [f"{github_double.login}/{NAME}"]


def test_closing_frees_who_hangs() -> None:
    with GitHubDouble() as double:
        double.fault("hang", "user")
        waiting = threading.Thread(target=hang_on, args=(f"{double.url}/user",))
        waiting.start()
    waiting.join(30)
    assert not waiting.is_alive()


def hang_on(url: str) -> None:
    with suppress(httpx2.HTTPError):
        get(url)
