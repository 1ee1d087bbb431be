"""Predicates in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.plan.predicates import AnyPredicate


def in_words(predicate: AnyPredicate) -> str:
    """Return what a predicate says: its kind, and those of its arguments that are not the usual ones."""
    arguments = predicate.model_dump(mode="json", exclude_defaults=True)
    told = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in arguments.items())
    return ": ".join(filter(None, (predicate.kind.replace("_", " "), told)))
