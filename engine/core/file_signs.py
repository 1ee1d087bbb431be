"""A brief's sentences as words, in which each of the files that are there is one sign, however the brief calls it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: So much of a brief is read for this, in characters.
MOST_READ = 100_000
_LONGEST_SENTENCE = 200  # in words: what goes on for longer is read in pieces

_SIGN = "\x01"
_WORDS = re.compile(rf"{_SIGN}\d+|\w+(?:['.-]\w+)*|'s|[,:()]")
_SENTENCES = re.compile(r"[.!?;](?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*\u2022]|\d{1,3}[.)])\s)")
#: Of a repository's own files the names alone mean those, and not the ones of a folder.
_OWN = frozenset({"readme.md", "license", ".nojekyll"})


def signed_sentences(brief: str, paths: Sequence[str]) -> Iterator[list[str]]:
    """Yield each sentence as words in lower case, with a sign for each of the `paths`."""
    text = brief[:MOST_READ].lower().replace("\u2019", "'").replace(_SIGN, " ").replace("()", "")
    forms = _forms(paths)
    if forms:
        written = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        text = re.sub(rf"(?<![\w./-])(?:\./)?({written})(?![\w-]|\.\w|/)", lambda m: f" {_SIGN}{forms[m[1]]} ", text)
    for sentence in _SENTENCES.split(text):
        words = _WORDS.findall(sentence)
        for start in range(0, len(words), _LONGEST_SENTENCE):
            yield words[start : start + _LONGEST_SENTENCE]


def signed_paths(words: Sequence[str], paths: Sequence[str]) -> dict[int, str]:
    """Return the files that a sentence names, by the place of their signs; `paths` as its signs were made from."""
    return {at: paths[int(word.removeprefix(_SIGN))] for at, word in enumerate(words) if is_sign(word)}


def is_sign(word: str) -> bool:
    """Say whether a word is a file's sign."""
    return word.startswith(_SIGN)


def _forms(paths: Sequence[str]) -> Mapping[str, int]:
    """Return how each file may be called: by its path, and by its last part where only one has it; `README.md` alone is the repository's."""
    last = [path.rpartition("/")[2].lower() for path in paths]
    forms = {name: at for at, name in enumerate(last) if last.count(name) == 1 and name not in _OWN}
    return forms | {path.lower(): at for at, path in enumerate(paths)}
