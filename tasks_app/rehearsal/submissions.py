"""Whose endpoints are judged: read from a CSV file or from options. Their secrets are stored encrypted."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from engine.domain.addresses import is_private_host, parse_url, port_problem
from tasks_app.keys import kept_key, known_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_NEEDED = ("email", "endpoint", "secret")
_COLUMNS = (*_NEEDED, "repository")
_LONGEST_EMAIL = 254
_LONGEST_ADDRESS = 2_000

#: A shorter secret stays in texts: it would match by chance.
SHORTEST_SECRET = 4


class SubmissionsError(Exception):
    """The submissions cannot be used. `problems` holds a sentence for each mistake, with its line."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class SecretKeyError(Exception):
    """A stored secret cannot be decrypted; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class GivenSubmission:
    """A submission as it is given. `endpoint` is the whole address that a task is posted to."""

    email: str
    endpoint: str
    secret: str = field(repr=False)
    repository: str = ""

    def problems(self) -> Iterator[str]:
        """Yield a sentence for each mistake. None of them holds the secret."""
        name, at, host = self.email.partition("@")
        if not self.email:
            yield "The email is missing."
        elif not (name and at and host) or any(sign.isspace() or not sign.isprintable() for sign in self.email):
            yield "The email is not an address like name@example.com."
        elif len(self.email) > _LONGEST_EMAIL:
            yield f"The email has more than {_LONGEST_EMAIL} characters."
        yield from _endpoint_problems(self.endpoint)
        if not self.secret:
            yield "The secret is missing."
        if len(self.repository) > _LONGEST_ADDRESS or not self.repository.isprintable():
            yield f"The repository is no address of at most {_LONGEST_ADDRESS} characters."


def read_submissions(content: bytes, *, source: str) -> tuple[GivenSubmission, ...]:
    """Read a CSV file with a header row: email, endpoint, secret, and repository if wanted; others are ignored.

    Raises SubmissionsError with every mistake, by line.
    """
    rows = list(_rows(content, source))
    problems, found, lines = [], [], dict[str, int]()
    for line, row in rows:
        if row is None:
            problems.append(f"{source}, line {line}: There are more cells than the header row has.")
            continue
        given = GivenSubmission(*(row.get(column, "").strip() for column in _COLUMNS))
        problems += [f"{source}, line {line}: {problem}" for problem in given.problems()]
        first = lines.setdefault(given.email.casefold(), line)
        if given.email and first != line:
            problems.append(f"{source}, line {line}: The email stands in line {first} too.")
        found.append(given)
    if not rows:
        problems.append(f"{source}: There is no submission below the header row.")
    if problems:
        raise SubmissionsError(problems)
    return tuple(found)


def _rows(content: bytes, source: str) -> Iterator[tuple[int, Mapping[str, str] | None]]:
    """Yield each row with the line that it begins in; None stands for a row with too many cells.

    Raises SubmissionsError for what is no such table.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SubmissionsError([f"{source}, line {line}: The text is not UTF-8."]) from None
    head = text.lstrip("\r\n").partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    names, line = list[str](), 1
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                pass
            elif not names:
                names = _header(cells, f"{source}, line {line}")
            else:
                has_more = any(cell.strip() for cell in cells[len(names) :])
                yield line, None if has_more else dict(zip(names, cells, strict=False))
            line = reader.line_num + 1
    except csv.Error as error:
        raise SubmissionsError([f"{source}, line {line}: This is no CSV: {error}."]) from None
    if not names:
        raise SubmissionsError([f"{source}: There is no header row: {', '.join(_COLUMNS)}."])


def _header(cells: list[str], where: str) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    problems = [f"{where}: The column {name} is missing." for name in _NEEDED if name not in names]
    problems += [f"{where}: The column {name} is there twice." for name in _COLUMNS if names.count(name) > 1]
    if problems:
        raise SubmissionsError(problems)
    return names


def endpoint_of(url: str) -> str:
    """Return where `send_task` would post to: /handle_task of an origin; a URL with a path is taken as it is."""
    try:
        parsed = parse_url(url)
    except ValueError:
        return url  # its problem is told with the others
    return f"{parsed.origin}/handle_task" if parsed.url == f"{parsed.origin}/" else url


def _endpoint_problems(endpoint: str) -> Iterator[str]:
    if not endpoint:
        yield "The endpoint is missing."
        return
    try:
        parsed = parse_url(endpoint)
    except ValueError as error:
        yield f"The endpoint cannot be used. {error}"
        return
    if len(endpoint) > _LONGEST_ADDRESS:
        yield f"The endpoint has more than {_LONGEST_ADDRESS} characters."
    if parsed.origin == settings.PAGES_ORIGIN:
        return
    if problem := port_problem(parsed):
        yield f"The endpoint cannot be used. {problem}"
    if not settings.ALLOW_PRIVATE_URLS and is_private_host(parsed.host):
        yield f"The endpoint {parsed.origin} is a private address; ALLOW_PRIVATE_URLS=1 allows it."


# --- Secrets ---


def _key_file() -> Path:
    file: Path = settings.DATA_DIR / "rehearsal_key"
    return file


def encrypt(secret: str) -> str:
    """Return what is stored of a secret. The key is made at the first use. Raises SecretKeyError."""
    try:
        key = kept_key(_key_file(), lambda: Fernet.generate_key().decode())
    except OSError as error:
        raise SecretKeyError(f"{_key_file()} cannot be read or made: {error.strerror}.") from None
    return _fernet(key).encrypt(secret.encode()).decode()


def decrypt(text: str) -> str:
    """Return the secret that `encrypt` made `text` of. Raises SecretKeyError if its key is lost."""
    key = known_key(_key_file())
    if not key:
        raise SecretKeyError(
            f"The key of the submissions' secrets, {_key_file()}, is not there or cannot be read. "
            "Bring it back from a backup, or begin a new rehearsal."
        )
    try:
        return _fernet(key).decrypt(text.encode()).decode()
    except InvalidToken:
        raise SecretKeyError(
            f"The submissions' secrets were encrypted by another key than that in {_key_file()}. "
            "Bring that key back from a backup, or begin a new rehearsal."
        ) from None


def _fernet(key: str) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        raise SecretKeyError(
            f"{_key_file()} holds no key. Bring it back from a backup, or remove it and begin a new rehearsal."
        ) from None


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with each of the secrets, in the forms in which it may be written, replaced by [secret]."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, "[secret]")
    return text


def _forms(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    # At each of three offsets, less the characters that depend on what stands before and after the secret.
    at = ((start, base64.b64encode(bytes(start) + raw).decode().rstrip("=")) for start in range(3))
    inner = {text[-(-start * 8 // 6) : -1] for start, text in at}
    whole = base64.b64encode(raw).decode().rstrip("=")
    encoded = {whole, *(text for text in inner if len(text) >= SHORTEST_SECRET)}
    encoded |= {text.translate(str.maketrans("+/", "-_")) for text in encoded}
    escaped = {json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}
    return {secret, quote(secret, safe="", errors="replace"), *encoded, *escaped}
