"""The checks of a template: what is sent of them, and what they are judged by.

In YAML and in `IssuedTask.criteria` a check is one of

    {js: an expression}            run in the live page
    a sentence                     judged by a model, where one is configured
    {html: …}, {file: …}           on the page as it is served without running it; on a file of the repository
    {rubric: a sentence}           what a model gives a score for: of the README, the code or the page

and may have `says`, the sentence that is sent in its place. Without it `html`, `file` and `rubric` are not sent.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter


class Criterion(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str = ""


class JsCriterion(Criterion):
    js: str = Field(min_length=1)


class SentenceCriterion(Criterion):
    sentence: str = Field(min_length=1)


class StaticHtml(BaseModel):
    """All of what is given must hold for the page's source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ids: tuple[str, ...] = ()  # elements with these ids stand in the source
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    numbers: dict[str, float] = {}  # id -> the number that the element's text in the source is, as parseFloat reads it
    inline_script: bool | None = None  # whether there is a <script> with code of its own


class HtmlCriterion(Criterion):
    html: StaticHtml


class RepositoryFile(BaseModel):
    """A file of the commit. Unless `absent`, it must exist and be served; all else that is given must hold for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = Field(min_length=1)
    absent: bool = False
    attachment: str = ""  # its bytes are those of this attachment
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    json_keys: tuple[str, ...] | None = Field(default=None, alias="json")  # it is a JSON object with these keys
    words: tuple[int, int] | None = None  # the least and the most words


class FileCriterion(Criterion):
    file: RepositoryFile


class RubricCriterion(Criterion):
    rubric: str = Field(min_length=1)
    of: Literal["readme", "code", "page"] = "code"


def as_mapping(value: object) -> object:
    """Read the short form: a sentence, or an expression as `js: …`."""
    if isinstance(value, str):
        text = value.strip()
        return {"js": text[3:].strip()} if text[:3].lower() == "js:" else {"sentence": text}
    return value


AnyCriterion = Annotated[
    JsCriterion | HtmlCriterion | FileCriterion | RubricCriterion | SentenceCriterion, BeforeValidator(as_mapping)
]

CRITERIA: TypeAdapter[list[AnyCriterion]] = TypeAdapter(list[AnyCriterion])


def sent(criterion: Criterion) -> str | dict[str, Any] | None:
    """Return the check as the request holds it; None: it is not sent."""
    match criterion:
        case JsCriterion(js=expression):
            return {"js": expression}
        case SentenceCriterion(sentence=text):
            return text
        case _:
            return criterion.says or None
