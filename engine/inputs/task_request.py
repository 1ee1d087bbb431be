"""Reads a request leniently: an unusable field is an error, an odd one a warning, and everything is stored."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from engine.domain import addresses, paths
from engine.domain.checks import Kind, parse_check
from engine.inputs import request_fields
from engine.inputs.data_uris import parse_data_uri
from engine.site.repository_files import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

#: The largest body in bytes, unless MAX_REQUEST_BYTES says otherwise.
MAX_BODY = 16_000_000

#: The stored request refers to a longer data URI instead of holding it; its bytes are stored as the attachment.
LONGEST_KEPT_URI = 1_000

#: The deepest accepted nesting. All functions of ours and of the libraries recurse safely to this depth.
DEEPEST = 100

#: The most values of a body. As Python objects, 16 MB of `{}` would take 500 MB before the secret is even looked at.
MOST_VALUES = 100_000

#: Further attachments are ignored.
MOST_ATTACHMENTS = 100

#: A string of JSON; an unclosed one reaches to the end, so that the search stays linear.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)

_KNOWN = {"email", "secret", "task", "round", "nonce", "brief", "checks", "evaluation_url", "attachments"}


class UnusableError(ValueError):
    """The request cannot be accepted. `errors` maps each bad field to its reasons."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(reasons)}" for name, reasons in errors.items()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """One attachment: its bytes if the URI held them (`content`), else the address to fetch them from (`url`).

    Without either it cannot be read, and `note` is a sentence on the reason.
    """

    name: str
    media_type: str
    content: bytes | None
    url: str
    note: str = ""


@dataclass(slots=True)
class Intake:
    """An accepted request. `request` is its stored form, without the secret and without large data URIs."""

    email: str
    task: str
    number: int
    nonce: str
    brief: str
    checks: list[object]
    evaluation_url: str
    attachments: list[ReceivedFile]
    unreadable: list[ReceivedFile]
    request: dict[str, object]
    digest: str
    warnings: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The round's key: 64 hex digits of the hash of email, task, round and nonce."""
        return digest(self.email, self.task, str(self.number), self.nonce)

    @property
    def task_key(self) -> str:
        """The task's key: 64 hex digits of the hash of email and task."""
        return digest(self.email, self.task)


def decode(body: bytes, *, repeated: list[str] | None = None) -> dict[str, object]:
    """Parse a body: one JSON object in UTF-8. Raises ValueError with a clause.

    Of a key that an object holds more than once the last value counts, and the key is added to `repeated`.
    """
    outside = _STRING.sub(b"", body)
    if sum(map(outside.count, (b",", b"{", b"["))) > MOST_VALUES:
        raise ValueError(f"the body holds more than {MOST_VALUES:,} values")
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            object_pairs_hook=partial(_object, [] if repeated is None else repeated),
        )
    except UnicodeDecodeError:
        raise ValueError("the body is not UTF-8") from None
    except RecursionError:
        raise ValueError("the body is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 -- one kind of error for the caller
    if _depth(value) > DEEPEST:
        raise ValueError("the body is nested too deeply")
    return value


def read(
    payload: Mapping[str, object],
    *,
    secrets: Collection[str],
    allow_private: bool,
    own_origins: tuple[str, ...] = (),
    repeated: Sequence[str] = (),
) -> Intake:
    """Read a request. `repeated` holds keys that `decode` found twice. Raises UnusableError with every bad field."""
    errors: dict[str, list[str]] = {}
    warnings: list[str] = []
    canonical = {key: value for key, value in payload.items() if key != "secret"}
    clean = request_fields.Cleaner(secrets, warnings)
    for key in islice(dict.fromkeys(repeated), request_fields.MOST_WARNINGS):
        name = clean.text(key, "a field's name")[:80]
        clean.warn(f"the key {name!r} is in one object more than once; its last value is used")
    identity = {
        name: request_fields.identity(payload.get(name), name, clean, errors) for name in ("email", "task", "nonce")
    }
    number = request_fields.round_number(payload.get("round"), errors)
    brief = request_fields.required_text(clean.value(payload.get("brief"), "brief"), "brief", errors)
    url = request_fields.evaluation_url(payload.get("evaluation_url"), clean, allow_private, own_origins, errors)
    files, stored = _attachments(payload.get("attachments"), clean, warnings)
    checks = _checks(clean.value(payload.get("checks"), "checks"), warnings)
    unknown = (clean.text(name, "a field's name") for name in canonical if name not in _KNOWN)
    warnings.extend(
        f"unknown field {n[:80]!r} is kept and not used" for n in islice(unknown, request_fields.MOST_WARNINGS)
    )
    if errors:
        raise UnusableError(errors)
    request = {
        (name := clean.text(key, "a field's name")): clean.value(value, name)
        for key, value in canonical.items()
        if key != "attachments"
    }
    if "attachments" in canonical:
        request["attachments"] = stored
    return Intake(
        **identity,
        number=number,
        brief=brief,
        checks=checks,
        evaluation_url=url,
        attachments=[file for file in files if not file.note],
        unreadable=[file for file in files if file.note],
        request=request,
        digest=digest(json.dumps(canonical, sort_keys=True)),
        warnings=_few(list(dict.fromkeys(warnings))),
    )


def _few(warnings: list[str]) -> list[str]:
    if len(warnings) <= request_fields.MOST_WARNINGS:
        return warnings
    return [*warnings[: request_fields.MOST_WARNINGS], "there is more like this, which is not listed"]


def _object(repeated: list[str], pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object of the body, and note the keys that it holds more than once."""
    value = dict(pairs)
    if len(value) != len(pairs):
        repeated += [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    return value


def _depth(value: object) -> int:
    """Measure the nesting level by level, because a recursion could overflow the stack."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [c for v in level if isinstance(v, dict | list) for c in (v.values() if isinstance(v, dict) else v)]
    return depth


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _checks(value: object, warnings: list[str]) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        warnings.append("checks is no list; it is taken as one check")
        return [value]
    odd = (position for position, item in enumerate(value, 1) if parse_check(item).kind is Kind.UNKNOWN)
    warnings.extend(
        f'check {position} is neither text nor {{"js": …}}; it is kept as unverifiable'
        for position in islice(odd, request_fields.MOST_WARNINGS)
    )
    return value


def _attachments(
    value: object, clean: request_fields.Cleaner, warnings: list[str]
) -> tuple[list[ReceivedFile], object]:
    """Return the attachments, and the stored form of the field."""
    if value is None or not isinstance(value, list):
        if value is not None:
            warnings.append("attachments is no list and is not used")
        return [], clean.value(value, "attachments")
    files: list[ReceivedFile] = []
    stored: list[object] = []
    if len(value) > MOST_ATTACHMENTS:
        warnings.append(f"of {len(value)} attachments the first {MOST_ATTACHMENTS} are used")
    for position, item in enumerate(value[:MOST_ATTACHMENTS], 1):
        file, plain = _attachment(item, position, [f.name for f in files], clean, warnings)
        stored.append(plain)
        if file:
            files.append(file)
    return files, stored


def _attachment(
    item: object, position: int, taken: list[str], clean: request_fields.Cleaner, warnings: list[str]
) -> tuple[ReceivedFile | None, object]:
    plain = clean.value(item, f"attachment {position}")
    if not isinstance(plain, dict) or not isinstance(plain.get("url"), str):
        if not (isinstance(plain, dict) and plain.get("url") is None and plain.get("name") is None):
            warnings.append(f"attachment {position} has no url and is not used")
        return None, plain
    url = plain["url"].lstrip()
    name, warning = paths.attachment_name(plain.get("name"), position, taken)
    if url[:5].lower() != "data:":
        return _remote(url.rstrip(), name, position, warning, warnings), plain
    try:
        data = parse_data_uri(url)
    except ValueError as problem:
        return _unreadable(name, position, problem, warnings), plain
    warnings += [f"attachment {position} ({name}): in its base64 {repair}" for repair in data.repairs]
    if clean.holds_secret(data.content):
        warnings.append(f"attachment {position} ({name}) is not used and not kept: it holds the shared secret")
        return None, {**plain, "url": request_fields.REMOVED}
    if warning:
        warnings.append(warning)
    if len(url) > LONGEST_KEPT_URI:
        size = f"{len(url)} characters; its {len(data.content)} bytes are kept as the attachment {name}"
        plain = {**plain, "url": f"{url[:40]}… ({size})"}
    return ReceivedFile(name, data.media_type, data.content, ""), plain


def _unreadable(name: str, position: int, problem: ValueError, warnings: list[str]) -> ReceivedFile:
    """Return an attachment without bytes, which the model is told of as missing."""
    warnings.append(f"attachment {position} ({name}) is not used: {problem}")
    return ReceivedFile(name, "", None, "", note=str(problem))


def _remote(url: str, name: str, position: int, warning: str | None, warnings: list[str]) -> ReceivedFile:
    try:
        target = addresses.parse_url(url)
    except ValueError as problem:
        return _unreadable(name, position, problem, warnings)
    if refusal := addresses.port_problem(target):
        warnings.append(f"attachment {position} ({name}) cannot be fetched: {refusal}")
    if warning:
        warnings.append(warning)
    return ReceivedFile(name, "", None, url)
