"""Text that a model writes in place of code: "rest of the code", "your code here", "// ... existing code".

Only comments and lines that hold nothing else count: what a page shows its reader, and what a README says, is nobody's stand-in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_OF_CODE = r"(?:code|file|page|script|html|css|styles?|javascript|implementation|functions?|logic|markup)"
_WHAT_WAS = r"(?:existing|previous|other|remaining|same|rest)"
_STAND_INS = (
    rf"\b(?:rest|remainder) of (?:the |your |my |this )?(?:\w+ )?{_OF_CODE}\b",
    rf"\b(?:your|the|more|main|additional|actual) {_OF_CODE} (?:goes |comes )?here\b",
    rf"\b{_OF_CODE} goes here\b",
    rf"\b(?:add|insert|put|place) (?:your |the )?{_OF_CODE} here\b",
    rf"(?:\.\.\.\s|…\s?|//\s?\.\.\.)(?:the )?{_WHAT_WAS}\b",
    # Straight after the dots it is a spread (`...rest,`), unless more words, dots or a comment's end follow.
    rf"\.\.\.(?:the {_WHAT_WAS}\b|{_WHAT_WAS}(?:\s+[a-z]|\s?(?:\.\.\.|…)|\s*(?:\*/|-->)))",
    rf"\b(?:existing|previous|remaining|rest|other) (?:of )?(?:the )?{_OF_CODE}\s?(?:\.\.\.|…)",
    rf"\b(?:{_OF_CODE}|rest|everything else) (?:remains?|stays?|is|are) (?:the same|unchanged|as before)\b",
    rf"\b(?:same|unchanged) {_OF_CODE} as (?:before|above)\b",
    r"\b(?:omitted|truncated|shortened) for brevity\b",
    r"\btodo:? implement\b",
)
_PHRASE = re.compile("|".join(_STAND_INS), re.IGNORECASE)
#: Not the slashes of `https://`, `"//cdn.example"`, `image/*` and of a comment in a string that the page shows.
_COMMENT = re.compile(r"""(?<![:"'`])//|(?<![\w*"'`])/\*|<!--|^\s*[*#(\[]""")
_ALONE = re.compile(r"^[\s(\[<{]*(?:\.\.\.|…)[^<>;=\"'`]{0,60}(?:\.\.\.|…)?[\s)\]>}]*$")
_CODE = re.compile(r"\.(?:html?|css|m?js|jsx|tsx?|svg|json|webmanifest)$", re.IGNORECASE)
_LONGEST_LINE = 2_000


def placeholders(path: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the line number (from 1) and the text of each line that stands for code which is not there."""
    if not _CODE.search(path):
        return
    for number, line in enumerate(text.split("\n"), 1):
        head = line[:_LONGEST_LINE]
        comment = _COMMENT.search(head)
        if (comment and _PHRASE.search(head, comment.start())) or (_ALONE.match(head) and _PHRASE.search(head)):
            yield number, " ".join(head.split())[:120]
