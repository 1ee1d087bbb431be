"""Translates GitHub's refusals into engine errors, by status and text."""

from __future__ import annotations

import re
from http import HTTPStatus

from engine.adapters.secret_scanner import DetectSecretsScanner
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

#: Characters of GitHub's own message in a sentence. A refused push takes about 150 for each secret that it names.
_QUOTED = 6_000
#: Lines across the page and colours, which a message for terminals holds.
_RULER = re.compile(r"(?<!\S)([-_=*#~\u2500\u2501\u2550\u2013\u2014])(?:\s?\1){2,}+(?!\S)")
_COLOUR = re.compile(r"\x1b\[[\d;]{0,20}m|\[\d{1,3}(?:;\d{1,3}){0,4}m")

_SCANNER = DetectSecretsScanner()

#: A repository that takes no commits any more, whoever pushes.
_UNUSABLE = re.compile(
    r"\barchived\b|\bread-only\b|repository access blocked|access to this repository has been disabled|"
    r"\brepository (?:\S{1,200} )?is disabled"
)
#: A word with a slash, or the name of one of our repositories.
_NAME = re.compile(r"[^\s/]*/\S*|\S*-[0-9a-f]{8}(?:-\d+)?\b")
_ACCOUNT = re.compile(r"\bsuspended\b|\bflagged\b|\bblocked\b|\bbilling\b|account (?:\w+ )?locked")
_POLICY = re.compile(
    r"\bpolic(?:y|ies)\b|\borgani[sz]ation\b|\benterprise\b|ip allow list|\bforbids\b|access restrictions|"
    r"not allowed to create|cannot create public|can't (?:be|create) public|"
    r"repository creation (?:is|was|has been) |repository limit|too many repositories"
)


def refusal(status: int, text: str, *, doing: str) -> EngineError:
    """Return the error for a refusal by other causes than a limit. `doing` is a key of PERMISSIONS."""
    if status == HTTPStatus.UNAUTHORIZED:
        return token_refused()
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(text, doing)
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
    plain = _RULER.sub(" ", _COLOUR.sub("", text[: 2 * _QUOTED]))
    for token in _SCANNER.tokens(plain):
        plain = plain.replace(token.match, token.redacted)
    line = " ".join("".join(c if c.isprintable() else " " for c in plain).split())
    return f". GitHub: {line[:_QUOTED]}" if line else "."


def words_of(text: str) -> str:
    """Return GitHub's words in lower case without addresses, paths and names of repositories.

    A repository named after the task, such as `privacy-policy-0a1b2c3d`, says nothing of a policy.
    """
    return " ".join(_NAME.sub(" ", text).lower().split())


def account_refused(text: str, doing: str) -> OutOfService | None:
    """Return the error for what GitHub holds against the account or its organisation, None if it is nothing of that."""
    words = words_of(text)
    if "saml" in words or "single sign-on" in words:
        sentence = (
            f"The token is not authorised for the organisation's single sign-on: authorise it on GitHub{quoted(text)}"
        )
        return OutOfService("forge_permission_missing", sentence, kind="forge")
    if _ACCOUNT.search(words):
        return OutOfService("forge_account_blocked", f"GitHub has blocked the account{quoted(text)}", kind="forge")
    if _POLICY.search(words):
        sentence = f"A policy of the account or its organisation forbids {_DOING[doing]}: change it on GitHub"
        return OutOfService("forge_policy", f"{sentence}{quoted(text)}", kind="forge")
    return None


def _forbidden(text: str, doing: str) -> EngineError:
    if doing in {"push", "pages"} and _UNUSABLE.search(words_of(text)):
        return Permanent("repository_gone", f"The repository takes no commits any more{quoted(text)}")
    return account_refused(text, doing) or permission_missing(doing, text)
