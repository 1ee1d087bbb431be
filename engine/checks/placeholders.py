"""Finds text that a model writes instead of code: "rest of the code", "your code here", "TODO: implement".

Such text counts in comments, on lines that should be code, and as the whole text of a part of the page. It does not
count in strings of a script, in quoted code and in ordinary text. A comment that may be the title of a section, such as
"Existing tasks" or "Fill in the form", counts only where no code follows it.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import turbohtml

from engine.formats.javascript import SCRIPT_SUFFIXES, comments_and_templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CODE = r"(?:code|file|page|script|html|css|styles?|javascript|implementation|functions?|logic|markup|content)\b"
_WAS = r"(?:existing|previous|other|remaining|same|rest)\b"
_DOTS = r"(?:\.\.\.|…)"
#: Optional text before the pattern: dots, a verb, articles.
_LEAD = (
    rf"(?:{_DOTS}\s?)?\(?(?:(?:and|keep|include|add|insert|put|place|paste|write|here (?:is|goes|comes)) )?"
    r"(?:(?:the|all|any|of|your|my|this) )*"
)
_SAME = r"(?:(?:goes|comes|stays?|remains?|is|are) )?(?:the same|unchanged|omitted|as (?:before|above|is)|here|below)\b"
#: The beginnings of a comment or a line that stands for code.
_BEGINNINGS = (
    (
        rf"{_LEAD}(?:rest|remainder) of (?:(?:the|your|my|this|all) )?(?:\w+ )?{_CODE}"
        rf"(?=\s*(?:$|\.|…|\)|{_SAME}|continues\b|follows\b))"
    ),
    rf"{_LEAD}{_WAS} (?:of )?(?:the )?(?:\w+ )?{_CODE}\s?(?:{_DOTS}|{_SAME})",
    rf"(?P<here>{_LEAD}(?:(?:more|main|additional|actual|own) )*{_CODE} (?:goe?s? |comes? )?here\b(?!\s+\w))",
    rf"{_LEAD}(?:{_CODE}|rest|everything else) (?:remains?|stays?|is|are) (?:the same|unchanged|as before)\b",
    rf"{_LEAD}(?:same|unchanged) {_CODE} as (?:before|above)\b",
    r"lorem ipsum\b",
)
#: With these, `here` is no title of the code below.
_OURS = re.compile(rf"\byour\b|{_DOTS}", re.IGNORECASE)
_BEGINS = re.compile("|".join(_BEGINNINGS), re.IGNORECASE)
_ANYWHERE = re.compile(r"\b(?:omitted|truncated|shortened) for brevity\b|\btodo:? implement\b", re.IGNORECASE)
#: Capitals only, so that the comments of a to-do app do not match.
_UNDONE = re.compile(
    r"^(?:TODO|FIXME|TBD)\W*$|\b(?:TODO|FIXME)\b(?:\(\w{0,40}\))?\s?[:-]\s?(?:implement|add|write|fill|"
    r"complete|finish|insert|replace)\b"
)
_KEEP = r"(?:(?:and|keep|include|add|insert) )?(?:(?:the|all|any|your|my) )*"
#: A comment with dots at its beginning or its end: "... (rest of the fields)", "Existing fields...", "... and so on".
_DOTTED = re.compile(
    rf"{_DOTS}\s?\(?{_KEEP}(?:{_WAS}|more\b|similar\b|unchanged\b|omitted\b|and so (?:on|forth)\b|etc\b|continues?\b)"
    rf"|\(?{_KEEP}{_WAS}(?:\s[\w'/-]+){{0,6}}\s?\)?{_DOTS}\)?$",
    re.IGNORECASE,
)
#: A comment that stands for itself, of these words only, is one in place of code if it holds one of _SIGNALS.
_FILLERS = frozenset({
    "a", "above", "all", "and", "any", "are", "as", "be", "before", "below", "code", "comes", "content", "contents",
    "css", "earlier", "else", "etc", "event", "everything", "existing", "fields", "file", "for", "forth", "from",
    "function", "functions", "goes", "handlers", "have", "here", "html", "implementation", "in", "is", "it", "its",
    "javascript", "js", "keep", "kept", "last", "layout", "leave", "left", "listeners", "logic", "made", "markup",
    "methods", "more", "no", "not", "of", "on", "original", "other", "others", "page", "parts", "previous",
    "previously", "remain", "remainder", "remaining", "remains", "rest", "round", "rows", "rules", "same", "script",
    "section", "sections", "see", "so", "stay", "stays", "still", "style", "styles", "than", "that", "the", "these",
    "this", "to", "unmodified", "version", "was", "were", "with", "without", "your",
})  # fmt: skip
_SIGNALS = re.compile(
    r"\b(?:unchanged|unmodified|omitted|snip(?:ped)?|truncated|shortened|as (?:before|above|is)|"
    r"(?:rest|everything|code)\b.*\b(?:stays?|remains?|kept|left)|"
    r"same (?:\w+ )?as (?:in )?(?:the )?(?:before|above|previous|earlier|original|round))\b"
)
#: The same for words that may also be the title of the code below the comment.
_TITLE_SIGNALS = re.compile(
    r"\b(?:(?:no|without) changes?|(?:remaining|existing|previous)\b.*\b(?:stays?|remains?|kept|left)|"
    r"see (?:above|previous|original)|keep (?:the )?existing)\b"
)
_SIGNAL_WORDS = frozenset({
    "brevity", "change", "changes", "omitted", "shortened", "snip", "snipped", "space", "truncated", "unchanged",
})  # fmt: skip
_MOST_WORDS = 14
#: The whole of a sentence that says that something is still to be written.
_STILL_TO_DO = re.compile(
    r"not (?:yet )?implemented(?: yet)?|unimplemented|to be implemented(?: (?:here|later))*|"
    r"implement (?:me|this|it)(?: (?:here|later))*|xxx:? implement.*|existing code",
    re.IGNORECASE,
)
#: The same for sentences that may also be the title of the code below the comment.
_TITLES = re.compile(
    r"implement(?:ed)?(?: (?:here|later))*|implement (?:\w+ ){1,4}(?:here|later)|placeholder|stub|"
    r"fill (?:(?:this|it) )?in(?: (?:\w+ ?){1,3})?|"
    r"(?:add|insert|put) (?:(?:more|your|the|other) )*\w+ (?:\w+ )?(?:here|as needed)|existing \w+|"
    r"(?:repeat|same|similar|continue)(?: \w+){0,4} for (?:the |all )*(?:other|others|rest|remaining)(?: \w+)?|"
    r"(?:and so on|continue)(?: \w+){0,4} for (?:the |all )*(?:other|others|rest|remaining)(?: \w+)?|"
    r"(?:more|other|additional|remaining) (?:\w+ ){1,2}(?:goe?s? )?here",
    re.IGNORECASE,
)
#: The whole of a sentence in another language. `title` may also be the title of the code below the comment.
_IN_OTHER_LANGUAGES = re.compile(
    r"(?:(?P<title>(?:und |der |die |das )?(?:restliche\w*|rest des|bestehende\w*|vorhandene\w*|übrige\w*) (?:\w+ )?"
    r"(?:codes?|styles?|skripts?|seite|datei|funktionen|inhalte?)|code existant|código existente|codice esistente|"
    r"существующий код|(?:其余|其他|剩余|现有|原有)的?(?:代码|部分|内容|样式)|在(?:此|这里)处?(?:添加|实现)|"
    r"残りの(?:コード|部分)|既存のコード|나머지 (?:코드|부분)|기존 코드)|"
    r"(?:der )?rest (?:bleibt|unverändert|wie (?:bisher|zuvor|oben))|unverändert|wie (?:bisher|zuvor)|"
    r"hier (?:kommt|kommen|folgt) (?:dein|ihr|der|die|das)|(?:dein|ihr) (?:code|inhalt) hier|noch nicht implementiert|"
    r"(?:le )?reste du (?:code|fichier|script)|(?:votre|ton) (?:code|contenu) ici|inchangée?s?|à implémenter|"
    r"(?:el )?resto del (?:código|archivo|codice)|(?:tu|su) (?:código|contenido) aquí|sin cambios|por implementar|"
    r"(?:o )?resto do (?:código|arquivo)|(?:seu|teu) (?:código|conteúdo) aqui|sem (?:alterações|mudanças)|"
    r"(?:il )?(?:tuo|vostro) codice qui|invariato|da implementare|rest van de code|ongewijzigd|jouw code hier|"
    r"reszta kodu|bez zmian|twój kod|остальной код|без изменений|ваш код|"
    r"(?:此处|以下|省略)(?:代码|其余|其他|省略)|你的代码|(?:保持|代码)不变|以下省略|変更なし|ここに.{0,10}コード|"
    r"여기에 .{0,10}코드|변경 없음|이하 생략)"
    r"(?:[\s,]*+(?:bleib(?:t|en)|ist|sind|gleich|unverändert|wie|bisher|zuvor|vorher|oben|hier|codes?|inhalte?|skripte?|"
    r"reste(?:nt)?|est|sont|inchangée?s?|identiques?|omise?s?|ici|permanece|queda|igual(?:es)?|sin cambios|omitido|"
    r"aquí|sem (?:alterações|mudanças)|aqui|resta|invariat[oi]|qui|blijft|ongewijzigd|hetzelfde|bez zmian|"
    r"остаётся|остается|прежним|без изменений|здесь|тут|"
    r"代码|其余|其他|部分|内容|保持|不变|省略|同上|在此|这里|はそのまま|は同じ|は省略|を追加|変更なし|"
    r"(?:은|는|를) ?(?:동일|생략|추가)(?:합니다)?|변경 없음))*+",
    re.IGNORECASE,
)
_LONGEST_IN_OTHER_LANGUAGES = 60
#: Two words in brackets are no code: `[rest of file]`.
_BRACKETED = re.compile(
    r"[\s]*[\[({<]+\s?((?:rest|remainder|remaining|existing|previous|unchanged)(?: [\w'-]+){1,6})[\])}>]+\s*"
)
_THROWN = re.compile(
    r"\bthrow (?:new )?\w{0,20}Error\(\s{0,9}[\"'`](?:function |method )?"
    r"(?:not (?:yet )?implemented|todo[\"'`:]|unimplemented)|"
    r"^\s*raise NotImplementedError\b",
    re.IGNORECASE,
)
#: A function of nothing, unless it is a method, which a subclass may have to silence.
_EMPTY_BODY = re.compile(
    r"^[ \t]{0,80}(?:async )?def \w{1,80}\((?![ \t]*(?:self|cls)\b)[^\n]{0,400}:[ \t]*(?:\n[ \t]+)?(?:pass|\.\.\.)"
    r"[ \t]*(?:#(?P<comment>[^\n]*))?$",
    re.MULTILINE,
)
_DECORATED = re.compile(r"^[ \t]*@[^\n]*\n\Z", re.MULTILINE)
_PYTHON_COMMENT = re.compile(r"\s*#(?!!)")
#: On a line of code `...rest` is a spread, unless further words or dots follow.
_DOTTED_ALONE = re.compile(
    rf"(?:\.\.\.\s|…\s?)(?:the )?{_WAS}|\.\.\.(?:the {_WAS}|{_WAS}(?:\s+[a-z]|\s?{_DOTS}))", re.IGNORECASE
)
_ALONE = re.compile(rf"[\s(\[<{{]*(?://|\#\s|{_DOTS})[^<>;=\"'`]{{0,80}}[\s)\]>}}]*$")
_SIGNS = " \t\r/*<!->{}#()[]"
_STYLE_COMMENT = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|/\*(?:.*?\*/|.*)", re.DOTALL)

_MARKUP = re.compile(r"\.(?:html?|svg)$", re.IGNORECASE)
_STYLE = re.compile(r"\.css$", re.IGNORECASE)
_SCRIPT = (*SCRIPT_SUFFIXES, ".jsx", ".ts", ".tsx", ".json", ".webmanifest")
_PYTHON = re.compile(r"\.py$", re.IGNORECASE)
#: Elements whose text is shown as it is, or that the visitor types over.
_QUOTED = frozenset({"pre", "code", "samp", "kbd", "textarea", "title"})
#: In these elements a placeholder as the whole text means missing content. A label may say "your file here".
_PARTS = frozenset({"body", "main", "section", "article", "header", "footer", "nav", "aside"})
_LONGEST_LINE = 2_000
#: A script with more characters, or with a line over _LONGEST_LINE, is a library or the output of a build.
_MOST_CHARACTERS = 200_000
#: What a block or a file ends with after a comment, or a Python function without code.
_END = re.compile(r"\s*+(?:\Z|[})\]]|</|case\b[^\n:]{0,80}:|default\s*:)")
_NO_CODE = re.compile(r"\s*(?:(?:pass|\.\.\.)\s*$|#)")
#: The bracket or the start tag of a block, before a comment on its line.
_OPENING = re.compile(r"(?:\{|<[a-z][^<>]*(?<!/)>)\Z", re.IGNORECASE)
#: The beginning of a branch that may do nothing on purpose, which `_NOTHING` explains.
_BRANCH = re.compile(r"(?::|\b(?:else|finally|catch(?: ?\(\w{0,40}\))?) ?\{)\Z")
_PYTHON_BRANCH = re.compile(r"\s*(?:else|elif|except|finally|case)\b")
_NOTHING = re.compile(r"no changes?(?: (?:needed|here))?|unchanged", re.IGNORECASE)
#: Characters before a comment that are looked at.
_BEFORE = 200
_NEXT_LINE = re.compile(r"[ \t\r]*\n[ \t]*")

_Found = tuple[int, str]  # the line, from 1, and the matching text


class _CommentPlace(NamedTuple):
    """Where a comment stands.

    `alone`: on its line no code that it might explain stands before it. `ends`: no code follows it before the end of
    the block or the file, or the next comment. `branch`: it begins a branch that may do nothing on purpose.
    """

    alone: bool
    ends: bool
    branch: bool = False


def placeholders(path: str, text: str, allowed: str = "") -> Iterator[tuple[int, str]]:
    """Yield number (from 1) and text of each line with a placeholder. Text of the request, `allowed`, is no match."""
    lines, request = text.split("\n"), allowed.lower()
    found = (min(number, len(lines)) for number, words in _found(path, text) if words.lower() not in request)
    for number in sorted(set(found)):
        yield number, " ".join(lines[number - 1][:_LONGEST_LINE].split())[:120]


def _found(path: str, text: str) -> Iterator[_Found]:
    if _MARKUP.search(path):
        yield from _in_markup(text)
    elif _STYLE.search(path):
        yield from _in_style(text, 1)
    elif path.lower().endswith(_SCRIPT):
        yield from _in_script(text, 1)
    elif _PYTHON.search(path):
        yield from _in_python(text)


def _in_python(text: str) -> Iterator[_Found]:
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        begin, at = at, at + 1
        if not _PYTHON_COMMENT.match(lines[begin]):
            if found := _THROWN.search(lines[begin][:_LONGEST_LINE]):
                yield begin + 1, found[0]
            continue
        while at < len(lines) and _PYTHON_COMMENT.match(lines[at]):
            at += 1
        after = next((lines[i] for i in range(at, len(lines)) if lines[i].strip()), "")
        is_less_deep = len(after) - len(after.lstrip()) < len(lines[begin]) - len(lines[begin].lstrip())
        ends = not after or is_less_deep or _NO_CODE.match(after) is not None
        place = _CommentPlace(alone=True, ends=ends, branch=begin > 0 and bool(_PYTHON_BRANCH.match(lines[begin - 1])))
        yield from _in_comment("\n".join(lines[begin:at]), begin + 1, place)
    yield from _empty_bodies(text)


def _empty_bodies(text: str) -> Iterator[_Found]:
    """Yield functions without code, if there are several, or a comment says that code is missing."""
    bodies = list(_EMPTY_BODY.finditer(text))
    empty = [one for one in bodies if not _DECORATED.search(text, max(one.start() - 500, 0), one.start())]
    for found in empty:
        comment = (found["comment"] or "").strip(_SIGNS)
        if len(empty) > 1 or (_placeholder_match(comment) or _is_stand_in(comment, ends=True)):
            yield text.count("\n", 0, found.start()) + 1, found[0].strip()


def _in_markup(text: str) -> Iterator[_Found]:
    tokens = list(turbohtml.tokenize(text))
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    tag, quoted = "", 0  # the tag before, and how many elements of _QUOTED are open
    for at, token in enumerate(tokens):
        data = token.data or ""
        match token.type:
            case turbohtml.TokenType.COMMENT:
                start = starts[min(token.line, len(starts)) - 1] + token.col
                end = text.find("-->", start) + len("-->")
                until = text.find("<!--", end) % (len(text) + 1)
                yield from _in_comment(data, token.line, _place(text, start, end, until))
            case turbohtml.TokenType.TEXT if tag == "script":
                yield from _in_script(data, token.line)
            case turbohtml.TokenType.TEXT if tag == "style":
                yield from _in_style(data, token.line)
            case turbohtml.TokenType.TEXT if not quoted:
                closed = at + 1 < len(tokens) and tokens[at + 1].type is turbohtml.TokenType.END_TAG
                yield from _in_text(data, token.line, whole=closed and tag in _PARTS)
            case turbohtml.TokenType.START_TAG | turbohtml.TokenType.END_TAG:
                opened = token.type is turbohtml.TokenType.START_TAG
                tag = (token.tag or "") if opened else ""
                if token.tag in _QUOTED:
                    quoted = max(quoted + (1 if opened else -1), 0)
            case _:
                pass


def _in_text(text: str, first: int, *, whole: bool) -> Iterator[_Found]:
    """`whole`: the text is the only content of a part of the page."""
    yield from _alone(text.split("\n"), first)
    words = text.strip()
    found = _BEGINS.match(words)
    if whole and (bracketed := _BRACKETED.fullmatch(words[:_LONGEST_LINE])) and _ends_a_file(bracketed[1]):
        yield first, bracketed[1]
    if found and (whole or found[0].lower() == "lorem ipsum"):
        yield first + text[: len(text) - len(text.lstrip())].count("\n"), found[0]


def _in_style(text: str, first: int) -> Iterator[_Found]:
    yield from _alone(text.split("\n"), first)
    comments = [found.span() for found in _STYLE_COMMENT.finditer(text) if found[0].startswith("/*")]
    yield from _in_comments(text, comments, first)


def _in_script(text: str, first: int) -> Iterator[_Found]:
    """Skip a library or the output of a build, because no model wrote it."""
    lines = text.split("\n")
    if len(text) > _MOST_CHARACTERS or max(map(len, lines)) > _LONGEST_LINE:
        return
    line, at, comments = 0, 0, list[tuple[int, int]]()
    for start, end, is_comment in comments_and_templates(text):
        line, at = line + text.count("\n", at, start), start
        if is_comment:
            comments.append((start, end))
        else:
            last = line + text.count("\n", start, end)
            lines[line : last + 1] = [""] * (last + 1 - line)
    yield from _in_comments(text, _joined(text, comments), first)
    yield from _alone(lines, first)
    for number, code in enumerate(lines, first):
        if found := _THROWN.search(code[:_LONGEST_LINE]):
            yield number, found[0]


def _joined(text: str, comments: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Put comments to the end of the line together that fill lines which follow each other."""
    joined: list[tuple[int, int]] = []
    for start, end in comments:
        begin, until = joined[-1] if joined else (0, 0)
        lines = text.startswith("//", start) and text.startswith("//", begin) and not _before(text, begin)
        if joined and lines and _NEXT_LINE.fullmatch(text, until, start):
            start, _ = joined.pop()
        joined.append((start, end))
    return joined


def _in_comments(text: str, comments: list[tuple[int, int]], first: int) -> Iterator[_Found]:
    line, at = first, 0
    for (start, end), until in zip(comments, [*(start for start, _ in comments), len(text)][1:], strict=True):
        line, at = line + text.count("\n", at, start), start
        yield from _in_comment(text[start:end], line, _place(text, start, end, until))


def _place(text: str, start: int, end: int, until: int) -> _CommentPlace:
    """Return the place of the comment from `start` to `end`. The next comment begins at `until`."""
    before, ends = _before(text, start), _END.match(text, end, until) is not None
    # On the line where its block begins, above code, it explains the block.
    alone = not before or (ends and _OPENING.search(before) is not None)
    branch = alone and _BRANCH.search(text[max(start - _BEFORE, 0) : start].rstrip()) is not None
    return _CommentPlace(alone=alone, ends=ends, branch=branch)


def _before(text: str, start: int) -> str:
    """Return the end of what stands before a position on its line."""
    return text[max(text.rfind("\n", max(start - _BEFORE, 0), start) + 1, start - _BEFORE) : start].strip()


def _in_comment(text: str, first: int, place: _CommentPlace) -> Iterator[_Found]:
    for number, lines in _sentences(text, first):
        rest = list[str]()
        for at, words in enumerate(lines, number):
            if found := _placeholder_match(words, ends=place.ends) or _DOTTED.match(words):
                yield at, found[0]
            else:
                rest.append(words)
        words = " ".join(rest)
        if not rest or not place.alone or (place.branch and _NOTHING.fullmatch(words)):
            continue
        # Of a sentence over several lines, no line counts by itself, unless each does.
        if _is_stand_in(words, ends=place.ends) or all(_is_stand_in(one, ends=place.ends) for one in rest):
            yield number, words


def _sentences(text: str, first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the lines of each sentence of a comment: one that goes on, goes on in small letters."""
    number, lines = first, list[str]()
    for at, line in enumerate(text.split("\n"), first):
        words = line[:_LONGEST_LINE].strip(_SIGNS)
        if lines and not (words[:1].islower() and not lines[-1].endswith((".", "!", "?", ":", ";", "…"))):
            yield number, lines
            lines = []
        if words:
            number, lines = number if lines else at, [*lines, words]
    if lines:
        yield number, lines


def _is_stand_in(sentence: str, *, ends: bool) -> bool:
    """Say whether all that a sentence says is that something is as it was, or is still missing.

    Where it does not end a block, what may be the title of the code below does not count.
    """
    plain = sentence.strip(" .…:;,!-'\"")
    if len(plain) <= _LONGEST_IN_OTHER_LANGUAGES and (found := _IN_OTHER_LANGUAGES.fullmatch(plain)):
        return ends or found["title"] is None or found.end("title") < len(plain)
    words = re.findall(r"[a-z\d]+", plain.lower())
    if not words or len(words) > _MOST_WORDS or not plain.isascii():
        return False
    spaced, only_words = " ".join(plain.split()), " ".join(words)
    if _STILL_TO_DO.fullmatch(spaced) or (ends and _TITLES.fullmatch(spaced)):
        return True
    known = all(word in _FILLERS or word in _SIGNAL_WORDS or word.isdigit() for word in words)
    return known and bool(_SIGNALS.search(only_words) or (ends and _TITLE_SIGNALS.search(only_words)))


def _alone(lines: list[str], first: int) -> Iterator[_Found]:
    """Yield the lines that hold only a placeholder where code or text should stand."""
    for number, line in enumerate(lines, first):
        words = line[:_LONGEST_LINE].strip(_SIGNS)
        if (bracketed := _BRACKETED.fullmatch(line[:_LONGEST_LINE])) and _ends_a_file(bracketed[1]):
            yield number, bracketed[1]
        elif _ALONE.match(line) and (found := _placeholder_match(words, ends=False) or _DOTTED_ALONE.match(words)):
            yield number, found[0]


def _ends_a_file(words: str) -> bool:
    return bool(_placeholder_match(words) or _is_stand_in(words, ends=True) or re.search(_CODE, words, re.IGNORECASE))


def _placeholder_match(words: str, *, ends: bool = True) -> re.Match[str] | None:
    begins = _BEGINS.match(words)
    if begins and not ends and begins["here"] and not _OURS.search(words):
        begins = None  # it may be the title of the code below: "Main content here"
    return begins or _ANYWHERE.search(words) or _UNDONE.search(words)
