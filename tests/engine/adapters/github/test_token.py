"""GitHub's token: missing scopes, revocation, and the places where it must never appear."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.domain.repository import Repository
from engine.errors import OutOfService, Permanent
from tests.engine.adapters.github.publishing import commit_of, make_forge, published, spec_of


@pytest.mark.parametrize(("kind", "named"), [("create", "Administration"), ("push", "Contents"), ("pages", "Pages")])
def test_a_missing_permission_is_named(double, forge, kind, named):
    double.fault("permission", kind)
    with pytest.raises(OutOfService, match=named) as refused:
        published(forge)
    assert (refused.value.code, refused.value.kind) == ("forge_permission_missing", "forge")
    assert "public_repo" in refused.value.message


@pytest.mark.parametrize("act", ["create", "head", "commit", "enable_pages", "pages_build"])
def test_a_revoked_token_closes_the_forge(double, forge, act):
    place, sha = published(forge)
    arguments = {"create": (spec_of("other-0badcafe"),), "commit": (place, commit_of(sha)), "pages_build": (place, sha)}
    double.revoke()
    with pytest.raises(OutOfService) as refused:
        getattr(forge, act)(*arguments.get(act, (replace(place, pages_url=""),)))
    assert refused.value.code == "forge_token_refused"
    assert double.token not in str(refused.value)


def test_the_token_goes_to_this_github_only(double, forge):
    double.fault("server_error", "fetch-refs")
    with pytest.raises(Permanent, match="another forge"):
        forge.head(Repository("local", "x", "http://127.0.0.1:1/git/local/x.git"))
    assert double.count("fetch-refs") == 0


def test_the_token_is_tried(double, forge, quota):
    credential = forge.credential()
    assert double.login in credential.detail
    double.revoke()
    with pytest.raises(OutOfService):
        forge.credential()
    double.restore()
    double.state.scopes = "gist"
    with pytest.raises(Permanent, match="gist"):
        forge.credential()
    double.state.scopes = "repo"
    with pytest.raises(Permanent, match="knows no account nobody"):
        make_forge(double, quota, owner="nobody").credential()
