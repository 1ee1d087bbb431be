"""A page that shows nothing: the brief's words, and an element for each selector that a probe names. A probe that holds on it tests nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.core.findings import selectors_of
from engine.core.probes import Verb

if TYPE_CHECKING:
    from engine.core.probes import Probe

_MOST_WORDS = 4_000  # characters of the brief
_ELEMENTS = {Verb.FILL: "input", Verb.SELECT: "select", Verb.CLICK: "button", Verb.PRESS: "input"}


@dataclass(frozen=True, slots=True)
class BlankPage:
    """What it is made of: `words`, and selectors with the tag of an element that names none."""

    words: str
    elements: tuple[tuple[str, str], ...]


def blank_page(probe: Probe, brief: str) -> BlankPage:
    """Return the page that a probe must not hold on."""
    used = {step.selector: _ELEMENTS[step.verb] for step in probe.steps if step.selector}
    looked_up = dict.fromkeys(selectors_of(probe.expression), "div")
    return BlankPage(brief.strip()[:_MOST_WORDS], tuple((looked_up | used).items()))
