"""The files that a request asks for, each with its rules: what is verified, what a model is told, and the sentences that are such rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core import file_rules as rules
from engine.core.checks import WRONG, Check, CheckResult, Kind, Target, Verdict
from engine.core.file_clauses import Reading, read_clause
from engine.core.file_mentions import BINARY_TYPES, suffix
from engine.core.file_rules import FileRule
from engine.core.json_shapes import Shape
from engine.core.named_files import MOST_CLAUSES, Named, named_files
from engine.core.page_links import leads_somewhere, links_all

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MOST_RULES = 120
#: A check that is longer is none of a few rules on files, in characters.
LONGEST_SENTENCE = 2_000

_JSON = frozenset({"json", "geojson", "webmanifest"})
_XML = frozenset({"xml", "rss", "atom"})
_OURS = frozenset({"LICENSE", ".nojekyll"})
_USUAL = frozenset({"index.html", "README.md"})
#: Found by their names and not by links.
_UNLINKED = frozenset({"README.md", "LICENSE", "LICENCE", "robots.txt", "sitemap.xml", "404.html", "humans.txt"})
_LINKS_ALL = re.compile(r"\blink\w*(?:\s{1,3}to)?\s{1,3}(?:all|each|every)\b", re.IGNORECASE)
_WORDS = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_FILLING = (
    "a an the this file files is are be being must should shall has have having contains contain containing includes include with and "
    "of in it its that which exists exist there repo repository root folder project called named text plain markdown document present "
    "published committed available consists consisting also as at "
)
_FILLER = frozenset(_FILLING.split())
_STANDING = "exists exist present contains contain includes include has have there repo repository published committed available"
_EXISTING = frozenset(_STANDING.split())


@dataclass(frozen=True, slots=True)
class Wish:
    """A file that is asked for, with its rules. `attached`: it came with the request and is not the model's to write."""

    path: str
    rules: tuple[FileRule, ...]
    attached: bool = False

    @property
    def writable(self) -> bool:
        """Say whether a model is to write it: it is text, and neither attached nor the service's own."""
        return not self.attached and self.path not in _OURS and suffix(self.path) not in BINARY_TYPES


def wishes_of(brief: str, checks: Sequence[Check] = (), attachments: Mapping[str, bytes] | None = None) -> list[Wish]:
    """Return the files that a brief, and the sentences among its checks, ask for; nothing where that is a page with its README alone."""
    attached = attachments or {}
    named = named_files(brief, attached=attached)
    for check in checks:
        if check.kind is Kind.PROSE:
            named += named_files(check.text, attached=attached, demanding=True)
    together: dict[str, list[str]] = {}
    for one in named:
        together.setdefault(one.path, []).extend(one.said)
    if not set(together) - _OURS - _USUAL - {"LICENCE"} - set(attached):
        return []
    return [_wish(path, said, attached) for path, said in together.items() if path != "LICENCE"]


def file_results(
    brief: str, checks: Sequence[Check], attachments: Mapping[str, bytes], files: Mapping[str, bytes]
) -> list[CheckResult]:
    """Judge the files that a request asks for: one result for each rule, the same rules in the same order for every attempt."""
    found = all_rules(wishes_of(brief, checks, attachments), brief)
    # What a check says itself is no rule twice, but that a file is there is what the warnings are made of.
    decided = {
        rule.full_text
        for check in checks
        if check.kind is Kind.PROSE
        for rule in sentence_rules(check.text, attachments) or ()
        if rule.text != rules.THERE
    }
    distinct = {rule.full_text: rule for rule in found if rule.full_text not in decided}
    return [rule.result(files) for rule in list(distinct.values())[:MOST_RULES]]


def all_rules(wishes: Sequence[Wish], brief: str) -> list[FileRule]:
    """Return the rules of every file, then those on the links between them; none where no file is asked for."""
    if not wishes:
        return []
    found = [rule for wish in wishes for rule in wish.rules]
    if targets := link_targets(wishes, brief):
        found.append(links_all("index.html", targets))
    pages = [
        "index.html",
        *(wish.path for wish in wishes if suffix(wish.path) in {"html", "htm"} and wish.path != "index.html"),
    ]
    return [*found, *map(leads_somewhere, pages)]


def link_targets(wishes: Sequence[Wish], brief: str) -> list[str]:
    """Return what index.html is to link: every file asked for but itself and those that are found by their names."""
    keep = frozenset() if _LINKS_ALL.search(brief[:40_000]) else _UNLINKED
    return [wish.path for wish in wishes if wish.path != "index.html" and wish.path not in keep]


def sentence_result(
    check: Check, files: Mapping[str, bytes], attachments: Mapping[str, bytes] | None = None
) -> CheckResult | None:
    """Judge a sentence that is rules on files from its first word to its last; None where it says anything else."""
    found = sentence_rules(check.text, attachments or {})
    if not found:
        return None
    results = [rule.result(files) for rule in found]
    missing = {rule.full_text for rule in found if rule.path not in files and rule.text == rules.THERE}
    wrong = [r for r in results if r.verdict in WRONG or r.check.text in missing]
    unsure = [r for r in results if r.verdict is not Verdict.PASS]
    verdict = Verdict.FAIL if wrong else Verdict.UNVERIFIABLE if unsure else Verdict.PASS
    detail = "; ".join(_seen(r) for r in wrong or unsure)
    return CheckResult(check, Target.LOCAL, verdict, detail)


def _seen(result: CheckResult) -> str:
    path = result.check.text.partition(": ")[0]
    return result.detail if result.detail.startswith(path) else f"{path}: {result.detail}"


def sentence_rules(text: str, attachments: Mapping[str, bytes]) -> list[FileRule] | None:
    """Return the rules that a sentence wholly consists of; None where a word of it is not understood."""
    named = named_files(text, attached=attachments, demanding=True) if len(text) <= LONGEST_SENTENCE else []
    if any(len(one.said) >= MOST_CLAUSES for one in named):
        return None
    readings = [[read_clause(one.path, clause, attachments) for clause in one.said] for one in named]
    if not named or not all(readings) or not _covers(named, text):
        return None
    if linking := _linking(named, readings):
        return [rules.there(named[0].path), linking]
    flat = [reading for several in readings for reading in several]
    ruled = [any(reading.found for reading in several) for several in readings]
    if any(ruled) and not all(ruled):
        return None  # `a.txt and b.txt have ten words`: what is said of the last may be said of all
    stated = any(ruled) or any(_EXISTING & _left(reading) for reading in flat)
    if not stated or not all(map(_understood, flat)):
        return None
    found = [
        (rules.there(one.path), *(rule for r in several for rule in r.found))
        for one, several in zip(named, readings, strict=True)
    ]
    return list({rule.full_text: rule for several in found for rule in several}.values())


def _linking(named: Sequence[Named], readings: Sequence[Sequence[Reading]]) -> FileRule | None:
    """Return the rule of a sentence that says of one page what it links to, and nothing else."""
    page, others = named[0].path, [one.path for one in named[1:]]
    rest = [reading for several in readings[1:] for reading in several]
    says = {word for reading in readings[0] for word in _left(reading)} - _FILLER
    if not others or suffix(page) not in {"html", "htm"} or not says or not says <= {"links", "link", "linking", "to"}:
        return None
    if any(reading.found or not _understood(reading) for reading in (*readings[0][1:], *rest)):
        return None
    return links_all(page, others, f"links to {', '.join(others)}")


def _covers(named: Sequence[Named], text: str) -> bool:
    """Say whether every sentence of a text is about the files: what names none was not read."""
    said = " ".join([*(f"{one.path} {' '.join(one.said)}" for one in named), "it this the file each both all of them"])
    return set(_WORDS.findall(text.lower())) <= set(_WORDS.findall(said.lower()))


def _understood(reading: Reading) -> bool:
    return _left(reading) <= _FILLER and re.search(r"[<>{}|=+*/%$&]", reading.left) is None


def _left(reading: Reading) -> set[str]:
    return set(_WORDS.findall(reading.left.lower()))


def _wish(path: str, said: Sequence[str], attachments: Mapping[str, bytes]) -> Wish:
    stated = [rule for clause in said for rule in read_clause(path, clause, attachments).found]
    by_type = list[FileRule]()
    kind = suffix(path)
    if kind in _JSON and not any(rule.text.startswith("JSON") for rule in stated):
        by_type.append(rules.shaped(path, Shape()))
    if kind == "svg":
        by_type.append(rules.drawn(path))
    if kind in _XML and not any(rule.text.startswith("well-formed") for rule in stated):
        by_type.append(rules.well_formed(path))
    if path in attachments:
        by_type.append(rules.unchanged(path, attachments[path]))
    distinct = {rule.text: rule for rule in (rules.there(path), *by_type, *stated)}
    return Wish(path, tuple(distinct.values()), attached=path in attachments)
