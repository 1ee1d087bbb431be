"""Patterns of credentials that the scanner library lacks, or that it searches for in quadratic time.

Every pattern is bounded and starts at the beginning of a word, so that the search is linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A match with fewer different characters than this is a placeholder such as `ghp_xxxxxxxx`.
_FEWEST_DIFFERENT = 8

#: Each kind with a text that every match holds, and its pattern: to look for the text first is many times as fast.
_SHAPES = {
    # https://github.blog/changelog/2022-10-18-introducing-fine-grained-personal-access-tokens/
    "GitHub fine-grained token": ("github_pat_", r"(?<!\w)github_pat_\w{30,255}"),
    "Anthropic key": ("sk-ant-", r"(?<![\w-])sk-ant-[\w-]{24,200}"),
    "OpenRouter key": ("sk-or-v1-", r"(?<![\w-])sk-or-v1-[0-9a-f]{32,100}"),
    "OpenAI key": ("sk-", r"(?<![\w-])sk-(?:(?:proj|svcacct|admin)-[\w-]{24,250}|[A-Za-z0-9]{32,100})(?![\w-])"),
    "Hugging Face token": ("hf_", r"(?<!\w)hf_[A-Za-z0-9]{30,60}(?!\w)"),
    "Google API key": ("AIza", r"(?<![\w-])AIza[\w-]{35}(?![\w-])"),
    "Groq key": ("gsk_", r"(?<!\w)gsk_[A-Za-z0-9]{40,80}(?!\w)"),
    "xAI key": ("xai-", r"(?<![\w-])xai-[A-Za-z0-9]{40,120}(?!\w)"),
    "npm token": ("npm_", r"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)"),
    # AI Pipe's tokens are of this kind too. https://www.rfc-editor.org/rfc/rfc7519#section-3
    "JSON Web Token": ("eyJ", r"(?<![\w-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}(?:\.[\w-]{0,2000})?"),
    "private key": ("PRIVATE KEY", r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"),
}
_PATTERNS = {what: (text, re.compile(pattern)) for what, (text, pattern) in _SHAPES.items()}
#: Patterns that begin with what is rare, because data may have many megabytes.
_INTEGRITY = re.compile(r"sha(?<!\wsha)(?:256|384|512)-[A-Za-z0-9+/=]{40,100}")
_LONG_HEX = re.compile(r"[0-9a-f]{40}")
_LONG_WORD = re.compile(r"[\w-]{40,}+")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True)
class Token:
    """Text that looks like a credential. `what` names its kind, `line` counts from 1, and `match` is never shown."""

    what: str
    line: int
    match: str

    @property
    def redacted(self) -> str:
        """The part of the match that may be shown."""
        return f"{self.match[:4]}… ({len(self.match)} characters)"


def credentials_in(text: str) -> Iterator[Token]:
    """Yield each token that looks like a credential, except `integrity` hashes and commit SHAs."""
    return credentials_in_plain(without_hashes(text))


def credentials_in_plain(plain: str) -> Iterator[Token]:
    """Yield each token of a text `without_hashes`."""
    for what, (text_held, pattern) in _PATTERNS.items():
        for found in pattern.finditer(plain) if text_held in plain else ():
            if is_real(found[0]):
                yield Token(what, plain.count("\n", 0, found.start()) + 1, found[0])


def without_hashes(text: str) -> str:
    """Return `text` with subresource integrity hashes and commit SHAs replaced by blanks, at the same length."""
    text = _INTEGRITY.sub(lambda found: " " * len(found[0]), text)
    return _LONG_WORD.sub(_without_commit, text) if _LONG_HEX.search(text) else text


def _without_commit(word: re.Match[str]) -> str:
    return " " * len(word[0]) if _COMMIT.fullmatch(word[0]) else word[0]


def is_real(match: str) -> bool:
    """Say whether a match has enough different characters: a placeholder such as `your-key-here` has few."""
    return " " in match or len(set(match)) >= _FEWEST_DIFFERENT
