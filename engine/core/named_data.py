"""Which addresses in a brief hold data that the page needs, judged by how they look and by what the brief says of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from engine.core.checks import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from urllib.parse import SplitResult

    from engine.core.checks import Check

#: How many addresses are fetched for a round: the likeliest, then the first.
MOST_ADDRESSES = 4
_LONGEST = 2_000

DATA_SUFFIXES = ("json", "geojson", "jsonl", "ndjson", "csv", "tsv", "txt", "xml", "yaml", "yml", "md", "xlsx")
_DATA_PATH = re.compile(rf"\.(?:{'|'.join(DATA_SUFFIXES)})$", re.IGNORECASE)
_OTHER_PATH = re.compile(
    r"\.(?:m?js|cjs|css|map|html?|php|aspx?|png|jpe?g|gif|svg|webp|avif|ico|woff2?|ttf|otf|wasm|pdf|zip|tar|gz|git|mp[34]|webm|wav)$",
    re.IGNORECASE,
)
_API_PLACE = re.compile(r"^(?:[\w-]+\.)*(?:api|data|feeds?)(?:[.-]|$)", re.IGNORECASE)
_API_PATH = re.compile(r"/(?:api|v\d+(?:\.\d+)?|rest|feeds?|raw)(?:/|$)", re.IGNORECASE)
_API_QUERY = re.compile(r"(?:^|&)(?:format|output|alt|f)=(?:json|csv|geojson|txt)", re.IGNORECASE)

#: Hosts of libraries and fonts: only what is called data is fetched from them.
_LIBRARY_HOSTS = re.compile(
    r"(?:^|\.)(?:jsdelivr\.net|unpkg\.com|cdnjs\.cloudflare\.com|esm\.sh|esm\.run|skypack\.dev|jspm\.io|jspm\.dev|bootstrapcdn\.com"
    r"|tailwindcss\.com|code\.jquery\.com|googleapis\.com|gstatic\.com|w3\.org|schema\.org|xmlsoap\.org)$"
)
#: Hosts whose pages are for people; their raw files and APIs have hosts or paths of their own.
_REPOSITORY_HOSTS = re.compile(r"^(?:www\.)?(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|huggingface\.co)$")
_RAW_FILE = re.compile(r"/(?:-/)?(?:raw|resolve|releases/download)/")

_URL = re.compile(r"https?://[^\s\"'`]+", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"[{}<>$*\[\]…]|\.\.\.|%7[bd]|/:[a-z]|=$|=&|[/=](?:your|my)[-_]|/(?:user_?name|user_?id)(?=[/?&#]|$)"
    r"|=(?:user(?:name)?|name|id|login|city|country|query|term|keyword|text|token|key|api[-_]?key|x+)(?=&|$)|YOUR|USERNAME|PLACEHOLDER|API_?KEY",
)
_GLUED = re.compile(r"[\"'`]\s*(?:\+|,)\s*\w")

_DATA_VERB = re.compile(
    r"\b(?:fetch|load|read|get|retrieve|request|query|call|pull|import|download|use|show|display|list|take)\w*",
    re.IGNORECASE,
)
_DATA_NOUN = re.compile(
    r"\b(?:data(?:set)?|api|endpoint|json|csv|feed|rates?|prices?|figures?|statistics|values|records|entries|rows)\b",
    re.IGNORECASE,
)
_LINKED = re.compile(
    r"\b(?:links?|linked|href|anchor|docs?|documentation|see|credits?|attribution|homepage|footer|visit|redirects?|repo(?:sitory)?|cdn)\b",
    re.IGNORECASE,
)
_LIVE = re.compile(
    r"\b(?:users? (?:can )?(?:types?|enters?|inputs?|chooses?|selects?|searche?s?|picks?)|(?:typed|entered|chosen|selected) by the user"
    r"|search (?:box|field|form)|input (?:box|field)|form with|live\b|real[- ]time|at run ?time"
    r"|every (?:\d+ )?(?:seconds?|minutes?)|auto-?refresh|polls?|on (?:submit|click))",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n+")
_FILE_NAME = re.compile(rf"(?<![\w./-])([\w-][\w.-]{{0,80}}\.(?:{'|'.join(DATA_SUFFIXES)}))(?![\w-])", re.IGNORECASE)


class Likelihood(IntEnum):
    """How sure it is that an address answers with data that the page needs."""

    PERHAPS = 0
    SAID = 1  # the sentence speaks of data
    SHAPED = 2  # the address looks like data


@dataclass(frozen=True, slots=True)
class DataAddress:
    """An address to be fetched. `name` is the file's name that the sentence gives, "" where it gives none."""

    url: str
    likelihood: Likelihood
    name: str = ""


def data_addresses(text: str, checks: Sequence[Check], *, but: Sequence[str] = ()) -> tuple[DataAddress, ...]:
    """Return the addresses to be fetched, at most MOST_ADDRESSES.

    Left out: placeholders (`{user}`, `<name>`), libraries, pages of repositories, links, and those that begin as one of `but` does.
    """
    found: dict[str, DataAddress] = {}
    refused = tuple(_bare(url) for url in but if url)
    prose = [text, *(check.text for check in checks if check.kind is Kind.PROSE)]
    code = [check.text for check in checks if check.kind is not Kind.PROSE]
    for one in [*_of_prose(prose), *_of_code(code)]:
        known = found.get(one.url)
        if _bare(one.url) not in refused and (known is None or known.likelihood < one.likelihood):
            found[one.url] = one
    likeliest = sorted(found.values(), key=lambda one: -one.likelihood)
    return tuple(likeliest[:MOST_ADDRESSES])


def is_live(text: str) -> bool:
    """Say whether a brief wants its page to ask an address at run time, so that what is fetched beforehand is an example."""
    return _LIVE.search(_URL.sub(" ", text)) is not None


def _of_prose(texts: Sequence[str]) -> Iterator[DataAddress]:
    for text in texts:
        for sentence in _SENTENCE_END.split(text):
            urls = list(_urls(sentence))
            words = _URL.sub(" ", sentence)
            names = _FILE_NAME.findall(words)
            for url in urls:
                likelihood = _likelihood(url, words)
                if likelihood is not None:
                    yield DataAddress(url, likelihood, names[0] if len(urls) == len(names) == 1 else "")


def _of_code(texts: Sequence[str]) -> Iterator[DataAddress]:
    """An expression that names an address says nothing of what it is for: only the looks count."""
    for text in texts:
        for url in _urls(text):
            if _likelihood(url, "") is Likelihood.SHAPED:
                yield DataAddress(url, Likelihood.SHAPED)


def _urls(text: str) -> Iterator[str]:
    for match in _URL.finditer(text):
        url = match[0]
        if match.start() and text[match.start() - 1] == "<":
            url = url.partition(">")[0]
        url = _trimmed(url)
        if _PLACEHOLDER.search(url) or _GLUED.match(text, match.end()) or len(url) > _LONGEST:
            continue
        yield url


def _trimmed(url: str) -> str:
    """Cut what a sentence or a Markdown link puts behind an address."""
    while url and (url[-1] in ".,;:!?*_" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url.partition("#")[0]


def _likelihood(url: str, words: str) -> Likelihood | None:
    """Return how likely an address is one of data, None where it is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    if _DATA_PATH.search(parts.path) and not (_REPOSITORY_HOSTS.match(host) and not _RAW_FILE.search(parts.path)):
        return Likelihood.SHAPED
    if _is_for_people(parts, host):
        return None
    if _API_PLACE.match(host) or _API_PATH.search(parts.path) or _API_QUERY.search(parts.query):
        return None if _LINKED.search(words) and not _DATA_VERB.search(words) else Likelihood.SHAPED
    if not words or _LINKED.search(words):
        return None
    return Likelihood.SAID if _DATA_VERB.search(words) and _DATA_NOUN.search(words) else Likelihood.PERHAPS


def _is_for_people(parts: SplitResult, host: str) -> bool:
    if not host or _OTHER_PATH.search(parts.path) or _LIBRARY_HOSTS.search(host):
        return True
    return bool(_REPOSITORY_HOSTS.match(host)) and not _RAW_FILE.search(parts.path)


def _bare(url: str) -> str:
    return url.partition("?")[0].partition("#")[0].rstrip("/").lower()
