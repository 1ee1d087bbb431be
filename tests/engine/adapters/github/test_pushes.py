"""Pushes to GitHub: recoveries from concurrent changes, and refusals."""

from __future__ import annotations

import json

import pytest

from engine.adapters.github import git, git_transport, rest
from engine.adapters.github.errors import quoted
from engine.errors import EngineError, OutOfService, Permanent, Transient
from tests.doubles.github.faults import Fault
from tests.engine.adapters.github.publishing import FILES, commit_of, make_forge, published, spec_of


def test_a_push_that_fails_twice_is_made_on_the_third(double, forge):
    double.fault("server_error", "push", times=2)
    place = forge.create(spec_of())
    for _ in range(2):
        with pytest.raises(Transient):
            forge.commit(place, commit_of())
    assert forge.commit(place, commit_of())
    assert len(double.commits(place.owner, place.name)) == 1


def test_a_push_whose_answer_is_lost_is_found_at_the_head(double, forge):
    place = forge.create(spec_of())
    double.fault("answer_lost", "push")
    assert forge.commit(place, commit_of())
    assert len(double.commits(place.owner, place.name)) == 1
    assert forge.commit(place, commit_of())  # a replay
    assert len(double.commits(place.owner, place.name)) == 1


def test_a_lost_answer_with_a_strangers_commit_on_top_is_found_below_the_head(double, forge):
    place = forge.create(spec_of())
    double.fault("lost_and_stranger", "push")
    assert forge.commit(place, commit_of())
    assert len(double.commits(place.owner, place.name)) == 2


def test_a_head_that_moved_is_reported_and_not_overwritten(double, forge):
    place, sha = published(forge)
    theirs = double.stranger_commits(place.owner, place.name, {"theirs.txt": b"mine"})
    assert not forge.commit(place, commit_of(sha, message="Round 2"))
    assert forge.head(place) == theirs
    assert forge.tree(place, theirs) == FILES | {"theirs.txt": b"mine"}
    assert forge.tree(place, sha) == FILES


def test_a_head_that_moves_in_the_middle_of_a_push_is_not_overwritten(double, forge):
    place, sha = published(forge)
    double.fault("head_moved", "push")
    assert not forge.commit(place, commit_of(sha, message="Round 2"))
    assert len(double.commits(place.owner, place.name)) == 2


def test_push_protection_is_a_verdict_with_githubs_words(double, forge):
    place = forge.create(spec_of())
    double.fault("secret", "push")
    with pytest.raises(Permanent) as refused:
        forge.commit(place, commit_of())
    assert refused.value.code == "push_protection"
    assert "GH013" in refused.value.message


def test_a_new_repository_that_is_not_everywhere_yet_is_waited_for(double, forge):
    place = forge.create(spec_of())
    double.fault("not_found", "push-refs")
    with pytest.raises(Transient) as refused:
        forge.commit(place, commit_of())
    assert (refused.value.code, refused.value.retry_after) == ("forge_not_ready", 2.0)
    assert forge.commit(place, commit_of())


def test_an_old_repository_that_takes_no_push_lacks_a_permission(double, forge):
    place = forge.create(spec_of())
    repo = double.state.get(place.owner, place.name)
    repo.created -= 600
    double.fault("not_found", "push-refs")
    with pytest.raises(OutOfService, match="Contents"):
        forge.commit(place, commit_of())


def test_a_server_that_hangs_is_given_up(double, quota, monkeypatch):
    monkeypatch.setattr(rest, "SECONDS", 1)
    monkeypatch.setattr(git, "PUSH_SECONDS", 0.5)
    monkeypatch.setattr(git_transport, "STALL", 0.5)
    forge = make_forge(double, quota)
    double.fault("hang", "create")
    with pytest.raises(Transient, match="did not answer"):
        forge.create(spec_of())
    place = forge.create(spec_of())
    double.fault("hang", "push")
    with pytest.raises(Transient, match="did not answer"):
        forge.commit(place, commit_of())
    assert forge.commit(place, commit_of())


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("failed to update ref", "push_refused"),
        (
            "refusing to allow a Personal Access Token to create or update workflow `w.yml` without `workflow` scope",
            "workflow_refused",
        ),
        ("pre-receive hook declined", "push_refused"),
        ("acme/internal-timeout-0a1b2c3d: pre-receive hook declined", "push_refused"),
    ],
)
def test_a_push_that_the_server_does_not_take_says_what_kind_of_no_it_is(double, forge, quota, monkeypatch, said, code):
    place = forge.create(spec_of())
    monkeypatch.setattr(git.GitHubGit, "push", lambda *_: git.Pushed(None, sent=True, refused=said))
    with pytest.raises((Transient, Permanent)) as refused:
        forge.commit(place, commit_of())
    assert refused.value.code == code
    assert isinstance(refused.value, Permanent) is ("failed" not in said)
    assert ("Workflows" in refused.value.message) is ("workflow" in said)


RULES = {
    "a pull request": "error: GH013: Repository rule violations found for refs/heads/main.\n"
    "Review all repository rules at https://github.com/a/x/rules?ref=refs%2Fheads%2Fmain\n\n"
    "- Changes must be made through a pull request.\n",
    "signatures": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    "- Commits must have verified signatures.\n  Found 1 violation:\n  d6c2e0a\n",
    "status checks": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    '- Required status check "ci" is expected.\n',
    "updates": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    "- Cannot update this protected ref.\n",
    "creations": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    "- Cannot create ref due to creations being restricted.\n",
    "the author": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    "- Commit author email must match a given regex pattern: .+@acme.example\n",
    "the message": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    "- Commit message must start with a given pattern\n",
    "a protected branch": "error: GH006: Protected branch update failed for refs/heads/main.\n"
    "error: At least 1 approving review is required by reviewers with write access.\n",
    "whose branch": "error: GH006: Protected branch update failed for refs/heads/main.\n"
    "error: You're not authorized to push to this branch.\n",
    "forced": "error: GH003: Sorry, force-pushing to main is not allowed.\n",
    "an email": "error: GH007: Your push would publish a private email address.\n",
    "a policy": "error: Pushes are restricted by the enterprise policy of Acme.\n",
}
OF_FILES = {
    "a secret": "error: GH013: Repository rule violations found for refs/heads/main.\n\n- GITHUB PUSH PROTECTION\n"
    "  - Push cannot contain secrets\n    locations:\n      - commit: 1\n        path: app.js:7\n",
    "an old secret": "error: GH009: Secrets detected! This push failed.\n  path: app.js:7\n",
    "a large file": "error: GH001: Large files detected. You may want to try Git Large File Storage.\n"
    "error: File app.js:7 is 123.00 MB; this exceeds GitHub's file size limit of 100.00 MB\n",
    "a file of a kind": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    "- File extension is restricted: app.js:7\n",
    "a path": "error: GH013: Repository rule violations found for refs/heads/main.\n\n"
    "- File path is restricted: app.js:7\n",
}


def refused(double, forge, told):
    place = forge.create(spec_of())
    double.fault("rule", "push", message=told)
    with pytest.raises(EngineError) as error:
        forge.commit(place, commit_of())
    return error.value


@pytest.mark.parametrize("told", RULES.values(), ids=RULES)
def test_a_rule_of_the_account_opens_the_breaker_and_is_no_push_protection(double, forge, told):
    error = refused(double, forge, told)
    assert isinstance(error, OutOfService)
    assert (error.kind, error.until, error.code.startswith("forge_")) == ("forge", None, True)
    assert "push protection" not in error.message
    assert told.splitlines()[-1].strip(" -\n") in error.message


@pytest.mark.parametrize(
    "name", ["filename-generator", "file-path-demo", "file-size", "gh001", "gh009-secrets-detected"]
)
def test_the_name_of_the_repository_says_nothing_of_files_and_secrets(double, forge, name):
    told = RULES["a pull request"].replace("/a/x/", f"/acme/{name}-0a1b2c3d/")
    assert refused(double, forge, f"{told}remote: {name}-0a1b2c3d\n").code == "forge_push_rule"


@pytest.mark.parametrize("told", OF_FILES.values(), ids=OF_FILES)
def test_a_file_that_is_refused_is_named_with_its_line_and_opens_no_breaker(double, forge, told):
    error = refused(double, forge, told)
    assert isinstance(error, Permanent)
    assert error.code == ("push_protection" if "ecret" in told else "file_refused")
    assert ("push protection" in error.message) is ("ecret" in told)
    assert "app.js:7" in error.message


def test_the_end_of_a_long_message_is_told_without_its_rulers_and_without_a_secret(double, forge):
    token = "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    ruler, lines = "—" * 120, "".join(f"    path: page-{n}.html:{n}\n" for n in range(20))
    told = (
        f"error: GH013: Repository rule violations found.\n- GITHUB PUSH PROTECTION\n{ruler}\n{'- ' * 90}\n"
        f"{'=' * 900}\n"
        f"\x1b[31m- Push cannot contain secrets: {token}\x1b[0m\n{lines}"
        "(?) To push, follow https://github.com/a/x/security/secret-scanning/unblock-secret/2abc\n"
    )
    message = refused(double, forge, told).message
    assert all(f"page-{n}.html:{n}" in message for n in range(20))
    assert message.endswith("https://github.com/a/x/security/secret-scanning/unblock-secret/2abc")
    assert [part for part in (token, "——", "- - -", "===", "[31m") if part in message] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Branch [main] is protected, [master], [m]", "Branch [main] is protected, [master], [m]"),
        ("src/a---b.txt, __init__.py and a***b", "src/a---b.txt, __init__.py and a***b"),
        ("\x1b[31mred\x1b[0m \x1b[mplain\x1b[1;31m [33mbare[0m", "red plain bare"),
        ("a\n-----\nb - - - c", "a b c"),
        ("a -- b", "a -- b"),
    ],
)
def test_only_colours_and_rulers_are_left_out_of_what_is_quoted(text, said):
    assert quoted(text) == f". GitHub: {said}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your account is suspended. Please visit https://support.github.com", "forge_account_blocked"),
        ("Your account is locked due to a billing issue.", "forge_account_blocked"),
        ("The 'acme' organization has enabled or enforced SAML SSO.", "forge_permission_missing"),
        ("`acme` forbids access via a personal access token (classic).", "forge_policy"),
        ("the `acme` organization has an IP allow list enabled, and your IP address is not permitted", "forge_policy"),
        ("Resource not accessible by personal access token", "forge_permission_missing"),
        ("You may not write to privacy-policy-0a1b2c3d-2.", "forge_permission_missing"),
        ("You may not write to https://github.com/acme/organization-chart.", "forge_permission_missing"),
        ("This repository was archived so it is read-only.", "repository_gone"),
        ("Permission to acme/archived-notes-0a1b2c3d.git denied to bot.", "forge_permission_missing"),
        ("You may not write to read-only-0a1b2c3d.", "forge_permission_missing"),
        ("The repository acme/notes-0a1b2c3d is disabled.", "repository_gone"),
        ("Repository is disabled.", "repository_gone"),
        ("Repository access blocked", "repository_gone"),
    ],
)  # fmt: skip
def test_a_push_that_is_forbidden_is_of_the_account_or_of_the_repository(double, forge, text, code):
    place = forge.create(spec_of())
    double.state.faults.add(Fault(kind="push", status=403, body=json.dumps({"message": text})))
    with pytest.raises(EngineError) as error:
        forge.commit(place, commit_of())
    assert error.value.code == code
    assert isinstance(error.value, OutOfService) is (code != "repository_gone")
    assert text in error.value.message


def test_an_account_that_may_make_no_public_repository_opens_the_breaker(double, forge):
    text = {"message": "Repository creation failed.", "errors": [{"message": "You cannot create public repositories."}]}
    double.state.faults.add(Fault(kind="create", status=422, body=json.dumps(text)))
    with pytest.raises(OutOfService, match="cannot create public repositories"):
        forge.create(spec_of())
