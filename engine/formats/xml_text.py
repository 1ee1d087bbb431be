"""Reads XML and SVG safely: entities are not declared, expanded or fetched, and the depth has a limit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

SVG = "http://www.w3.org/2000/svg"
_SHAPES = "path rect circle ellipse line polyline polygon text image use"
_DRAWN = frozenset(_SHAPES.split())
_DEEPEST = 200


@dataclass(slots=True)
class Elements:
    """The root's name and namespace of an XML text, and the number of elements by local name."""

    root: str = ""
    namespace: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)  # of elements outside the root's namespace


def read_xml(content: bytes) -> Elements:
    """Return the elements of a well-formed XML text. Raises ValueError with a clause about the text.

    An entity declaration is refused, because expanded entities can fill the memory
    (https://docs.python.org/3/library/xml.html#xml-security).
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.EntityDeclHandler = reader.entity
    try:
        parser.Parse(content.lstrip(b"\n\r\t "), True)
    except expat.ExpatError as error:
        raise ValueError(f"it is not well-formed: {expat.ErrorString(error.code)} (line {error.lineno})") from None
    except (LookupError, UnicodeError):
        raise ValueError("it names an encoding that is not known") from None
    return reader.elements


def ends_too_early(content: bytes) -> bool:
    """Say whether an XML text is well-formed as far as it goes and then ends inside of an element, tag or comment.

    False proves nothing of a text that is not well-formed: only `read_xml` proves that a text is whole.
    """
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = _Reader().entity
    try:
        parser.Parse(content.lstrip(b"\n\r\t "), False)
    except (expat.ExpatError, ValueError, LookupError):
        return False
    try:
        parser.Parse(b"", True)
    except expat.ExpatError:
        return True
    return False


def svg_problem(content: bytes) -> str:
    """Return a clause on the reason why a file is not an SVG with visible content; "" if it is one."""
    try:
        found = read_xml(content)
    except ValueError as error:
        return str(error)
    if found.root != "svg":
        return f"its root is <{found.root[:40]}>, not <svg>"
    if found.namespace != SVG:
        return f'its <svg> lacks xmlns="{SVG}", without which it is not shown as an image'
    drawn = sum(found.counts[name] - found.foreign[name] for name in _DRAWN)
    return "" if drawn else "it draws nothing: it holds no shape and no text"


class _Reader:
    def __init__(self) -> None:
        self.elements = Elements()
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        namespace, _, local = name.rpartition(" ")
        if not self._depth:
            self.elements.root, self.elements.namespace = local, namespace
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"it is nested more than {_DEEPEST} deep")
        self.elements.counts[local] += 1
        if namespace != self.elements.namespace:
            self.elements.foreign[local] += 1

    def end(self, name: str) -> None:
        del name
        self._depth -= 1

    def entity(self, *declaration: Any) -> None:
        raise ValueError(f"it declares the entity {str(declaration[0])[:40]!r}, which is not read for safety")
