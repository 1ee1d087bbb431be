"""A template of a task, as its YAML says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, WrapValidator, model_validator
from pydantic_core import PydanticCustomError

from engine.formats.javascript import open_at_end
from tasks_app.rehearsal.criteria import (
    FileCriterion,
    HtmlCriterion,
    JsCriterion,
    RubricCriterion,
    SentenceCriterion,
    as_mapping,
)
from tasks_app.rehearsal.templates.documents import MarkdownSpec, ScriptSpec, TextSpec
from tasks_app.rehearsal.templates.generated import StrictModel
from tasks_app.rehearsal.templates.pictures import ImageSpec
from tasks_app.rehearsal.templates.results import ResultRule
from tasks_app.rehearsal.templates.tables import XLSX, CsvSpec, JsonSpec, WorkbookSpec

if TYPE_CHECKING:
    from pydantic import ValidatorFunctionWrapHandler

SEED = "${seed}"
RESULT = "result"
KINDS = ("js", "html", "file", "rubric", "sentence")

Spec = CsvSpec | JsonSpec | MarkdownSpec | ImageSpec | WorkbookSpec | TextSpec | ScriptSpec

#: What stands for `${seed}` in `data:<media type>;base64,${seed}`.
BY_MEDIA_TYPE: dict[str, Spec] = {
    "text/csv": CsvSpec(kind="csv"),
    "application/json": JsonSpec(kind="json"),
    "text/markdown": MarkdownSpec(kind="markdown"),
    "text/plain": TextSpec(kind="text"),
    "image/png": ImageSpec(kind="image"),
    "image/svg+xml": ImageSpec(kind="image", format="svg"),
    XLSX: WorkbookSpec(kind="workbook"),
}

Text = Annotated[str, StringConstraints(pattern=r"\S", max_length=20_000)]


class TemplateAttachment(StrictModel):
    """A file of the request: at a `url`, whose `${seed}` is a file that is generated, or by a generator of ours."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]*$", max_length=200)]
    url: str | None = None
    generate: Annotated[Spec, Field(discriminator="kind")] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> TemplateAttachment:
        if (self.url is None) == (self.generate is None):
            raise PydanticCustomError("attachment", "an attachment has either `url` or `generate`")
        if ".." in self.name.split("/"):
            raise PydanticCustomError("attachment", "the name of an attachment leads out of the repository")
        if self.url is not None and not self.url.startswith(("data:", "http://", "https://")):
            raise PydanticCustomError("attachment", "`url` must begin with data:, http:// or https://")
        if self.is_generated and self.spec is None:
            raise PydanticCustomError(
                "attachment",
                "`${seed}` stands for no file of this media type; those that are generated: {known}",
                {"known": ", ".join(BY_MEDIA_TYPE)},
            )
        return self

    @property
    def is_generated(self) -> bool:
        """Whether the url is `data:<media type>;base64,${seed}`."""
        return self.url is not None and self.url.startswith("data:") and self.url.endswith(f";base64,{SEED}")

    @property
    def spec(self) -> Spec | None:
        """The generator; None for a file that is taken as it is."""
        if self.url is None:
            return self.generate
        media_type = self.url.removeprefix("data:").partition(";")[0].strip().lower()
        return BY_MEDIA_TYPE.get(media_type) if self.is_generated else None


def _check_as_mapping(value: object) -> object:
    value = as_mapping(value)
    if not isinstance(value, dict):
        raise PydanticCustomError(
            "check", "a check is a sentence or a mapping; a sentence that YAML misreads is quoted"
        )
    found = [kind for kind in KINDS if kind in value]
    if len(found) > 1:
        raise PydanticCustomError("check", "a check is of one kind; this has {found}", {"found": " and ".join(found)})
    if not found:
        raise PydanticCustomError(
            "check",
            "a check is a sentence or has one of {kinds}; a sentence that contains `: ` is put in quotes",
            {"kinds": ", ".join(KINDS)},
        )
    return value


def _kind(value: dict[str, Any]) -> str:
    return next(f"<{kind}>" for kind in KINDS if kind in value)


def _as_given(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    """Check a criterion with 1 in each place that is to be filled in, and keep it as it was given."""
    criterion = handler(_with_ones(value))
    if isinstance(criterion, JsCriterion) and (sign := open_at_end(criterion.js)):
        raise PydanticCustomError(
            "check",
            "the expression ends too early, after `{sign}`: YAML reads ` #` as a comment; quote it or write it after |",
            {"sign": sign},
        )
    return value


def _with_ones(value: object) -> object:
    match value:
        case str():
            return "1" if value.startswith("${") and value.endswith("}") and value.count("$") == 1 else value
        case dict():
            return {key: _with_ones(one) for key, one in value.items()}
        case list():
            return [_with_ones(one) for one in value]
        case _:
            return value


AnyCheck = Annotated[
    Annotated[JsCriterion, Tag("<js>")]
    | Annotated[HtmlCriterion, Tag("<html>")]
    | Annotated[FileCriterion, Tag("<file>")]
    | Annotated[RubricCriterion, Tag("<rubric>")]
    | Annotated[SentenceCriterion, Tag("<sentence>")],
    Discriminator(_kind),
    BeforeValidator(_check_as_mapping),
    WrapValidator(_as_given),
]
ValueName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=40)]


class TemplateRound(StrictModel):
    """The round of a task: `checks` are as given, to be filled in and then read as criteria."""

    brief: Text
    attachments: Annotated[tuple[TemplateAttachment, ...], Field(strict=False)] = ()
    checks: Annotated[tuple[AnyCheck, ...], Field(strict=False, min_length=1)]
    result: ResultRule | None = None
    results: dict[ValueName, ResultRule] = {}


class Template(TemplateRound):
    """A task: its first round, and the variants of its later ones. A variant's values replace those of the same name
    and add to the others."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*$", max_length=80)]
    round2: Annotated[tuple[TemplateRound, ...], Field(strict=False, min_length=1)]

    def specs(self, variant: TemplateRound | None = None) -> dict[str, Spec]:
        """Return the generators by attachment, of the first round and of a variant; a variant's come first."""
        attachments = (*(variant.attachments if variant else ()), *self.attachments)
        found: dict[str, Spec] = {}
        for attachment in attachments:
            if attachment.spec:
                found.setdefault(attachment.name, attachment.spec)
        return found

    def rules(self, variant: TemplateRound | None = None) -> dict[str, ResultRule]:
        """Return how the values are computed, in their order; `result` is the last."""
        rules = {**self.results, **(variant.results if variant else {})}
        result = (variant and variant.result) or self.result or _sum_of_sales(self.specs(variant))
        return {**rules, RESULT: result} if result else rules


def _sum_of_sales(specs: dict[str, Spec]) -> ResultRule | None:
    """Return what `${result}` is where nothing says so: the sum of the column `sales` of a CSV."""
    for name, spec in specs.items():
        if isinstance(spec, CsvSpec) and "sales" in spec.columns and spec.columns["sales"].is_number:
            return ResultRule(compute="sum", of=name, column="sales")
    return None
