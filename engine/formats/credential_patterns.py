"""Shapes of credentials that the scanner library does not know, or looks for in a time that grows with the square of the text.

Every pattern begins where no longer word does and is bounded, so that a text is read once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A match with fewer different characters than this is a stand-in such as `ghp_xxxxxxxx`.
_FEWEST_DIFFERENT = 8

_SHAPES = {
    # https://github.blog/changelog/2022-10-18-introducing-fine-grained-personal-access-tokens/
    "GitHub fine-grained token": r"(?<!\w)github_pat_\w{30,255}",
    "Anthropic key": r"(?<![\w-])sk-ant-[\w-]{24,200}",
    "OpenRouter key": r"(?<![\w-])sk-or-v1-[0-9a-f]{32,100}",
    "OpenAI key": r"(?<![\w-])sk-(?:(?:proj|svcacct|admin)-[\w-]{24,250}|[A-Za-z0-9]{32,100})(?![\w-])",
    "Hugging Face token": r"(?<!\w)hf_[A-Za-z0-9]{30,60}(?!\w)",
    "Google API key": r"(?<![\w-])AIza[\w-]{35}(?![\w-])",
    "Groq key": r"(?<!\w)gsk_[A-Za-z0-9]{40,80}(?!\w)",
    "xAI key": r"(?<![\w-])xai-[A-Za-z0-9]{40,120}(?!\w)",
    "npm token": r"(?<!\w)npm_[A-Za-z0-9]{36}(?!\w)",
    # AI Pipe's tokens are of this kind too. https://www.rfc-editor.org/rfc/rfc7519#section-3
    "JSON Web Token": r"(?<![\w-])eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}(?:\.[\w-]{0,2000})?",
    "private key": r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----",
}
_PATTERNS = {what: re.compile(pattern) for what, pattern in _SHAPES.items()}
_HASHES = re.compile(
    r"\bsha(?:256|384|512)-[A-Za-z0-9+/=]{40,100}|(?<![\w-])[0-9a-f]{40}(?![\w-])|(?<![\w-])[0-9a-f]{64}(?![\w-])"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A credential's shape in a text: `what` kind it looks like, the `line` (from 1), and the whole `match`, which is never to be shown."""

    what: str
    line: int
    match: str

    @property
    def redacted(self) -> str:
        """Return what may be shown of it."""
        return f"{self.match[:4]}… ({len(self.match)} characters)"


def credentials_in(text: str) -> Iterator[Token]:
    """Yield what looks like a credential. `integrity` hashes and commit SHAs are none."""
    plain = without_hashes(text)
    for what, pattern in _PATTERNS.items():
        for found in pattern.finditer(plain):
            if is_real(found[0]):
                yield Token(what, plain.count("\n", 0, found.start()) + 1, found[0])


def without_hashes(text: str) -> str:
    """Return `text` with subresource integrity hashes and commit SHAs blanked, at the same length."""
    return _HASHES.sub(lambda found: " " * len(found[0]), text)


def is_real(match: str) -> bool:
    """Say whether a match is more than a stand-in: `your-key-here` in a token's shape repeats a few characters."""
    return " " in match or len(set(match)) >= _FEWEST_DIFFERENT
