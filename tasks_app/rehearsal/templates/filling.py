"""Fills a template in for one seed and round."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks_app.rehearsal.criteria import CRITERIA, sent
from tasks_app.rehearsal.templates.draws import SeededDraws
from tasks_app.rehearsal.templates.results import computed
from tasks_app.rehearsal.templates.template import SEED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tasks_app.rehearsal.criteria import Criterion
    from tasks_app.rehearsal.templates.generated import GeneratedFile
    from tasks_app.rehearsal.templates.template import Spec, Template, TemplateAttachment, TemplateRound


@dataclass(frozen=True, slots=True)
class FilledTask:
    """One round of a task. `checks` are the criteria as the request holds them, less those that are not sent."""

    brief: str
    attachments: list[dict[str, str]]  # name and url
    criteria: Sequence[Criterion]
    checks: list[Any]


def task_id(template: Template, *, salt: str) -> str:
    """Return `<template>-<8 hex digits>`."""
    return f"{template.id}-{hashlib.sha256(salt.encode()).hexdigest()[:8]}"


def fill(template: Template, *, seed: str, round: int) -> FilledTask:
    """Return what the template says for this seed. Variants of later rounds come in a seeded order, again and again."""
    variant = None if round == 1 else _variant(template, seed, round)
    files = generated_files(template, variant, seed=seed)
    values = filled_values(template, variant, files, seed=seed)
    part = variant or template
    criteria = CRITERIA.validate_python([filled(check, values) for check in part.checks])
    return FilledTask(
        brief=filled_text(part.brief, values),
        attachments=[{"name": one.name, "url": _url(one, files, values)} for one in part.attachments],
        criteria=criteria,
        checks=[check for check in map(sent, criteria) if check is not None],
    )


def generated_files(template: Template, variant: TemplateRound | None, *, seed: str) -> dict[str, GeneratedFile]:
    return {name: _generated(template, name, spec, seed) for name, spec in template.specs(variant).items()}


def filled_values(
    template: Template, variant: TemplateRound | None, files: Mapping[str, GeneratedFile], *, seed: str
) -> dict[str, str]:
    """Return the values by the names that stand for them."""
    values = {"seed": seed}
    for name, rule in template.rules(variant).items():
        values[name] = computed(rule, files[rule.of], values, SeededDraws(template.id, seed, "value", name))
    return values


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """Fill in all texts of a value of YAML."""
    match value:
        case str():
            return filled_text(value, values)
        case dict():
            return {key: filled(one, values) for key, one in value.items()}
        case list():
            return [filled(one, values) for one in value]
        case _:
            return value


def filled_text(text: str, values: Mapping[str, str]) -> str:
    """Put values in the places of `${name}`. A place of another name stays, and so does what a value holds."""
    first, *parts = text.split("${")
    return first + "".join(_place(part, values) for part in parts)


def _place(part: str, values: Mapping[str, str]) -> str:
    name, closing, rest = part.partition("}")
    return values[name] + rest if closing and name in values else "${" + part


def placeholders(text: str) -> list[str]:
    """Return the names in the places of a text."""
    return [part.partition("}")[0] for part in text.split("${")[1:] if part.partition("}")[0].isidentifier()]


def _variant(template: Template, seed: str, number: int) -> TemplateRound:
    order = SeededDraws(template.id, seed, "variants").shuffled(template.round2)
    return order[(number - 2) % len(order)]


def _generated(template: Template, name: str, spec: Spec, seed: str) -> GeneratedFile:
    return spec.generate(SeededDraws(template.id, seed, "file", name))


def _url(attachment: TemplateAttachment, files: Mapping[str, GeneratedFile], values: Mapping[str, str]) -> str:
    if attachment.spec is None:
        return filled_text(attachment.url or "", values)
    file = files[attachment.name]
    content = base64.b64encode(file.content).decode()
    if attachment.url:
        return attachment.url.removesuffix(SEED) + content
    return f"data:{file.media_type};base64,{content}"
