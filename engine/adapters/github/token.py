"""Checks the GitHub token with one GET: its owner, its scopes and its expiry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from engine.adapters.github.errors import quoted
from engine.domain.repository import Credential
from engine.errors import OutOfService, Permanent, Transient

if TYPE_CHECKING:
    from engine.adapters.github.rest import GitHubRest, RestAnswer

#: A header of every answer to a token that expires.
#: https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens/
EXPIRY = "github-authentication-token-expiration"
#: A header of answers to classic tokens only.
#: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
SCOPES = "x-oauth-scopes"
_ENOUGH = frozenset({"repo", "public_repo"})


def try_token(rest: GitHubRest, owner: str) -> Credential:
    """Return a description of the token. `owner` is the account for the repositories, "" for the token's own.

    Raises OutOfService(forge_token_refused), Permanent (scope_missing, forge_owner_unknown, forge_owner_refused), and
    Transient if GitHub cannot be reached.
    """
    answer = rest.ask("GET", "/user", doing="read")
    login = login_of(answer)
    if SCOPES in answer.headers and answer.headers[SCOPES].strip():
        scopes = {scope.strip() for scope in answer.headers[SCOPES].split(",")}
        if not scopes & _ENOUGH:
            sentence = (
                f"The token of {login} has the scopes {', '.join(sorted(scopes))}: "
                "it needs public_repo (or repo). Set another GITHUB_TOKEN."
            )
            raise Permanent("scope_missing", sentence)
    place = _place(rest, owner, login)
    return Credential(f"token of {login}{place}{_until(answer)}", expiry_of(answer))


def login_of(answer: RestAnswer) -> str:
    """Return the login in an answer to GET /user. Raises Transient(forge_odd_answer)."""
    login = answer.data.get("login") if answer.status == 200 and isinstance(answer.data, dict) else None
    if not isinstance(login, str) or not login:
        raise Transient(
            "forge_odd_answer", f"GitHub did not say whose the token is: {answer.status}{quoted(answer.message)}"
        )
    return login


def is_organisation(rest: GitHubRest, owner: str) -> bool:
    """Return True for an organisation. Raises OutOfService (forge_owner_unknown, forge_owner_refused) for others."""
    answer = rest.get(f"/users/{owner}")
    kind = answer.data.get("type") if answer.status == 200 and isinstance(answer.data, dict) else ""
    if kind == "Organization":
        return True
    if answer.status == 404:
        raise OutOfService(
            "forge_owner_unknown", f"GitHub knows no account {owner}: set another GITHUB_OWNER.", kind="forge"
        )
    sentence = (
        f"{owner} is another user, and a token makes repositories for its own user or an organisation only: "
        "set another GITHUB_OWNER."
    )
    raise OutOfService("forge_owner_refused", sentence, kind="forge")


def expiry_of(answer: RestAnswer) -> datetime | None:
    """Parse "2026-12-24 08:00:00 UTC", or the same with an offset; None for a missing or other text."""
    text = answer.headers.get(EXPIRY, "").strip().removesuffix(" UTC")
    try:
        found = datetime.fromisoformat(text.replace(" +", "+").replace(" -", "-"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _place(rest: GitHubRest, owner: str, login: str) -> str:
    if not owner or owner.lower() == login.lower():
        return ""
    try:
        is_organisation(rest, owner)
    except OutOfService as refused:
        if refused.until is not None:
            raise
        raise Permanent(refused.code, refused.message) from None
    return f" for {owner}"


def _until(answer: RestAnswer) -> str:
    expires = expiry_of(answer)
    return f", expires {expires:%Y-%m-%d %H:%M} UTC" if expires else ""
