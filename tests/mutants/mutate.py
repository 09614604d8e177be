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

_OPERATORS: Final[dict[type[ast.AST], tuple[type[ast.AST], ...]]] = {
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
    old = list(ast.walk(tree))[node]
    new = list(_faults(old))[number]
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
        elif isinstance(node, ast.Assign | ast.AnnAssign) and not prefix:
            if isinstance(node.value, ast.Dict):
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


def _faults(node: ast.AST) -> Iterator[ast.AST]:
    """What a node may be replaced by."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
    elif isinstance(node, ast.Constant):
        yield from (ast.Constant(value) for value in _of_constant(node.value))
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=_OPERATORS[type(node.op)][0]())
        yield from node.values
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for swapped in _OPERATORS.get(type(node.ops[0]), ()):
            yield _with(node, ops=[swapped()])
    elif isinstance(node, ast.BinOp):
        for swapped in _OPERATORS.get(type(node.op), ()):
            yield _with(node, op=swapped())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Name) and node.id in _TWINS:
        yield _with(node, id=_TWINS[node.id])


def _of_statement(node: ast.stmt) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return):
        if node.value is not None and ast.unparse(node.value) not in ("None", "True", "False"):
            yield ast.Return(ast.Constant(None))
    elif isinstance(node, ast.If | ast.While) and isinstance(
        node.test, ast.Name | ast.Attribute | ast.Call
    ):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif _may_go(node):
        yield ast.Pass()


def _may_go(node: ast.stmt) -> bool:
    """Tell whether what follows would still run without a statement, or nearly so."""
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return not any(isinstance(target, ast.Name | ast.Tuple) for target in node.targets)
    return isinstance(node, ast.AugAssign | ast.Delete | ast.Continue | ast.Break | ast.Raise)


def _of_constant(value: object) -> tuple[object, ...]:
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
