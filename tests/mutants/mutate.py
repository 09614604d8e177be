"""Small faults in a module: each a mutant, which some test should notice.

What no test can or should notice is no mutant: log words, `__repr__`, texts for people, defaults
and scalar constants of a module (how long and how much are choices), and what is for types only.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

_SWAPPED: Final[dict[type[ast.AST], tuple[type[ast.AST], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.RShift: (ast.LShift,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
_Plain: TypeAlias = bool | int | float | str
_TWINS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_FOR_PEOPLE: Final = ("_log.", "assert_never(")
_UNTOUCHED: Final = {"annotation", "args", "returns", "decorator_list", "format_spec"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault. `function` is empty for a table of the module; `place` is for `mutated`."""

    path: str
    line: int
    function: str
    change: str
    place: tuple[int, int]

    def __str__(self) -> str:
        """What it is called, wherever it moves to."""
        return f"{self.path} {self.function or 'module'}: {self.change}"


def mutants(path: str, source: str) -> list[Mutant]:
    """All mutants of the module at `path`."""
    tree = ast.parse(source)
    numbers = {id(node): number for number, node in enumerate(ast.walk(tree))}
    return [
        Mutant(path, _line(node, top), function, _said(node, new), (numbers[id(node)], number))
        for function, top in _tops(tree, "")
        for node in _parts(top)
        for number, new in enumerate(_faults(node))
        # An attribute that was never set is noticed by any test.
        if not (function.endswith("__init__") and isinstance(new, ast.Pass))
    ]


def mutated(mutant: Mutant, source: str) -> ast.Module:
    """The module with the fault."""
    tree = ast.parse(source)
    node, number = mutant.place
    old = [*ast.walk(tree)][node]
    new = [*_faults(old)][number]
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if one is old else one for one in value]
    return ast.fix_missing_locations(tree)


def _tops(tree: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.stmt]]:
    """Each function that is in no other, by its name, and the tables of the module."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name != "__repr__":
                yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _tops(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            yield "", node


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What may be changed of a function or a table."""
    if isinstance(node, ast.Expr | ast.Call) and ast.unparse(node).startswith(_FOR_PEOPLE):
        return
    yield node
    for name, value in ast.iter_fields(node):
        is_untouched = name in _UNTOUCHED and not isinstance(node, ast.Call)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not is_untouched:
                yield from _parts(child)


@singledispatch
def _faults(node: ast.AST) -> Iterable[ast.AST]:
    """What a node may be replaced by: nothing, for most."""
    del node
    return ()


@_faults.register
def _(node: ast.Constant) -> Iterable[ast.AST]:
    return [ast.Constant(value) for value in _others(node.value)]


@_faults.register
def _(node: ast.BoolOp) -> Iterable[ast.AST]:
    return [_with(node, op=_SWAPPED[type(node.op)][0]()), *node.values]


@_faults.register
def _(node: ast.Compare) -> Iterable[ast.AST]:
    if len(node.ops) > 1:
        return ()
    return [_with(node, ops=[swapped()]) for swapped in _SWAPPED.get(type(node.ops[0]), ())]


@_faults.register
def _(node: ast.BinOp) -> Iterable[ast.AST]:
    return [_with(node, op=swapped()) for swapped in _SWAPPED.get(type(node.op), ())]


@_faults.register
def _(node: ast.UnaryOp) -> Iterable[ast.AST]:
    return [node.operand] if isinstance(node.op, ast.Not) else ()


@_faults.register
def _(node: ast.Name) -> Iterable[ast.AST]:
    return [_with(node, id=_TWINS[node.id])] if node.id in _TWINS else ()


@_faults.register
def _(node: ast.Return) -> Iterable[ast.AST]:
    is_plain = node.value is None or ast.unparse(node.value) in ("None", "True", "False")
    return () if is_plain else [ast.Return(ast.Constant(None))]


@_faults.register(ast.If)
@_faults.register(ast.While)
def _(node: ast.If | ast.While) -> Iterable[ast.AST]:
    if not isinstance(node.test, ast.Name | ast.Attribute | ast.Call):
        return ()
    return [_with(node, test=ast.UnaryOp(ast.Not(), node.test))]


@_faults.register(ast.AugAssign)
@_faults.register(ast.Delete)
@_faults.register(ast.Continue)
@_faults.register(ast.Break)
@_faults.register(ast.Raise)
def _(node: ast.stmt) -> Iterable[ast.AST]:
    del node
    return [ast.Pass()]


@_faults.register
def _(node: ast.Expr) -> Iterable[ast.AST]:
    return () if isinstance(node.value, ast.Constant) else [ast.Pass()]


@_faults.register
def _(node: ast.Assign) -> Iterable[ast.AST]:
    """Without a variable nothing would run; an attribute or an item may be missed by nobody."""
    has_names = any(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
    return () if has_names else [ast.Pass()]


def _others(value: object) -> Iterable[_Plain]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value + 1,)
    if isinstance(value, str) and value and " " not in value:
        return ("",)
    return ()


def _with(node: ast.AST, **changed: object) -> ast.AST:
    new = copy.copy(node)
    for name, value in changed.items():
        setattr(new, name, value)
    return new


def _line(node: ast.AST, top: ast.stmt) -> int:
    return int(getattr(node, "lineno", top.lineno))


def _said(old: ast.AST, new: ast.AST) -> str:
    """The change in one line: of statements with a body their heads."""
    before, after = (ast.unparse(node).strip().split("\n")[0] for node in (old, new))
    return f"{before}  ->  {after}"
