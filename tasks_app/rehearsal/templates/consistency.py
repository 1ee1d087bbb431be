"""What in a template does not fit together: values without data to compute them from, names that are not there."""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING, Any

from tasks_app.rehearsal.templates.filling import generated_files, placeholders
from tasks_app.rehearsal.templates.results import OF_NUMBERS, OF_TEXT, as_text, named_value, table_of
from tasks_app.rehearsal.templates.template import RESULT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tasks_app.rehearsal.templates.generated import Columns, GeneratedFile
    from tasks_app.rehearsal.templates.nodes import Path
    from tasks_app.rehearsal.templates.results import ResultRule
    from tasks_app.rehearsal.templates.template import Spec, Template, TemplateRound

    Located = tuple[Path, str]


def inconsistencies(template: Template) -> Iterator[Located]:
    """Yield the path of each wrong part, and what is wrong with it."""
    yield from _round(template, None, ())
    for at, variant in enumerate(template.round2):
        yield from _round(template, variant, ("round2", at))


def _round(template: Template, variant: TemplateRound | None, path: Path) -> Iterator[Located]:
    part = variant or template
    files = generated_files(template, variant, seed="0")
    specs = template.specs(variant)
    rules = template.rules(variant)
    yield from _attachments(part, path)
    own = [(("results", name), name, rule) for name, rule in part.results.items()]
    for place, name, rule in [*own, *([(("result",), RESULT, part.result)] if part.result else [])]:
        yield from (((*path, *place), text) for text in _rule(name, rule, rules, files, specs))
    known = {"seed", *rules}
    for name in placeholders(part.brief):
        if name not in known:
            yield (*path, "brief"), _unknown_value(name, known)
    for at, check in enumerate(part.checks):
        if RESULT not in rules and RESULT in _names(check):
            yield (*path, "checks", at), _unknown_value(RESULT, known)


def _unknown_value(name: str, known: Iterable[str]) -> str:
    if name == RESULT:
        return "`${result}` has nothing to be computed from: add `result:` or a generated CSV with a column `sales`"
    return f"`${{{name}}}` is no value of this template{suggestion(name, known)}"


def _names(value: Any) -> list[str]:
    match value:
        case str():
            return placeholders(value)
        case dict():
            return [name for one in value.values() for name in _names(one)]
        case list():
            return [name for one in value for name in _names(one)]
        case _:
            return []


def _attachments(part: TemplateRound, path: Path) -> Iterator[Located]:
    seen = Counter[str]()
    for at, attachment in enumerate(part.attachments):
        seen[attachment.name] += 1
        if seen[attachment.name] == 2:
            yield (*path, "attachments", at, "name"), f"two attachments are called `{attachment.name}`"


def _rule(
    name: str,
    rule: ResultRule,
    rules: Mapping[str, ResultRule],
    files: Mapping[str, GeneratedFile],
    specs: Mapping[str, Spec],
) -> Iterator[str]:
    """Yield what is wrong with a rule. `rules` are all that are computed in this round, in their order."""
    if name == "seed" or (name == RESULT and rules.get(RESULT) is not rule):
        yield f"the name `{name}` is taken"
    if rule.of not in files:
        yield f"`of: {rule.of}` is no generated attachment{suggestion(rule.of, files)}"
        return
    file = files[rule.of]
    if rule.compute in OF_TEXT:
        if file.text is None or rule.where:
            yield f"`compute: {rule.compute}` counts in a text; `{rule.of}` is none, or there is a `where`"
        return
    if not file.tables or rule.sheet not in {"", *file.tables}:
        yield f"`{rule.of}` has no table{f' called `{rule.sheet}`' if rule.sheet else ''}"
        return
    yield from _columns(rule, table_of(rule, file))
    yield from _where(name, rule, rules, table_of(rule, file), specs[rule.of])


def _columns(rule: ResultRule, table: Columns) -> Iterator[str]:
    for key in ("column", "by"):
        value, needed = getattr(rule, key), key in rule.needs()
        if bool(value) != needed:
            yield f"`compute: {rule.compute}` {'needs' if needed else 'takes no'} `{key}`"
        elif needed and value not in table:
            yield f"`{rule.of}` has no column `{value}`{suggestion(value, table)}"
        elif key == "column" and rule.compute in OF_NUMBERS and any(isinstance(one, str) for one in table[value]):
            yield f"`compute: {rule.compute}` needs numbers, and the column `{value}` of `{rule.of}` has none"


def _where(name: str, rule: ResultRule, rules: Mapping[str, ResultRule], table: Columns, spec: Spec) -> Iterator[str]:
    """Yield why rows may be missing for some seed: then nothing could be computed."""
    for column, wanted in rule.where.items():
        if column not in table:
            yield f"`{rule.of}` has no column `{column}`{suggestion(column, table)}"
        elif named := named_value(wanted):
            if not _chosen_before(named, name, column, rule, rules):
                yield (
                    f"`${{{named}}}` in `where` must be a value above this one that is a `pick` or `top` of the column "
                    f"`{column}` of `{rule.of}`"
                )
        else:
            yield from _fixed(rule, column, str(wanted), spec)


def _chosen_before(named: str, name: str, column: str, rule: ResultRule, rules: Mapping[str, ResultRule]) -> bool:
    order = list(rules)
    other = rules.get(named)
    if other is None or order.index(named) >= order.index(name):
        return False
    chosen = {"pick": other.column, "top": other.by}.get(other.compute, "")
    return (other.of, other.sheet, chosen) == (rule.of, rule.sheet, column)


def _fixed(rule: ResultRule, column: str, wanted: str, spec: Spec) -> Iterator[str]:
    fixed = spec.fixed_values(rule.sheet, column)
    texts = list(map(as_text, fixed))
    if not texts:
        yield f"`where` needs a column whose values occur whatever the seed; `{column}` of `{rule.of}` has none such"
    elif wanted not in texts:
        yield f"`{rule.of}` has no `{wanted}` in its column `{column}`{suggestion(wanted, texts)}"


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return what was meant, or all that is known, as the end of a sentence."""
    words = sorted(set(known))
    if close := difflib.get_close_matches(word, words, n=1):
        return f"; did you mean `{close[0]}`?"
    return f"; there is {', '.join(f'`{one}`' for one in words[:12])}" if words else ""
