"""Finds where code matches a pattern against the words of a brief or a check: a data-flow analysis over functions, on
their syntax trees alone.

Followed are assignments, loops, comprehensions, string methods, and calls of functions that a module defines or imports
by name. Not followed is what goes through attributes of objects (other than those named here), containers that are
filled by methods, and functions that are handed on.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

#: Attributes that hold prose: `text` of a brief or a check, `body` of a section of a prompt, `words` of anything.
HOLDERS = {"text": frozenset({"brief", "check"}), "body": frozenset({"section"})}
#: The `brief` of these is an object; of anything else (a row, facts for a README) it is the text.
OBJECTS = frozenset({"context", "task", "inputs"})
#: What is iterated over where each item's `text` is prose, and the annotations of such an item.
LISTS = frozenset({"checks", "earlier_checks", "earlier", "rounds"})
ITEMS = frozenset({"Check", "EarlierRound", "checks.Check"})

#: The place of the subject among the arguments of a compiled pattern's method; a function of `re` has the pattern
#: before it.
SUBJECTS = {"search": 0, "match": 0, "fullmatch": 0, "findall": 0, "finditer": 0, "split": 0, "sub": 1, "subn": 1}
_NO_TEXT = frozenset({"len", "bool", "int", "sum", "any", "all", "isinstance"})


@dataclass(frozen=True, order=True)
class Match:
    """A call that matches a pattern against prose."""

    module: str
    line: int
    call: str


@dataclass(eq=False)
class Function:
    """A function, or a module's own statements: the names in it that hold prose, and those that hold a check or a
    round."""

    module: str
    name: str
    parameters: Sequence[str]
    prose: set[str]
    items: set[str]
    bindings: Sequence[
        tuple[set[str], ast.AST, bool]
    ]  # names, what they are bound to, and whether by iterating over it
    returned: Sequence[ast.AST]
    calls: Sequence[ast.Call]
    returns_prose: bool = False
    callers: set[Function] = field(default_factory=set)


@dataclass
class Flow:
    """The functions of a program.

    `writers` return documents of their own that quote prose: nothing is followed through them.
    """

    writers: Collection[str] = ()
    functions: dict[tuple[str, str], list[Function]] = field(default_factory=dict)
    imports: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)
    classes: set[tuple[str, str]] = field(default_factory=set)

    def add(self, module: str, source: str) -> None:
        """Read a module."""
        tree = ast.parse(source)
        names = self.imports.setdefault(module, {})
        statements = [one for one in tree.body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
        self._keep(_function(module, "", [], statements))
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef(args=args):
                    self._keep(
                        _function(module, node.name, [*args.posonlyargs, *args.args, *args.kwonlyargs], node.body)
                    )
                case ast.ClassDef():
                    self.classes.add((module, node.name))
                case ast.ImportFrom(module=str(origin)):
                    names |= {one.asname or one.name: (origin, one.name) for one in node.names}

    def matches(self) -> list[Match]:
        """Return the calls that match a pattern against prose, once everything is followed."""
        every = [one for same in self.functions.values() for one in same]
        waiting = dict.fromkeys(every)
        while waiting:
            function = next(iter(waiting))
            del waiting[function]
            waiting |= dict.fromkeys(self._follow(function))
        return sorted({found for one in every for found in self._found(one)})

    def _keep(self, function: Function) -> None:
        self.functions.setdefault((function.module, function.name), []).append(function)

    def _follow(self, function: Function) -> Iterator[Function]:
        """Follow prose through a function; yield the functions of which more is known by that."""
        self._bind(function)
        if not function.returns_prose and any(self._is_prose(function, one) for one in function.returned):
            function.returns_prose = True
            yield from function.callers
        for call in function.calls:
            for called in self._called(function, call):
                called.callers.add(function)
                given = set(self._given(function, call, called)) - called.prose
                called.prose |= given
                if given:
                    yield called

    def _bind(self, function: Function) -> None:
        known = -1
        while known != (known := len(function.prose) + len(function.items)):
            for names, value, iterated in function.bindings:
                if self._is_prose(function, value):
                    function.prose |= names
                if iterated and any(_last(one) in LISTS for one in ast.walk(value)):
                    function.items |= names

    def _given(self, function: Function, call: ast.Call, called: Function) -> Iterator[str]:
        """Yield the parameters of a called function that a call gives prose to."""
        names = called.parameters[called.parameters[:1] in (["self"], ["cls"]) :]
        for at, value in enumerate(call.args):
            if self._is_prose(function, value):
                yield from names[at:] if isinstance(value, ast.Starred) else names[at : at + 1]
        for keyword in call.keywords:
            if keyword.arg in names and self._is_prose(function, keyword.value):
                yield keyword.arg

    def _called(self, function: Function, call: ast.Call) -> list[Function]:
        """Return the functions of the program that a call may be one of."""
        match call.func:
            case ast.Name(id=name):
                place = self._place(function.module, name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                place = (function.module, name)
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                place = self._place(".".join(self._place(function.module, owner)), name)
            case _:
                return []
        return [] if ".".join(place) in self.writers else self.functions.get(place, [])

    def _place(self, module: str, name: str) -> tuple[str, str]:
        """Return the module that defines a name, and the name there; a package may import it to be had from there."""
        if (module, name) in self.functions or (module, name) in self.classes:
            return module, name
        origin = self.imports.get(module, {}).get(name)
        return self._place(*origin) if origin else (module, name)

    def _is_prose(self, function: Function, node: ast.AST) -> bool:
        match node:
            case ast.Name(id=name):
                return name in function.prose
            case ast.Attribute(attr="words"):
                return True
            case ast.Attribute(attr="brief", value=owner):
                return _last(owner) not in OBJECTS
            case ast.Attribute(attr=attribute, value=owner):
                items = function.items if attribute == "text" else ()
                return _last(owner) in items or _last(owner) in HOLDERS.get(attribute, ())
            case ast.Call():
                return self._result_is_prose(function, node)
        return any(self._is_prose(function, one) for one in _parts(node))

    def _result_is_prose(self, function: Function, call: ast.Call) -> bool:
        """Say whether a call returns prose: one of the program's functions as it was followed, any other where it is
        given some."""
        if called := self._called(function, call):
            return any(one.returns_prose for one in called)
        if self._makes_no_text(function, call.func):
            return False
        owner = [call.func.value] if isinstance(call.func, ast.Attribute) else []
        return any(self._is_prose(function, one) for one in [*owner, *call.args, *(one.value for one in call.keywords)])

    def _makes_no_text(self, function: Function, called: ast.expr) -> bool:
        """Say whether a call makes a number or an object of the program, or is a writer's."""
        if not isinstance(called, ast.Name):
            return False
        place = self._place(function.module, called.id)
        return called.id in _NO_TEXT or place in self.classes or ".".join(place) in self.writers

    def _found(self, function: Function) -> Iterator[Match]:
        for call in function.calls:
            if any(self._is_prose(function, one) for one in _subjects(call)):
                yield Match(function.module, call.lineno, ast.unparse(call))


def prose_matches(modules: Mapping[str, str], writers: Collection[str] = ()) -> list[Match]:
    """Return where modules, by their dotted names, match patterns against prose."""
    flow = Flow(writers)
    for module, source in modules.items():
        flow.add(module, source)
    return flow.matches()


def _function(module: str, name: str, parameters: Sequence[ast.arg], body: Sequence[ast.stmt]) -> Function:
    annotations = {one.arg: ast.unparse(one.annotation) for one in parameters if one.annotation}
    nodes = [one for statement in body for one in ast.walk(statement)]
    return Function(
        module,
        name,
        [one.arg for one in parameters],
        {"brief"} if annotations.get("brief") == "str" else set(),
        {one for one, annotation in annotations.items() if annotation in ITEMS},
        [
            (_names(target), value, isinstance(node, ast.For | ast.comprehension))
            for node in nodes
            for target, value in _bindings(node)
        ],
        [one.value for one in nodes if isinstance(one, ast.Return | ast.Yield | ast.YieldFrom) and one.value],
        [one for one in nodes if isinstance(one, ast.Call)],
    )


def _bindings(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Yield each target that a node binds, with what it is bound to."""
    match node:
        case ast.Assign(targets=targets, value=value):
            yield from ((one, value) for one in targets)
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
            yield target, value
        case ast.NamedExpr(target=target, value=value) | ast.For(target=target, iter=value):
            yield target, value
        case ast.comprehension(target=target, iter=value):
            yield target, value


def _parts(node: ast.AST) -> list[ast.AST]:
    """Return the parts of an expression that make its value."""
    match node:
        case ast.Compare() | ast.Lambda():
            return []
        case ast.Subscript(value=value, slice=ast.Constant(value="brief")):
            return [ast.Attribute(value, "brief")]
        case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part) | ast.Subscript(value=part):
            return [part]
        case ast.DictComp(key=key, value=value):
            return [key, value]
        case ast.IfExp(body=one, orelse=other):
            return [one, other]
        case _:
            return list(ast.iter_child_nodes(node))


def _subjects(call: ast.Call) -> list[ast.expr]:
    """Return what a call matches a pattern against, nothing where it does no such thing.

    A text's own `split` takes no pattern.
    """
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in SUBJECTS:
        return []
    owner = _last(call.func.value)
    if call.func.attr == "split" and owner != "re" and not owner.isupper():
        return []
    at = SUBJECTS[call.func.attr] + (owner == "re")
    return [*call.args[at : at + 1], *(one.value for one in call.keywords if one.arg == "string")]


def _names(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _last(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
