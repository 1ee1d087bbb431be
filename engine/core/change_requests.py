"""Which of the files that are there a brief asks to change: read from its words, cautiously, for what is changed by mistake is lost.

A file is asked for where it is what an imperative acts on (`Fix the bug in script.py`) or what must be done to it (`script.py must be
fixed`), never where it is only named beside a change of something else (`Update the page so that it reads data.csv`). Code may also be meant
by `this script` or `it`. Data is taken only where the words between verb and name leave nothing else to be meant.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from engine.core.file_signs import is_sign, signed_paths, signed_sentences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


CODE = _set(
    "py js mjs cjs ts tsx jsx vue html htm css scss less sh bash zsh ps1 bat sql rb go rs java kt c h cpp hpp cs php pl lua r m swift"
)
_PARTICIPLES = {
    "fix": "fixed", "repair": "repaired", "mend": "mended", "correct": "corrected", "edit": "edited", "modify": "modified", "change": "changed",
    "update": "updated", "improve": "improved", "rewrite": "rewritten", "remove": "removed", "delete": "deleted", "rename": "renamed",
    "amend": "amended", "complete": "completed", "extend": "extended",
}  # fmt: skip
_ADDING = frozenset({"add", "append", "insert"})
_TAKING = frozenset({"remove", "delete"})
_DATA_VERBS = frozenset(_PARTICIPLES) - {"complete", "extend"} | _ADDING
_CODE_VERBS = frozenset(_PARTICIPLES) | _ADDING | _set(
    "debug refactor optimise optimize simplify translate port patch finish implement make clean tidy format reformat document comment adapt"
)  # fmt: skip
_DONE = "|".join(
    [*_PARTICIPLES.values(), "debugged", "refactored", "optimised", "optimized", "simplified", "translated", "cleaned"]
)
_DOING = r"(?:fix|repair|mend|correct|edit|modify|chang|updat|improv|rewrit|remov|delet|renam|debugg|refactor|touch|alter|overwrit)ing"
_ANY = "|".join([*sorted(_CODE_VERBS | {"touch", "alter", "overwrite"}), _DOING])

_DETERMINERS = _set(
    "the a an this these that my our your its all any some both each every attached given provided included existing broken wrong buggy invalid "
    "malformed faulty missing incorrect empty duplicate duplicated new file files dataset spreadsheet and , first second third last"
)
_PARTS = _set(
    "row rows line lines column columns header headers heading headings field fields cell cells record records entry entries contents content key "
    "keys format encoding separator separators delimiter typo typos"
)
_FAULTS = _set(
    "bug bugs error errors mistake mistakes value values total totals number numbers date dates name names price prices spelling data"
)
#: What makes of a file in the same sentence a thing that is used and not one that is changed.
_USING = _set(
    "to so that which who those as like with without using use uses used read reads reading load loads loading loaded show shows showing shown "
    "display displays displayed by for when where how if based per via because until while from than about against into"
)
_ON_THE_PAGE = _set("page site app chart graph table view ui screen list display browser menu dashboard index")
#: Before the verb, these say that somebody else is to be able to do it, or under which condition.
_ACTORS = _set(
    "user users visitor visitors people reader readers they let lets allow allows enable enables can could able when if button editor form "
    "that which who"
)
_OPENERS = _set("please also then now first finally next just kindly and but , : ( or second third")
_AFTER_DATA = _set(", : ( ) so by and to then please accordingly as file first but or itself in from with")
_UNCHANGED = r"(?:unchanged|untouched|unmodified|unaltered|intact|alone|verbatim|as is|as it is|as they are|as it came|byte for byte)"
_SUFFIXES = {
    "python": {"py"}, "shell": {"sh", "bash", "zsh"}, "bash": {"sh", "bash"}, "javascript": {"js", "mjs", "cjs"}, "typescript": {"ts", "tsx"},
    "sql": {"sql"}, "css": {"css", "scss", "less"}, "stylesheet": {"css", "scss", "less"}, "query": {"sql"}, "ruby": {"rb"}, "php": {"php"},
}  # fmt: skip
_CODE_NOUNS = _set("script code program function module snippet class query stylesheet")

_PASSIVE = re.compile(
    rf"(?:file |itself |also )*(?:(?:must|should|shall|ought to|needs? to|has to|have to|is to)(?: also| then| now)? be (?:{_DONE})"
    rf"|(?:needs?|requires?) (?:to be (?:{_DONE})|{_DOING}))(?: |$)"
)
_NEGATED = re.compile(
    rf"(?:not|never|don't|mustn't|shouldn't|without|cannot|avoid)(?: ever| also)? (?:{_ANY})(?: the| this| attached| file)*$"
)
_NOT_DONE = re.compile(
    rf"(?:file )?(?:must|should|shall|may|is|will|can)(?: \w+)? ?(?:not|never)(?: to)? be (?:{_DONE}|touched|altered)"
)
_STAYS = re.compile(
    rf"(?:file )?(?:must |should |shall |has to |is to |will )?(?:stays?|remains?|be kept|be left|is kept|is left|be|is)(?: \w+)? {_UNCHANGED}"
)
_TAKE = re.compile(r"\b(?:remove|delete|rename)(?: (?:the|both|attached|old|file|files|and|,|x))*$")
_TAKEN = re.compile(r"(?:file )?(?:must|should|shall|has to|needs? to|is to) be (?:removed|deleted|renamed)\b")
_IT = re.compile(
    rf"(?:^|\b(?:please|and|then|,) )(?:{'|'.join(sorted(_CODE_VERBS - _ADDING))}) (?:it|this|that|the bugs?|the errors?|them)(?: |$)"
)


class Asked(NamedTuple):
    """Which files a brief asks to change, and which of these to take away, by removal or under another name."""

    changed: frozenset[str]
    removed: frozenset[str]


def asked_changes(brief: str, paths: Collection[str]) -> Asked:
    """Return which of `paths` the brief asks to change; never one that it also wants left as it is.

    An index.html is always asked for: it is the page that the work is about.
    """
    known = sorted(paths)
    changed, removed, spared, before = {p for p in known if p == "index.html"}, set[str](), set[str](), set[str]()
    for words in signed_sentences(brief, known):
        named = signed_paths(words, known)
        spared |= {path for at, path in named.items() if _is_spared(words, at)}
        changed |= {path for at, path in named.items() if _is_object(words, at, path) or _is_subject(words, at, path)}
        removed |= {path for at, path in named.items() if _is_taken(words, at)}
        changed |= _by_kind(words, known)
        if not named and _IT.search(" ".join(words)):
            changed |= before
        before = _one_script(named.values()) if named else before
        if named and _IT.search(" ".join(words[max(named) :])):
            changed |= before
    return Asked(frozenset(changed - spared), frozenset(changed & removed - spared))


def is_code(path: str) -> bool:
    """Say whether a file is a program, a page or a style sheet by its name: what is written and not gathered."""
    name = path.rpartition("/")[2].lower()
    return name in {"dockerfile", "makefile"} or (name.rpartition(".")[2] in CODE and "." in name)


def _is_object(words: Sequence[str], at: int, path: str) -> bool:
    verbs, fits = (_CODE_VERBS, _code_gap) if is_code(path) else (_DATA_VERBS, _data_gap)
    for verb in range(at - 1, max(at - 14, -1), -1):
        if words[verb] in {":", "(", ")"}:
            return False
        if words[verb] in verbs and _is_imperative(words, verb) and fits(words[verb], words[verb + 1 : at]):
            return is_code(path) or words[verb] == "rename" or _ends(words, at)
    return False


def _is_taken(words: Sequence[str], at: int) -> bool:
    """Say whether the file itself is to go, and not something in it."""
    before = " ".join("x" if is_sign(word) else word for word in words[max(at - 9, 0) : at])
    return bool(_TAKE.search(before) or _TAKEN.match(" ".join(words[at + 1 : at + 6])))


def _is_imperative(words: Sequence[str], verb: int) -> bool:
    """Say whether whoever gets the brief is to do it: not the page, not its users."""
    before = words[:verb]
    if not before:
        return True
    if before[-1] == "to":
        return bool({"task", "you", "goal", "job", "asked", "need", "want"} & set(before[-5:])) and not _ACTORS & set(
            before
        )
    if before[-1] in {"must", "should"}:
        return before[-2:-1] in (["you"], ["we"])
    if before[-1] == "you":
        return before[-2:-1] in (["can"], ["could"], ["will"], ["would"])
    return before[-1] in _OPENERS and not _ACTORS & set(before)


def _code_gap(verb: str, gap: Sequence[str]) -> bool:
    """Say whether what stands between verb and name lets the name be what is changed."""
    if verb in _ADDING:
        return (
            bool(gap)
            and gap[-1] in {"to", "into", "in", "the"}
            and not (_USING - {"to", "into", "for", "with"}) & set(gap)
        )
    return not (_USING - ({"from"} if verb in _TAKING else set())) & set(gap)


def _data_gap(verb: str, gap: Sequence[str]) -> bool:
    plain = [word for word in gap if word not in _DETERMINERS and not is_sign(word) and not word.isdigit()]
    if verb in _ADDING:
        return (
            bool(plain)
            and plain[-1] in {"to", "into"}
            and bool(_PARTS & set(plain))
            and len(plain) <= 6
            and not (_USING - {"for", "with"}) & set(plain[:-1])
        )
    if not plain:
        return verb not in _ADDING
    joint, inner = plain[-1], plain[:-1]
    if joint not in ({"in", "inside", "within", "of"} | ({"from"} if verb in _TAKING else set())):
        return False
    nouns = _PARTS if joint == "of" else _PARTS | _FAULTS
    strange = [word for word in inner if word not in _PARTS | _FAULTS | {"in", "of"}]
    return bool(nouns & set(inner)) and len(strange) <= 2 and not (_USING | _ON_THE_PAGE) & set(inner)


def _ends(words: Sequence[str], at: int) -> bool:
    """Say whether the name of a data file is all of what is changed: not its chart, nor where it is shown, nor which file is read."""
    rest = words[at + 1 : at + 5]
    if not rest:
        return True
    if rest[0] not in _AFTER_DATA and not is_sign(rest[0]):
        return False
    if rest[0] in {"from", "in"} and _ON_THE_PAGE & set(rest[1:]):
        return False
    return not (rest[0] == "to" and any(is_sign(word) or word.endswith(("csv", "json")) for word in rest[1:2]))


def _is_subject(words: Sequence[str], at: int, path: str) -> bool:
    follows = " ".join(words[at + 1 : at + 9])
    found = _PASSIVE.match(follows)
    if not found:
        return False
    start = max((place + 1 for place in range(at) if words[place] in {":", "(", "but"}), default=0)
    subject = words[start:at]
    if is_code(path):
        return not _USING & set(subject)
    then = follows[found.end() :].split()
    strange = [
        w for w in subject if w not in _DETERMINERS | _PARTS | _FAULTS | {"in", "of", "inside"} and not is_sign(w)
    ]
    return not strange and (not then or then[0] in _AFTER_DATA)


def _is_spared(words: Sequence[str], at: int) -> bool:
    before, after = " ".join(words[max(at - 7, 0) : at]), " ".join(words[at + 1 : at + 8])
    kept = re.search(r"\b(?:keep|leave)(?: the| this| attached| file)*$", before)
    return bool(
        _NEGATED.search(before)
        or _NOT_DONE.match(after)
        or _STAYS.match(after)
        or (kept and re.match(rf"(?:file |exactly )*{_UNCHANGED}", after))
    )


def _by_kind(words: Sequence[str], known: Sequence[str]) -> set[str]:
    """Return the one script that `fix this Python script` can mean."""
    for verb, word in enumerate(words):
        if word not in _CODE_VERBS - _ADDING or not _is_imperative(words, verb):
            continue
        gap = words[verb + 1 : verb + 8]
        noun = next((place for place, one in enumerate(gap) if one in _CODE_NOUNS), None)
        if noun is None or _USING & set(gap[:noun]) or any(is_sign(one) for one in gap[:noun]):
            continue
        kinds = [_SUFFIXES[one] for one in gap[: noun + 1] if one in _SUFFIXES]
        found = [path for path in known if is_code(path) and path != "index.html"]
        return _one_script(p for p in found if all(p.rpartition(".")[2].lower() in kind for kind in kinds))
    return set()


def _one_script(paths: Iterator[str] | Collection[str]) -> set[str]:
    """Return the one file of code among these, nothing where there are more or none."""
    code = {path for path in paths if is_code(path)}
    return code if len(code) == 1 else set()
