"""The language of probes, in lines, and what is let through of a model's answer in it.

    2
    fill #name = Ada
    click #greet
    expect document.querySelector('#greeting').textContent.includes('Ada')

Steps are fill, click, press, select, wait, reload and open; one expression says what must be true after them. Anything else makes an entry unusable, and
an entry that is missing, unreadable or says "not automatable" leaves its sentence undecided.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from engine.core.probe_gaps import gap
from engine.core.probes import LITERAL, Asked, Probe, Step, Verb

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_STEPS = 8
LONGEST_SELECTOR = 160
LONGEST_VALUE = 300
LONGEST_EXPRESSION = 800
LONGEST_REPLY = 40_000  # characters that are read
LONGEST_WAIT = 3_000  # milliseconds, of all waits of a probe together

_ENTRY = re.compile(
    r"^[\s#*>\[(-]{0,6}(?:(?:probe|sentence|test|no|number)\.? ?)?(\d{1,3})\s{0,2}(?:[\])*.:]{1,4}|$)[\s*]{0,4}(.*)$",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^\s{0,3}(?:`{3,}|~{3,})")
_REFUSED = re.compile(r"^(?:(?:this|it) is )?not[ -]automat(?:able|ed)\b[\s.:,;-]*(.*)$", re.IGNORECASE)
_STEP = re.compile(r"^[-*\s]{0,4}(fill|click|press|select|wait|expect|reload|open)\b[:\s]*(.*)$", re.IGNORECASE)
#: Where one line holds several steps, the next begins here. After the verb must come what can be no word of a value.
_NEXT = re.compile(
    r"\s+(?=(?:(?:fill|select)\s+[#.\[]|click\s+(?:on\s+)?[#.\[]|press\s+(?:[#.\[]|Enter\b)|wait\s+\d|reload\s+expect\s|open\s+[?#]|"
    r"expect\s+(?:document\.|window\.|localStorage\.|Array\.|\[\.\.\.|!|getComputedStyle\()))",
    re.IGNORECASE,
)
_ON = re.compile(r"^on\s+(?=[#.\[])", re.IGNORECASE)
_KEY_IN = re.compile(r"^([A-Z][A-Za-z0-9]{0,15})\s+(?:in|on)\s+([#.\[].{0,160})$")
_BARE_ID = re.compile(r"(?<![\w$.#/])#[A-Za-z][\w-]{0,60}(?=\.[a-zA-Z])")
_WITH_VALUE = re.compile(r"^(.{1,400}?)\s+(?:=|with|:=)\s+(.{0,400})$")
_QUOTED = re.compile(r"""^(["'`])(.*)\1$""")
_QUOTED_PAIR = re.compile(r"""^(["'`])((?:(?!\1).){1,400})\1\s+(["'`])(.{0,400})\3$""")
#: Of the page's address only the query and the fragment: nothing else is opened.
_ADDRESS = re.compile(r"(?:=\s*)?(?:(?:\./|/)?(?:index\.html|page)?)?([?#]\S{1,299})")
_THE_PAGE = re.compile(r"(?:(?:the )?page|index\.html|/)?", re.IGNORECASE)
_KEY = re.compile(r"(?:(?:Control|Shift|Alt|Meta)\+){0,2}(?:[A-Za-z][A-Za-z0-9]{0,15}|[0-9])")

#: What an observation has no need of: it would leave the page, ask a host, wait for ever, or make true what it is to observe.
_FORBIDDEN = re.compile(
    r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|Worker|SharedWorker|RTCPeerConnection|eval|Function|constructor|"
    r"setTimeout|setInterval|while|for|do|import|history|navigation|cookie|domain|replaceState|pushState)\b|\b(?:open|write|writeln|assign|reload)\s*\(|"
    r"\blocation\s*=(?!=)|(?:[\w$\])])\s*(?:[-+*/%|&?^]{1,2}|<<|>>|>>>|\*\*)?(?<![=!<>])=(?![=>])|\+\+|--|"
    r"\.\s*(?:click|submit|requestSubmit|remove|append|prepend|appendChild|removeChild|replaceWith|setAttribute|removeAttribute|toggleAttribute|"
    r"insertAdjacent\w{0,12}|insertBefore|dispatchEvent|setItem|removeItem|clear|add|toggle|focus|blur|showModal|close|play|pause)\s*\(|"
    r"[\w$)\]]\s*\[\s*(?:''|[^\]\d\s])|\\[ux]|\$\{|;\s*\S"
)


class UnreadableError(ValueError):
    """An entry that is no probe: the message says why."""


def parse_probes(reply: str, asked: Sequence[Asked]) -> tuple[Probe, ...]:
    """Return one probe a sentence, in order, whatever the reply holds; fences and prose around the entries are left out."""
    entries = _entries(reply[:LONGEST_REPLY], len(asked))
    return tuple(_probe(one, entries.get(number)) for number, one in enumerate(asked, 1))


def _entries(reply: str, count: int) -> dict[int, list[str]]:
    """Return the lines of each entry by its number; of two entries with one number the last."""
    entries: dict[int, list[str]] = {}
    lines: list[str] | None = None
    for line in reply.splitlines():
        if _FENCE.match(line):
            continue
        head = _ENTRY.match(line[:2_000])
        if head and 1 <= int(head[1]) <= count:
            lines = entries[int(head[1])] = []
            line = head[2]
        elif lines is None and count == 1 and (_STEP.match(line[:2_000]) or _REFUSED.match(line.strip()[:500])):
            lines = entries[1] = []
        if lines is not None and line.strip():
            lines.append(line.strip())
    return entries


def _probe(asked: Asked, lines: Sequence[str] | None) -> Probe:
    if not lines:
        return Probe(asked.position, asked.text, why_not="the model wrote no probe for it")
    try:
        probe = _read(asked, lines)
        if probe.expression and (left_out := gap(asked.text, probe.steps, probe.expression)):
            raise UnreadableError(left_out)  # noqa: TRY301 -- one place says that it cannot be used
        return probe
    except UnreadableError as error:
        return Probe(asked.position, asked.text, why_not=f"the model's probe cannot be used: {error}"[:500])


def _read(asked: Asked, lines: Sequence[str]) -> Probe:
    steps: list[Step] = []
    expected: list[str] = []
    for verb, rest in _statements(asked, lines):
        if verb == "refused" and not expected:
            why = f"not automatable, says the model{f': {rest}' if rest else ''}"
            return Probe(asked.position, asked.text, why_not=why[:500])
        if verb == "expect":
            expected.append(_expression(rest))
        elif expected and verb not in ("prose", "refused"):
            raise UnreadableError("it goes on after what it expects")
        elif not expected:
            steps.append(_step(Verb(verb), rest))
            if len(steps) > MOST_STEPS:
                raise UnreadableError(f"it has more than {MOST_STEPS} steps")
    if not expected:
        raise UnreadableError("it expects nothing")
    _bounded(steps)
    return Probe(asked.position, asked.text, tuple(_chosen(steps)), _together(expected))


def _together(expected: Sequence[str]) -> str:
    """Return one expression: of several that must hold, each."""
    whole = expected[0] if len(expected) == 1 else " && ".join(f"({one})" for one in expected)
    if len(whole) > LONGEST_EXPRESSION:
        raise UnreadableError("its expressions are too long together")
    return whole


def _chosen(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps; `fill #region = West` with `select #region` after it chooses West."""
    bare = {step.selector for step in steps if step.verb is Verb.SELECT and not step.value}
    told = {step.selector for step in steps if step.value and step.verb in (Verb.FILL, Verb.SELECT)}
    if missing := bare - told:
        raise UnreadableError(f"a step lacks its value: {min(missing)[:60]}")
    for step in steps:
        if step.verb is Verb.FILL and step.selector in bare:
            yield Step(Verb.SELECT, step.selector, step.value)
        elif step.verb is not Verb.SELECT or step.value:
            yield step


def _statements(asked: Asked, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each step's verb and rest. The sentence itself may be repeated above them, prose may follow what is expected; no other line is let through."""
    expects = False
    for at, line in enumerate(chain.from_iterable(map(_steps_of, lines))):
        plain = line.strip("`").strip()
        if refused := _REFUSED.match(plain[:500]):
            yield "refused", refused[1].strip()
        elif found := _STEP.match(plain):
            expects = expects or found[1].lower() == "expect"
            yield found[1].lower(), found[2].strip().strip("`")
        elif expects:
            yield "prose", plain
        elif at or not _same(plain, asked.text):
            raise UnreadableError(f"this line is no step: {plain[:120]}")


def _steps_of(line: str) -> Iterator[str]:
    """Yield the steps of a line, which weak models run together: `fill #name = "Ada" click #greet expect …`. What is quoted is never cut."""
    head = _STEP.match(line)
    if head is None or head[1].lower() == "expect":
        yield line
        return
    blank = LITERAL.sub(lambda found: "x" * len(found[0]), line)
    start = 0
    for found in _NEXT.finditer(blank, head.start(2)):
        yield line[start : found.start()]
        start = found.end()
    yield line[start:]


def _same(line: str, sentence: str) -> bool:
    words = [re.sub(r"\W+", " ", text).strip().casefold() for text in (line, sentence)]
    return words[0] == words[1]


def _step(verb: Verb, rest: str) -> Step:
    if verb is Verb.WAIT:
        found = re.fullmatch(r"(\d{1,5})\s*(ms|milliseconds)?", rest)
        if not found:
            raise UnreadableError(f"wait takes milliseconds, not {rest[:60]}")
        return Step(verb, value=found[1])
    if verb in (Verb.RELOAD, Verb.OPEN):
        return _open(_unquoted(rest) if verb is Verb.OPEN else "")
    if verb is Verb.CLICK:
        return Step(verb, _selector(_unquoted(_ON.sub("", rest))))
    if verb is Verb.PRESS:
        return _press(rest)
    if verb is Verb.SELECT and re.fullmatch(r"[#.\[]\S{1,100}", rest):
        return Step(verb, _selector(rest))  # its value must have been told by a step before it
    selector, value = _pair(rest)
    if len(value) > LONGEST_VALUE:
        raise UnreadableError("a value is too long")
    return Step(verb, _selector(selector), value)


def _open(rest: str) -> Step:
    """Return the step of `?url=a.png`, `index.html?url=a.png` or `#about`; the page by itself is opened as by a reload."""
    if _THE_PAGE.fullmatch(rest):
        return Step(Verb.RELOAD)
    if not (found := _ADDRESS.fullmatch(rest)):
        raise UnreadableError(f"open takes a query or a fragment of the page, not {rest[:60]}")
    return Step(Verb.OPEN, value=_unquoted(found[1]))


def _press(rest: str) -> Step:
    """Return the step of `Enter`, `#name = Enter` or `Enter in #name`."""
    if _KEY.fullmatch(_unquoted(rest)):
        return Step(Verb.PRESS, value=_unquoted(rest))
    found = _KEY_IN.match(rest)
    selector, key = (found[2], found[1]) if found else _pair(rest)
    if not _KEY.fullmatch(key):
        raise UnreadableError(f"press takes a key, not {key[:60]}")
    return Step(Verb.PRESS, _selector(selector), key)


def _pair(rest: str) -> tuple[str, str]:
    """Return the selector and the value of `#name = Ada`, `"#name" "Ada"` or `#name Ada`."""
    if found := _QUOTED_PAIR.match(rest[:900]):
        return found[2], found[4]
    if found := _WITH_VALUE.match(rest[:900]):
        return _unquoted(found[1]), _unquoted(found[2])
    selector, _, value = rest.partition(" ")
    if not value:
        raise UnreadableError(f"a step lacks its value: {rest[:60]}")
    return _unquoted(selector), _unquoted(value)


def _unquoted(text: str) -> str:
    found = _QUOTED.match(text.strip())
    return found[2] if found else text.strip()


def _selector(text: str) -> str:
    """Return a CSS selector. Playwright's own engines (text=, xpath=, //) are none, nor are lists of several."""
    if not text or len(text) > LONGEST_SELECTOR:
        raise UnreadableError("a selector is missing or too long")
    if re.match(r"(?:[\w:-]+=|//|\.\.|internal:)", text) or ">>" in text or re.search(r"[{};<\\]", text):
        raise UnreadableError(f"this is no CSS selector: {text[:60]}")
    return text


def _expression(text: str) -> str:
    expression = _by_id(text.strip().rstrip(";").strip())
    if not expression or len(expression) > LONGEST_EXPRESSION:
        raise UnreadableError("its expression is missing or too long")
    if found := _FORBIDDEN.search(LITERAL.sub("''", expression)) or re.search(r"`[^`]*\$\{", expression):
        raise UnreadableError(f"its expression does more than look: {found[0].strip()[:40]}")
    return expression


def _by_id(expression: str) -> str:
    """Return an expression whose bare selectors of ids, `#total.textContent`, are looked up: as they stand no JavaScript has them."""
    blank = LITERAL.sub(lambda found: "x" * len(found[0]), expression)
    for found in reversed([*_BARE_ID.finditer(blank)]):
        expression = f"{expression[: found.start()]}document.querySelector('{found[0]}'){expression[found.end() :]}"
    return expression


def _bounded(steps: Sequence[Step]) -> None:
    if sum(int(step.value) for step in steps if step.verb is Verb.WAIT) > LONGEST_WAIT:
        raise UnreadableError(f"it waits longer than {LONGEST_WAIT} ms")
