"""Small faults in a module: each a mutant, which some test should notice.

What no test can or should notice is no mutant: log words, `__repr__`, texts for people, defaults
and scalar constants of a module (how long and how much are choices), and what is for types only.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_SWAPS: Final = """Lt LtE GtE, LtE Lt Gt, Gt GtE LtE, GtE Gt Lt, Eq NotEq, NotEq Eq, Is IsNot,
IsNot Is, In NotIn, NotIn In, Add Sub, Sub Add, Mult Div, Div Mult, FloorDiv Mult, Mod Mult,
BitAnd BitOr, BitOr BitAnd, RShift LShift, And Or, Or And"""
_SWAPPED: Final = {name: others for name, *others in map(str.split, _SWAPS.split(","))}
_TWINS: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_FOR_PEOPLE: Final = ("_log.", "assert_never(")
_UNTOUCHED: Final = {"annotation", "args", "returns", "decorator_list", "format_spec"}
_REMOVED: Final = (ast.AugAssign, ast.Delete, ast.Continue, ast.Break, ast.Raise, ast.Expr)


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
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "__repr__":
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _tops(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            yield "", node


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What may be changed of a function or a table."""
    if isinstance(node, ast.Expr | ast.Call) and ast.unparse(node).startswith(_FOR_PEOPLE):
        return
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    yield node
    for name, value in ast.iter_fields(node):
        is_untouched = name in _UNTOUCHED and not isinstance(node, ast.Call)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not is_untouched:
                yield from _parts(child)


def _faults(node: ast.AST) -> Iterator[ast.AST]:
    """What a node may be replaced by."""
    return _of_statement(node) if isinstance(node, ast.stmt) else _of_expression(node)


def _of_expression(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=bool() | int() | float() as value):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1)
        case ast.Constant(value=str() as value) if value and " " not in value:
            yield ast.Constant("")
        case ast.BoolOp(op=op, values=values):
            yield from [_with(node, op=_swapped(op)[0]), *values]
        case ast.Compare(ops=[op]):
            yield from (_with(node, ops=[other]) for other in _swapped(op))
        case ast.BinOp(op=op):
            yield from (_with(node, op=other) for other in _swapped(op))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.Name(id=name) if name in _TWINS:
            yield _with(node, id=_TWINS[name])


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.Return(value=ast.expr() as found) if not isinstance(found, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.If(test=test) | ast.While(test=test):
            if isinstance(test, ast.Name | ast.Attribute | ast.Call):
                yield _with(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case _:
            yield from [ast.Pass()] if isinstance(node, _REMOVED) else ()


def _swapped(operator: ast.AST) -> list[ast.AST]:
    return [getattr(ast, name)() for name in _SWAPPED.get(type(operator).__name__, ())]


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
