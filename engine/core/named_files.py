"""The files that a brief or a check asks for by name, and what it says of each.

Conservative: a file that is read, fetched, attached or only an example is not asked for; what is not understood asks for nothing.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.file_mentions import Mention, Unit, units

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

MOST_FILES = 30
#: So many clauses about one file are read.
MOST_CLAUSES = 30

_MOST_BEFORE = 600  # characters before a name that may govern it

_ASKING = (
    r"creat\w*|writ(?:e|es|ing|ten)|mak(?:e|es|ing)|add(?:s|ing)?|generat\w*|produc(?:e|es|ing)|provides?|put|place|store|deliver\w*|"
    r"includ(?:e|es|ing)|contain(?:s|ing)?|publish\w*|prepare|draw|commit|output|compose|build|has|have|having|there (?:is|are|must be)|"
    r"files?\s*:|deliverables?|link(?:s|ed|ing)? to|exists?|return|submit|host|(?:chang|updat|rewrit)(?:e|es|ing)|(?:edit|shorten|extend|expand)(?:s|ing)?"
)
_READING = (
    r"fetch\w*|read(?:s|ing)?|load(?:s|ed|ing)?|pars(?:e|es|ing)|us(?:e|es|ing|ed)|show(?:s|n|ing)?|display\w*|render\w*|list(?:s|ing)|"
    r"sums?|count(?:s|ing)?|attach\w*|provided|given|existing|import\w*|download\w*|upload\w*|export\w*|sav(?:e|es|ing)|open(?:s|ed|ing)?|"
    r"convert\w*|process\w*|visuali[sz]\w*|based on|deriv\w*|comput\w*|calculat\w*|inputs?|library|cdn|"
    r"such as|e\.?g\b|example|for instance|instead|not|no|without|never|don't|remov\w*|delet\w*|renam\w*|replac\w*|rather than|if|whether"
)
_GOVERNOR = re.compile(rf"(?<![\w-])(?:(?P<asks>{_ASKING})|(?P<reads>{_READING}))(?![\w-])", re.IGNORECASE)
_FROM = re.compile(
    r"\b(?:from|of|by|via|through|like|than|per|on)\s{1,3}(?:(?:the|a|an|our|its|this|attached|file)\s{1,3}){0,3}[`\"'*]?$",
    re.IGNORECASE,
)
_INTO = re.compile(
    r"\b(?:in|into|inside|within|to)\s{1,3}(?:(?:the|a|an|file|called|named)\s{1,3}){0,3}[`\"'*]?$", re.IGNORECASE
)
_DENIED = re.compile(r"\b(?:not|never|\w+n['\u2019]t)\s{1,3}$", re.IGNORECASE)
_PUTTING = re.compile(r"(?:writ|put|place|store|output|link|creat|add|generat|produc|includ)", re.IGNORECASE)
_LEAD = re.compile(
    r"\s*(?:[-*+•\u2013]\s+|\(?\d{1,3}[.)]\s+|#{1,6}\s+|\[[ xX]?\]\s+|(?:the|a|and|file|an?d?)\s+){0,4}", re.IGNORECASE
)
_ITEM = re.compile(r"\s*(?:[-*+•\u2013]|\d{1,3}[.)])\s+")
_DEMAND = re.compile(
    r"\s*(?:[(:\u2013—,]|-\s|$|[.!]\s*$|(?:must|should|shall|needs? to|has to|have to|will|with|of|containing|and)\b)",
    re.IGNORECASE,
)
_STATES = re.compile(
    r"\s*(?:is|are|has|have|contains?|holds?|exists?|includes?|links?|says|starts|ends|validates|parses|comes|lists)\b",
    re.IGNORECASE,
)
_ATTACHED = re.compile(r"\battach\w*|\bunchanged\b|\bas (?:it )?(?:is|came)\b|\bverbatim\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;]|\s(?:and|&|plus)\s|\b(?:and|plus)\s", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_IT = re.compile(r"\s*(?:it|this file|the file)\b\s*", re.IGNORECASE)
_EACH = re.compile(r"^\W*(?:each|both|all)(?: of (?:them|which|these))?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """A file that is asked for; `said` are the clauses about it, as they stand there."""

    path: str
    said: tuple[str, ...] = ()


def named_files(text: str, *, attached: Collection[str] = (), demanding: bool = False) -> list[Named]:
    """Return the files that a text asks for, in its order, at most MOST_FILES.

    `attached` are names that came with the request: those are inputs, unless they stand in a list of what is to be published.
    `demanding`: the text is a check, whose statements (`a.txt has three words`) are demands.
    """
    said: dict[str, list[str]] = {}
    role, last = True, ""
    for unit in units(text):
        if not unit.mentions:
            role = _heading_role(unit.text, role)
            if last and _IT.match(unit.text):
                said[last].append(_IT.sub("", unit.text, count=1))
            elif unit.text.strip():
                last = ""
            continue
        roles = _roles(unit, role, set(said), attached, demanding=demanding)
        clauses = _clauses(unit)
        for mention, asked, clause in zip(unit.mentions, roles, clauses, strict=True):
            if asked and (mention.path in said or len(said) < MOST_FILES):
                said.setdefault(mention.path, [])
                said[mention.path] += [clause] if len(said[mention.path]) < MOST_CLAUSES else []
        last = unit.mentions[0].path if len(unit.mentions) == 1 and unit.mentions[0].path in said else ""
    return [Named(path, tuple(c for c in clauses if c.strip())) for path, clauses in said.items()]


def _heading_role(text: str, before: bool) -> bool:
    """Say whether the entries below a line without names are asked for: `Create these files:` or `Attachments:` above them."""
    stripped = text.strip()
    if _ITEM.match(text) and not stripped.endswith(":"):
        return before
    if not stripped.endswith(":") and not stripped.startswith("#"):
        return True
    found = list(_GOVERNOR.finditer(stripped))
    return not found or found[-1]["reads"] is None


def _roles(unit: Unit, role: bool, known: set[str], attached: Collection[str], *, demanding: bool) -> list[bool]:
    """Say of each mention whether it is asked for."""
    roles: list[bool] = []
    flat = _flat(unit.text)
    for at, mention in enumerate(unit.mentions):
        start = unit.mentions[at - 1].end if at else 0
        before, after = flat[start : mention.start], flat[mention.end : mention.end + _MOST_BEFORE]
        if not at and _LEAD.fullmatch(before):
            asked = _lead_asks(unit, mention, role, demanding=demanding)
        elif at and not _governed(_last_part(before)):
            asked = roles[-1]
        else:
            asked = _asks(flat[max(0, mention.start - _MOST_BEFORE) : mention.start])
        if mention.path in known and not asked and not at and _LEAD.fullmatch(before):
            asked = bool(_STATES.match(after))
        if mention.path in attached and not demanding:
            asked = asked and (at > 0 or len(unit.mentions) > 1 or _ATTACHED.search(unit.text) is not None)
        roles.append(asked)
    return roles


def _lead_asks(unit: Unit, mention: Mention, role: bool, *, demanding: bool) -> bool:
    after = unit.text[mention.end :]
    if demanding and (_STATES.match(after) or _DEMAND.match(after)):
        return True
    if not role or not _DEMAND.match(after):
        return False
    # A name alone on a line asks for nothing but in a list; nor does one whose sentence goes on to say what reads it.
    return _ITEM.match(unit.text) is not None or after.strip(" .\n") != ""


def _asks(before: str) -> bool:
    """Say whether what stands before a name asks for it: the nearest word that governs it does."""
    found = list(_GOVERNOR.finditer(before))
    if (
        not found
        or found[-1]["reads"]
        or _DENIED.search(before[: found[-1].start()][-20:])
        or _FROM.search(before[-80:])
    ):
        return False
    return not _INTO.search(before[-80:]) or _PUTTING.match(found[-1][0]) is not None


def _governed(part: str) -> bool:
    return _GOVERNOR.search(part) is not None or _FROM.search(part[-80:]) is not None


def _last_part(gap: str) -> str:
    """Return what stands between the last separator of a gap and the next name."""
    parts = _SEPARATOR.split(gap)
    return parts[-1] if len(parts) > 1 else gap


def _flat(text: str) -> str:
    """Blank out what stands in brackets, so that offsets stay."""
    for _ in range(6):
        text, count = _BRACKETS.subn(lambda found: " " * len(found[0]), text)
        if not count:
            break
    return text


def _clauses(unit: Unit) -> list[str]:
    """Return for each mention what is said of it: from the separator before its name to the one before the next."""
    flat, names = _flat(unit.text), unit.mentions
    edges = [0, *(_joint(flat, left, right) for left, right in itertools.pairwise(names)), len(unit.text)]
    clauses = [
        f"{unit.text[edges[at] : mention.start]} \0 {unit.text[mention.end : edges[at + 1]]}"
        for at, mention in enumerate(names)
    ]
    tail = unit.text[names[-1].end :]
    if len(names) > 1 and _EACH.match(tail):
        return [f"{clause.partition(chr(0))[0]} \0 {_EACH.sub('', tail)}" for clause in clauses]
    return clauses


def _joint(flat: str, left: Mention, right: Mention) -> int:
    """Return where what is said of one file ends and what is said of the next begins."""
    gap = flat[left.end : right.start]
    joints: Sequence[re.Match[str]] = list(_SEPARATOR.finditer(gap))
    return left.end + joints[-1].start() if joints else right.start
