"""Does the double notice what GitHub would not take, or not answer?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doubles.github.description import PATHS, description
from tests.doubles.github.routes import ROUTES

if TYPE_CHECKING:
    from tests.doubles.github.asking import Api
    from tests.doubles.github.double import GitHubDouble


def test_every_call_that_is_served_is_described() -> None:
    served = {(route.template, route.method.lower()) for route in ROUTES}

    assert served == {(path, method) for path, methods in PATHS.items() for method in methods}
    assert "@octokit/openapi" in description().data["info"]["x-source"]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/user/repos", {"name": "a", "privat": False}, "'privat' was unexpected"),
        ("/user/repos", {"description": "no name"}, "'name' is a required property"),
        ("/user/repos?colour=red", {"name": "a"}, "unknown parameter 'colour'"),
        ("/repos/a/b/pages", {}, "not valid under any"),
        ("/repos/a/b/pages", {"source": {"path": "/"}}, "'branch' is a required property"),
        ("/repos/a/b/git/trees", {"tree": [{"path": "x", "mode": "0644", "content": ""}]}, "'0644' is not one of"),
        ("/repos/a/b/starring", {}, "not served by the double"),
    ],
)
def test_a_wrong_request_is_noticed(
    api: Api, github_double: GitHubDouble, path: str, body: dict[str, object], says: str
) -> None:
    api.client.post(path, json=body)

    assert says in " ".join(github_double.violations)
    github_double.log.violations.clear()


def test_a_wrong_answer_of_ours_is_noticed(
    api: Api, github_double: GitHubDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.doubles.github.bodies.own_account", lambda state, who: {"login": who.login})
    api.client.get("/user")

    assert "answer 200" in " ".join(github_double.violations)
    github_double.log.violations.clear()
