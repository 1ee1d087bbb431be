"""Sentences about the rendered page as expressions: run in the browser as a js check is, on an empty page first.

An expression throws where the page leaves it open whether the sentence holds: that is no failure of the page.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from engine.core.libraries import LIBRARY, library_expression
from engine.core.sentences import (
    BARE_ID,
    COUNT,
    HAS,
    ID,
    MODAL,
    NUMBER,
    SHOWS,
    TEXT,
    THE_PAGE,
    THERE,
    count_of,
    read_sentence,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.core.sentences import Sentence

    Found = re.Match[str]

#: Elements that are called by their tag's name and by nothing else.
_TAGS = {
    "form": "form", "table": "table", "canvas": "canvas", "textarea": "textarea", "input": "input", "input field": "input", "select": "select",
    "dropdown": "select", "button": "button", "div": "div", "span": "span", "section": "section", "paragraph": "p", "list": "ul,ol", "nav": "nav",
    "footer": "footer", "header": "header", "main": "main", "h1": "h1", "h2": "h2", "h3": "h3", "svg": "svg", "video": "video",
}  # fmt: skip
_TAG = rf"(?P<tag>{'|'.join(sorted(_TAGS, key=len, reverse=True))})"
_ALONE = r"(?P<tag>form|table|canvas|textarea|h1|h2|h3)"  # what no other element stands for
_COUNTED = {
    "button": "button,[role=button],input[type=submit],input[type=button]", "link": "a[href]", "table": "table", "form": "form",
    "checkbox": "input[type=checkbox]", "canvas": "canvas", "paragraph": "p", "list item": "li",
}  # fmt: skip
_COUNTED_WORD = rf"(?P<what>{'|'.join(_COUNTED)})(?:e?s)"
_LABELLED = (
    r"(?:(?:that is )?(?:labelled|labeled|named|called|titled)|with the (?:text|label|name|caption)|"
    r"(?:that|which) (?:says|reads)|saying|reading)(?: as)?"
)

_HELP = """const flat = text => String(text ?? '').replace(/\\s+/g, ' ').trim();
const bare = text => flat(text).replace(/^[^\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+$/gu, '');
const seen = e => e.checkVisibility({visibilityProperty: true});
const text = e => flat(/^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName) ? e.value : e.textContent);
const numbers = t => t.replace(/(?<=\\d)[,' ](?=\\d{3}(?!\\d))/g, '').match(/-?\\d+(\\.\\d+)?/g) ?? [];
const labelled = (elements, wanted) => {
  const names = elements.flatMap(e => [e.getAttribute('aria-label'), e.value, e.textContent]).map(bare);
  if (names.includes(wanted)) return true;
  if (names.some(name => name.toLowerCase() === wanted.toLowerCase())) throw new Error('it is written in other case');
  return false;
};
const all = selector => [...document.querySelectorAll(selector)];"""

_JOINED = re.compile(r",? and (?:(?:that|also) )?|, (?=(?:an?|the|§\d+)\b)", re.IGNORECASE)
_MOST_JOINED = 5
#: What a later part may leave out. Not behind a thing that has something itself: of "a form with the id x and a button", whose is the button?
_BEGINS = (
    rf"{THERE}(?= )",
    rf"{THE_PAGE} {SHOWS}(?: the (?:texts?|words?|phrases?|messages?|sentences?))?(?= §)",
)

NO_ERRORS = (
    rf"(?:{THE_PAGE} |there {MODAL}(?:are|be) )?(?:{MODAL}(?:loads?|opens?|runs?|works?) )?(?:{MODAL}(?:has|have|shows?|throws?|logs?) )?(?:with )?(?:no|without(?: any)?) "
    r"(?:(?:javascript|js|browser|console) )?(?:console )?errors(?: in (?:the )?(?:browser )?console)?"
)


def page_expression(text: str) -> str | None:
    """Return the expression that decides a sentence about the page, None where the sentence is not understood to the last word.

    Sentences joined by "and" are understood where each of them is; later ones may leave out what the first one begins with.
    """
    sentence = read_sentence(text)
    if sentence is None:
        return None
    if whole := _single(sentence):
        return _called([whole])
    parts = _JOINED.split(sentence.form)
    if not 1 < len(parts) <= _MOST_JOINED:
        return None
    begins = [found[0] for pattern in _BEGINS if (found := re.match(pattern, parts[0], re.IGNORECASE))]
    understood = [
        _joined(sentence, part, [] if " with " in " ".join(parts[:at]) else begins) for at, part in enumerate(parts)
    ]
    return _called(understood) if all(understood) else None


def is_about_errors(text: str) -> bool:
    """Say whether a sentence asks for a page that opens without errors."""
    sentence = read_sentence(text)
    return sentence is not None and sentence.match(NO_ERRORS) is not None and "error" in sentence.form


def _joined(sentence: Sentence, part: str, begins: Sequence[str]) -> str:
    """Return what decides a part of a sentence, as it is, else behind one of the beginnings of the first part."""
    wholes = [part, *(f"{begin} {part}" for begin in begins if re.match(r"(?:an?|the|§\d+)\b", part, re.IGNORECASE))]
    return next(filter(None, (_single(sentence.part(whole)) for whole in wholes)), "")


def _single(sentence: Sentence) -> str:
    for pattern, write in _FORMS:
        if found := sentence.match(pattern):
            return write(sentence, found)
    return ""


def _called(parts: list[str]) -> str:
    return f"(() => {{ {_HELP}\nreturn {' && '.join(f'({part})' for part in parts)}; }})()"


def _js(text: str) -> str:
    """Return a JavaScript string literal; JSON's is one, and its escapes keep it in ASCII."""
    return json.dumps(" ".join(text.split()))


def _title(sentence: Sentence, found: Found) -> str:
    wanted = _js(sentence.said(found["text"]))
    exact = found["verb"].lower() in {"is", "equals", "be", "reads"}
    return f"flat(document.title) === {wanted}" if exact else f"flat(document.title).includes({wanted})"


def _by_id(sentence: Sentence, found: Found) -> str:
    name = sentence.said(found["id"]).removeprefix("#")
    if not re.fullmatch(r"[A-Za-z][\w-]{0,80}", name):
        return ""
    tag = found.groupdict().get("tag")
    of_tag = f".some(e => e.matches({_js(_TAGS[tag.lower()])}))" if tag else ".length > 0"
    return f"[...document.querySelectorAll('#{name}')]{of_tag}"


def _element_shows(sentence: Sentence, found: Found) -> str:
    name = found["id"].removeprefix("#")
    exact = found["verb"].lower() in {"is", "equals", "be"}
    if found["text"]:
        wanted = _js(sentence.said(found["text"]))
        holds = f"text(e) === {wanted}" if exact else f"text(e).includes({wanted})"
    else:
        alone = " && n.length === 1" if exact else ""
        number = found["number"].replace(",", "")
        holds = f"(n => n.some(one => Number(one) === {number}){alone})(numbers(text(e)))"
    return f"[...document.querySelectorAll('#{name}')].some(e => seen(e) && {holds})"


def _labelled(selector: str) -> Callable[[Sentence, Found], str]:
    def write(sentence: Sentence, found: Found) -> str:
        return f"labelled(all({_js(selector)}).filter(seen), bare({_js(sentence.said(found['text']))}))"

    return write


def _shows(sentence: Sentence, found: Found) -> str:
    wanted = _js(sentence.said(found["text"]))
    return (
        f"flat(document.body.innerText).includes({wanted}) || (flat(document.body.innerText).toLowerCase().includes("
        f"{wanted}.toLowerCase()) && flat(document.body.textContent).includes({wanted}))"
    )


def _rows(sentence: Sentence, found: Found) -> str:
    """A header row may or may not be meant: where only that makes the difference, nobody knows."""
    del sentence
    wanted, compare = count_of(found["count"]), ">=" if found["least"] else "==="
    data = "t => [...t.rows].filter(r => r.querySelector('td')).length"
    doubt = (
        ""
        if found["data"]
        else (
            f" || (all('table').some(t => t.rows.length {compare} {wanted}) && (() => {{ throw new Error("
            "'whether the header counts as a row is left open'); })())"
        )
    )
    return f"all('table').map({data}).some(n => n {compare} {wanted}){doubt}"


def _items(sentence: Sentence, found: Found) -> str:
    del sentence
    wanted, compare = count_of(found["count"]), ">=" if found["least"] else "==="
    return f"all('ul,ol').some(l => [...l.children].filter(e => e.tagName === 'LI').length {compare} {wanted})"


def _counted(sentence: Sentence, found: Found) -> str:
    del sentence
    wanted, compare = count_of(found["count"]), ">=" if found["least"] else "==="
    return f"all({_js(_COUNTED[found['what'].lower()])}).filter(seen).length {compare} {wanted}"


def _present(sentence: Sentence, found: Found) -> str:
    del sentence
    return f"all({_js(_TAGS[found['tag'].lower()])}).length > 0"


def _link(sentence: Sentence, found: Found) -> str:
    wanted = _js(sentence.said(found["text"]))
    same = f"a.getAttribute('href') === {wanted} || a.href === new URL({wanted}, document.baseURI).href"
    return f"all('a[href]').some(a => {same})"


def _placeholder(sentence: Sentence, found: Found) -> str:
    return f"all('input,textarea').some(e => seen(e) && flat(e.placeholder) === {_js(sentence.said(found['text']))})"


def _language(sentence: Sentence, found: Found) -> str:
    wanted = sentence.said(found["text"]).lower()
    return f"document.documentElement.lang.toLowerCase() === {_js(wanted)}"


def _viewport(sentence: Sentence, found: Found) -> str:
    del sentence, found
    return "all('meta[name=viewport][content]').length > 0"


def _alt(sentence: Sentence, found: Found) -> str:
    del sentence, found
    return (
        "document.images.length ? [...document.images].every(i => flat(i.alt)) : "
        "(() => { throw new Error('the page has no image'); })()"
    )


def _library(sentence: Sentence, found: Found) -> str:
    del sentence
    return library_expression(found["library"], found["version"] or "", found["cdn"] or "")


_VERB = rf"{MODAL}(?P<verb>is|be|equals|shows?|displays?|contains?|includes?|says?|reads?)(?: exactly| the (?:text|value|number))?"
_LEAST = r"(?P<least>at least )?"

_FORMS: tuple[tuple[str, Callable[[Sentence, Found], str]], ...] = (
    (rf"(?:{THE_PAGE}(?:'s)? (?:document )?title|(?:the )?(?:document )?title(?: of {THE_PAGE})?) {_VERB} {TEXT}", _title),
    (rf"{THE_PAGE} {HAS} the (?P<verb>)title {TEXT}", lambda s, f: f"flat(document.title) === {_js(s.said(f['text']))}"),
    (rf"{THERE} (?:an?|one|the) (?:{_TAG}|element)(?: element)? (?:with (?:the )?id(?: of)?|whose id is) {BARE_ID}", _by_id),
    (rf"{THERE} (?:an? |the )?(?:{_TAG} |element ){ID}", _by_id),
    (rf"(?:the )?{_TAG}'s id {MODAL}(?:is|be) {BARE_ID}", _by_id),
    (rf"the {_TAG} {HAS} (?:the )?id {BARE_ID}", _by_id),
    (rf"(?:(?:the|an?) )?(?:(?:{_TAG}|element) )?{ID} {MODAL}(?:exists?|is present)(?: on {THE_PAGE})?", _by_id),
    (rf"(?:the )?(?:element )?(?P<id>#[A-Za-z][\w-]*) {_VERB} (?:{TEXT}|{NUMBER})", _element_shows),
    (rf"{THERE} (?:an?|the) button {_LABELLED} {TEXT}", _labelled("button,[role=button],input[type=submit],input[type=button],input[type=reset]")),
    (rf"{THERE} (?:an?|the) {TEXT} button", _labelled("button,[role=button],input[type=submit],input[type=button],input[type=reset]")),
    (rf"{THERE} (?:an?|the) link {_LABELLED} {TEXT}", _labelled("a[href],[role=link]")),
    (rf"{THERE} (?:an?|the) heading (?:{_LABELLED} )?{TEXT}", _labelled("h1,h2,h3,h4,h5,h6,[role=heading]")),
    (rf"{THERE} an? link to {TEXT}", _link),
    (rf"{THERE} an? (?:input|field|input field|text field) with (?:the|a) placeholder {TEXT}", _placeholder),
    (rf"{THE_PAGE} {SHOWS} (?:(?:the|a) )?(?:text|word|phrase|message|sentence)?s? ?{TEXT}", _shows),
    (rf"{THERE} an? table with {_LEAST}(?:exactly )?{COUNT} (?P<data>data |body )?rows", _rows),
    (rf"the table {HAS} {_LEAST}(?:exactly )?{COUNT} (?P<data>data |body )?rows", _rows),
    (rf"{THERE} an? (?:un)?(?:ordered )?list with {_LEAST}(?:exactly )?{COUNT} (?:items|entries)", _items),
    (rf"{THERE} {_LEAST}(?:exactly )?{COUNT} {_COUNTED_WORD}", _counted),
    (rf"{THERE} an? {_ALONE}(?: element| tag)?", _present),
    (rf"{THERE} an? {_TAG} (?:element|tag)", _present),
    (rf"(?:{THE_PAGE}(?:'s)? )(?:lang|language)(?: attribute)? {MODAL}(?:is|be) {TEXT}", _language),
    (rf"{THERE} a (?:viewport meta|meta viewport)(?: tag| element)?", _viewport),
    (r"(?:all|the|every) images? (?:have|has) (?:an )?alt (?:text|attributes?)s?", _alt),
    (rf"{THE_PAGE} {MODAL}(?:uses?|loads?|includes?) {LIBRARY}", _library),
)  # fmt: skip
