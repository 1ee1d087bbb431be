"""Gates that a tree must pass before a browser opens it or it is pushed: placeholders, ends, our secrets, credentials.

Paths, file types, sizes and counts are checked when a reply is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from engine.checks.endings import early_end
from engine.checks.placeholders import placeholders
from engine.domain.checks import WRONG, Check, CheckOutcome, Kind, Target, Verdict
from engine.formats.credential_patterns import credentials_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from engine.formats.credential_patterns import Token

PLACEHOLDERS = "The files are whole, without a stand-in for code"
ENDINGS = "The files go on to their end"
SECRETS = "The files hold no secret of this service"
TOKENS = "The files hold nothing that looks like a credential"

#: The beginning of a warning of a round that is degraded, because ENDINGS fails for what it published.
NOT_WHOLE = "A published file is incomplete"
#: The same in rows that earlier versions wrote.
NOT_WHOLE_BEFORE = "What is published is not whole"

#: A tree that fails one of these gates is never published.
_BARRING = frozenset({SECRETS, TOKENS})
_MOST_FINDINGS = 10

#: The separator of a gate's findings; no finding contains it.
BETWEEN = "; "


@dataclass(frozen=True, slots=True)
class Finding:
    """A gate's finding in `path` at `line` (from 1). `what` holds nothing secret."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def gate_results(
    files: Mapping[str, bytes],
    *,
    secret_in: Callable[[bytes], str | None],
    tokens_in: Callable[[str], Iterable[Token]] = credentials_in,
    allowed: str = "",
    originals: Mapping[str, bytes] = MappingProxyType({}),
    lost: Mapping[str, str] = MappingProxyType({}),
) -> list[CheckOutcome]:
    """Check the files that a model wrote.

    `secret_in` returns the name of our secret in some bytes; `tokens_in` finds credentials in a text. A match that also
    stands in `allowed` (the brief and its checks) or in the file's version in `originals` is not a finding. `lost` says
    of a path why no reply brought that file whole.
    """
    before = {path: content.decode("utf-8", "replace") for path, content in originals.items() if path in files}
    texts = {path: content.decode("utf-8", "replace") for path, content in files.items()}
    shapes = (
        Finding(path, token.line, f"{token.redacted} looks like a {token.what}")
        for path, text in texts.items()
        for token in tokens_in(text)
        if token.match not in allowed and token.match not in before.get(path, "")
    )
    return [
        _result(PLACEHOLDERS, _placeholder_findings(texts, before, allowed, secret_in, tokens_in)),
        _result(ENDINGS, _early_ends(texts, before, lost)),
        _result(SECRETS, _own_secrets(files, secret_in)),
        _result(TOKENS, shapes),
    ]


def barring_results(results: Sequence[CheckOutcome]) -> list[CheckOutcome]:
    """Return the gates' results that bar a tree from being published."""
    return [r for r in results if r.check.kind is Kind.GATE and r.check.text in _BARRING and r.verdict in WRONG]


def is_barred(results: Sequence[CheckOutcome]) -> bool:
    """Say whether a gate bars a tree from being published."""
    return bool(barring_results(results))


def secret_line(content: bytes, secret_in: Callable[[bytes], str | None]) -> tuple[str, int] | None:
    """Return name and line (from 1) of the first secret of ours in `content`; None if there is none."""
    name = secret_in(content)
    if name is None:
        return None
    lines = content.split(b"\n")
    return name, next((number for number, line in enumerate(lines, 1) if secret_in(line)), 1)


def _placeholder_findings(
    texts: Mapping[str, str],
    before: Mapping[str, str],
    allowed: str,
    secret_in: Callable[[bytes], str | None],
    tokens_in: Callable[[str], Iterable[Token]],
) -> Iterable[Finding]:
    for path, text in texts.items():
        lines = text.split("\n")
        known = {line.strip() for line in before.get(path, "").split("\n")}
        for number, shown in placeholders(path, text, allowed):
            line = lines[number - 1]
            if line.strip() in known:
                continue
            hidden = secret_in(line.encode()) is not None or any(tokens_in(line))
            what = "a line with a credential" if hidden else repr(shown)
            yield Finding(path, number, f"{what} stands for code that is not there")


def unfinished(results: Sequence[CheckOutcome]) -> str:
    """Return a sentence with the files that end before their end, for a tree that is published so; "" if none does."""
    found = [r.detail for r in results if r.check.kind is Kind.GATE and r.check.text == ENDINGS and r.verdict in WRONG]
    return f"{NOT_WHOLE}, because every model reply ended too early: {found[0]}" if found else ""


def _early_ends(texts: Mapping[str, str], before: Mapping[str, str], lost: Mapping[str, str]) -> Iterable[Finding]:
    for path, text in texts.items():
        found = early_end(path, text) if path not in lost else ""
        if found and found != early_end(path, before.get(path, "")):
            yield Finding(path, text.rstrip().count("\n") + 1, found)
    for path, what in lost.items():
        yield Finding(path, texts.get(path, "").rstrip().count("\n") + 1, what)


def _own_secrets(files: Mapping[str, bytes], secret_in: Callable[[bytes], str | None]) -> Iterable[Finding]:
    for path, content in files.items():
        if found := secret_line(content, secret_in):
            yield Finding(path, found[1], f"the value of {found[0]}")


def _result(text: str, findings: Iterable[Finding]) -> CheckOutcome:
    shown = [str(finding).replace(BETWEEN, ";") for _, finding in zip(range(_MOST_FINDINGS), findings, strict=False)]
    verdict = Verdict.FAIL if shown else Verdict.PASS
    return CheckOutcome(Check(Kind.GATE, text), Target.LOCAL, verdict, BETWEEN.join(shown))
