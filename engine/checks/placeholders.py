"""Finds text that a model writes instead of code: "rest of the code", "your code here", "TODO: implement".

Such text counts in comments, on lines that should be code, and as the whole text of a part of the page. It does not
count in strings of a script, in quoted code and in ordinary text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import turbohtml

from engine.formats.javascript import SCRIPT_SUFFIXES, comments_and_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

_CODE = r"(?:code|file|page|script|html|css|styles?|javascript|implementation|functions?|logic|markup|content)\b"
_WAS = r"(?:existing|previous|other|remaining|same|rest)\b"
_DOTS = r"(?:\.\.\.|…)"
#: Optional text before the pattern: dots, a verb, articles.
_LEAD = (
    rf"(?:{_DOTS}\s?)?\(?(?:(?:and|keep|include|add|insert|put|place|paste|write|here (?:is|goes|comes)) )?"
    r"(?:(?:the|all|any|of|your|my|this) )*"
)
_SAME = (
    r"(?:(?:goes|comes|stays?|remains?|is|are) )?(?:the same|unchanged|omitted|as before|as above|as is|here|below)\b"
)
#: The beginnings of a comment or a line that stands for code.
_BEGINNINGS = (
    (
        rf"{_LEAD}(?:rest|remainder) of (?:(?:the|your|my|this|all) )?(?:\w+ )?{_CODE}"
        rf"(?=\s*(?:$|\.|…|\)|{_SAME}|continues\b|follows\b))"
    ),
    rf"{_LEAD}{_WAS} (?:of )?(?:the )?(?:\w+ )?{_CODE}\s?(?:{_DOTS}|{_SAME})",
    rf"{_LEAD}(?:(?:more|main|additional|actual|own) )*{_CODE} (?:goes |comes )?here\b(?!\s+\w)",
    rf"{_LEAD}(?:{_CODE}|rest|everything else) (?:remains?|stays?|is|are) (?:the same|unchanged|as before)\b",
    rf"{_LEAD}(?:same|unchanged) {_CODE} as (?:before|above)\b",
    r"lorem ipsum\b",
)
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
#: On a line of code `...rest` is a spread, unless further words or dots follow.
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
    r"\b(?:unchanged|unmodified|omitted|snip(?:ped)?|truncated|shortened|(?:no|without) changes?|"
    r"as (?:before|above|is)|(?:rest|remaining|existing|previous|everything)\b.*\b(?:stays?|remains?|kept|left)|"
    r"see (?:above|previous|original)|"
    r"same (?:\w+ )?as (?:in )?(?:the )?(?:before|above|previous|earlier|original|round)|keep (?:the )?existing)\b"
)
_SIGNAL_WORDS = frozenset({
    "brevity", "change", "changes", "omitted", "shortened", "snip", "snipped", "space", "truncated", "unchanged",
})  # fmt: skip
_MOST_WORDS = 14
#: The whole of a comment that says that something is still to be written.
_STILL_TO_DO = re.compile(
    r"(?:not (?:yet )?implemented(?: yet)?|unimplemented|(?:to be |to )?implement(?:ed)?"
    r"(?: (?:me|this|it|here|later))*|implement (?:\w+ ){1,4}(?:here|later)|placeholder|stub|xxx:? implement.*|"
    r"fill (?:(?:this|it) )?in(?: (?:\w+ ?){1,3})?|"
    r"(?:add|insert|put) (?:(?:more|your|the|other) )*\w+ (?:\w+ )?(?:here|as needed)|existing \w+|"
    r"(?:repeat|same|similar|continue)(?: \w+){0,4} for (?:the |all )*(?:other|others|rest|remaining)(?: \w+)?|"
    r"(?:and so on|continue)(?: \w+){0,4} for (?:the |all )*(?:other|others|rest|remaining)(?: \w+)?|"
    r"(?:more|other|additional|remaining) (?:\w+ ){1,2}(?:goe?s? )?here)[.!]?",
    re.IGNORECASE,
)
#: The same in other languages, at the beginning of a comment that stands for itself.
_ELSEWHERE = re.compile(
    r"(?:(?:und |der |die |das )?(?:restliche\w*|rest des|bestehende\w*|vorhandene\w*|übrige\w*) (?:\w+ )?"
    r"(?:codes?|styles?|skripts?|seite|datei|funktionen|inhalte?)|(?:der )?rest (?:bleibt|unverändert|wie )|"
    r"unverändert|wie (?:bisher|zuvor)|"
    r"hier (?:kommt|kommen|folgt) (?:dein|ihr|der|die|das)|(?:dein|ihr) (?:code|inhalt) hier|noch nicht implementiert|"
    r"(?:le )?reste du (?:code|fichier|script)|(?:votre|ton) (?:code|contenu) ici|inchangé|à implémenter|"
    r"code existant|"
    r"(?:el )?resto del (?:código|archivo|codice)|(?:tu|su) (?:código|contenido) aquí|sin cambios|código existente|"
    r"por implementar|(?:o )?resto do (?:código|arquivo)|(?:seu|teu) (?:código|conteúdo) aqui|"
    r"sem (?:alterações|mudanças)|"
    r"(?:il )?(?:tuo|vostro) codice qui|invariato|codice esistente|da implementare|rest van de code|ongewijzigd|"
    r"jouw code hier|reszta kodu|bez zmian|twój kod|остальной код|без изменений|ваш код|существующий код)(?!\w)"
    r"|(?:…|\.\.\.)?(?:其余|其他|剩余|现有|原有)的?(?:代码|部分|内容|样式)|(?:此处|以下|省略)(?:代码|其余|其他|省略)|你的代码|"
    r"在(?:此|这里)处?(?:添加|实现)|(?:保持|代码)不变|残りの(?:コード|部分)|以下省略|変更なし|ここに.{0,10}コード|既存のコード|"
    r"나머지 (?:코드|부분)|기존 코드|여기에 .{0,10}코드|변경 없음|이하 생략",
    re.IGNORECASE,
)
_LONGEST_ELSEWHERE = 60
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
_EMPTY_BODY = re.compile(
    r"[ \t]{0,80}(?:async )?def \w{1,80}\([^\n]{0,400}:[ \t]*(?:\n[ \t]+)?(?:pass|\.\.\.)[ \t]*(?:#[^\n]*)?"
)
_PYTHON_COMMENT = re.compile(r"\s*#(?!!)")
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

_Found = tuple[int, str]  # the line, from 1, and the matching text


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
    for number, line in enumerate(text.split("\n"), 1):
        if _PYTHON_COMMENT.match(line):
            yield from _in_comment(line, number)
        elif found := _THROWN.search(line[:_LONGEST_LINE]):
            yield number, found[0]
    for match in _EMPTY_BODY.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[0].strip()


def _in_markup(text: str) -> Iterator[_Found]:
    tokens = list(turbohtml.tokenize(text))
    tag, quoted = "", 0  # the tag before, and how many elements of _QUOTED are open
    for at, token in enumerate(tokens):
        data = token.data or ""
        match token.type:
            case turbohtml.TokenType.COMMENT:
                yield from _in_comment(data, token.line)
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
    line, at = first, 0
    for found in _STYLE_COMMENT.finditer(text):
        line, at = line + text.count("\n", at, found.start()), found.start()
        if found[0].startswith("/*"):
            yield from _in_comment(found[0], line)


def _in_script(text: str, first: int) -> Iterator[_Found]:
    """Skip a library or the output of a build, because no model wrote it."""
    lines = text.split("\n")
    if len(text) > _MOST_CHARACTERS or max(map(len, lines)) > _LONGEST_LINE:
        return
    line, at = 0, 0
    for start, end, is_comment in comments_and_templates(text):
        line, at = line + text.count("\n", at, start), start
        if is_comment:
            before = text[text.rfind("\n", 0, start) + 1 : start][-_LONGEST_LINE:].strip()
            yield from _in_comment(text[start:end], first + line, alone=not before or before.endswith("{"))
        else:
            last = line + text.count("\n", start, end)
            lines[line : last + 1] = [""] * (last + 1 - line)
    yield from _alone(lines, first)
    for number, code in enumerate(lines, first):
        if found := _THROWN.search(code[:_LONGEST_LINE]):
            yield number, found[0]


def _in_comment(text: str, first: int, *, alone: bool = True) -> Iterator[_Found]:
    """`alone`: no code stands before the comment on its line, which it might explain."""
    for number, line in enumerate(text.split("\n"), first):
        words = line[:_LONGEST_LINE].strip(_SIGNS)
        if found := _placeholder_match(words) or _DOTTED.match(words):
            yield number, found[0]
        elif alone and _is_stand_in(words):
            yield number, words


def _is_stand_in(words: str) -> bool:
    """Say whether all that a comment says is that something is as it was, or is still missing."""
    plain = words.strip(" .…:;,!-'\"")
    if len(plain) <= _LONGEST_ELSEWHERE and _ELSEWHERE.match(plain):
        return True
    told = re.findall(r"[a-z\d]+", plain.lower())
    if not told or len(told) > _MOST_WORDS or not plain.isascii():
        return False
    if _STILL_TO_DO.fullmatch(" ".join(plain.split())):
        return True
    known = all(word in _FILLERS or word in _SIGNAL_WORDS or word.isdigit() for word in told)
    return known and _SIGNALS.search(" ".join(told)) is not None


def _alone(lines: list[str], first: int) -> Iterator[_Found]:
    """Yield the lines that hold only a placeholder where code or text should stand."""
    for number, line in enumerate(lines, first):
        words = line[:_LONGEST_LINE].strip(_SIGNS)
        if (bracketed := _BRACKETED.fullmatch(line[:_LONGEST_LINE])) and _ends_a_file(bracketed[1]):
            yield number, bracketed[1]
        elif _ALONE.match(line) and (found := _placeholder_match(words) or _DOTTED_ALONE.match(words)):
            yield number, found[0]


def _ends_a_file(words: str) -> bool:
    return bool(_placeholder_match(words) or _is_stand_in(words) or re.search(_CODE, words, re.IGNORECASE))


def _placeholder_match(words: str) -> re.Match[str] | None:
    return _BEGINS.match(words) or _ANYWHERE.search(words) or _UNDONE.search(words)
