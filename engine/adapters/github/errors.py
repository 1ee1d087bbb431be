"""Translates GitHub's refusals into engine errors, by status and text."""

from __future__ import annotations

from http import HTTPStatus

from engine.errors import EngineError, OutOfService, Permanent, Transient

#: The permission of a fine-grained token and the scope of a classic one that each kind of request needs.
#: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
PERMISSIONS = {
    "create": ("Administration: write", "public_repo"),
    "push": ("Contents: write", "public_repo"),
    "workflows": ("Workflows: write", "workflow"),
    "pages": ("Pages: write and Administration: write", "public_repo"),
    "builds": ("Pages: write", "public_repo"),
    "takedown": ("Pages: write and Administration: write", "repo"),
    "read": ("Metadata: read and Contents: read", "public_repo"),
    "looks": ("Pages: read", "public_repo"),
    "runs": ("Actions: read", "public_repo"),
    "logs": ("Actions: read", "public_repo"),
}

_DOING = {
    "create": "the making of a repository",
    "push": "a push",
    "workflows": "a push of a workflow file",
    "pages": "the switching on of Pages",
    "builds": "a build of Pages",
    "takedown": "the change of who sees the page or the repository",
    "read": "the reading of a repository",
    "looks": "the question for its builds of Pages",
    "runs": "the question for runs of workflows",
    "logs": "the reading of a run's log",
}

#: Plain words for the libraries' exception names.
_WHY = {
    "ConnectionError": "there is no connection",
    "NewConnectionError": "there is no connection",
    "MaxRetryError": "there is no connection",
    "NameResolutionError": "its name is not found",
    "ConnectTimeout": "there was no connection in time",
    "ConnectTimeoutError": "there was no connection in time",
    "ReadTimeout": "nothing came in time",
    "ReadTimeoutError": "nothing came in time",
    "TimeoutError": "nothing came in time",
    "ProtocolError": "the connection broke off",
    "ChunkedEncodingError": "the connection broke off",
    "SSLError": "its certificate is not good",
}

_QUOTED = 300  # characters of GitHub's own message in a sentence


def refusal(status: int, text: str, *, doing: str) -> EngineError:
    """Return the error for a refusal by other causes than a limit. `doing` is a key of PERMISSIONS."""
    words = text.lower()
    if status == HTTPStatus.UNAUTHORIZED:
        return token_refused()
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(words, text, doing)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT}:
        return Transient("forge_unwell", f"GitHub answered {_DOING[doing]} with {status}.")
    return Permanent("forge_refused", f"GitHub refused {_DOING[doing]}: {status}{quoted(text)}")


def token_refused() -> OutOfService:
    sentence = (
        "GitHub refuses the token (401): it is wrong, expired or revoked. Set another GITHUB_TOKEN and start again."
    )
    return OutOfService("forge_token_refused", sentence, kind="forge")


def permission_missing(doing: str, text: str = "") -> OutOfService:
    """Return an error that names the permission and the scope that the token lacks."""
    fine, classic = PERMISSIONS[doing]
    sentence = (
        f"The token may not do {_DOING[doing]}: a fine-grained token needs the permission {fine}, "
        f"a classic one the scope {classic}{quoted(text)}"
    )
    return OutOfService("forge_permission_missing", sentence, kind="forge")


def unreachable(doing: str, why: str) -> Transient:
    """Return the error for a request without an answer."""
    return Transient("forge_unreachable", f"GitHub did not answer {_DOING[doing]}: {_WHY.get(why, why)}.")


def quoted(text: str) -> str:
    """Return the end of a sentence that quotes GitHub's message: ". GitHub: …", or "." for an empty message."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f". GitHub: {line[:_QUOTED]}" if line else "."


def _forbidden(words: str, text: str, doing: str) -> EngineError:
    if "saml" in words or "single sign-on" in words:
        sentence = (
            f"The token is not authorised for the organisation's single sign-on: authorise it on GitHub{quoted(text)}"
        )
        return OutOfService("forge_permission_missing", sentence, kind="forge")
    if "suspended" in words or "account was flagged" in words or "blocked" in words:
        return OutOfService("forge_account_blocked", f"GitHub has blocked the account{quoted(text)}", kind="forge")
    return permission_missing(doing, text)
