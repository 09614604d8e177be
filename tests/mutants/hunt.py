"""Which mutants survive the tests: a plug-in of pytest that runs them once for each mutant.

All is imported and collected once. Each mutant lives in a child of this process, in which the
functions that have the fault get its code; only the tests that called them run, the quickest first.
"""

from __future__ import annotations
import __future__

import gc
import os
import resource
import sys
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Literal, NoReturn, TypeAlias

import hypothesis
import pytest

from tests.mutants.mutate import Mutant, mutated

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

ROOT = Path(__file__).parents[2]
_LEAST_CPU_SECONDS = 10
_CPU_FACTOR = 5
_MOST_BYTES = 4 << 30

Fate: TypeAlias = Literal["killed", "survived", "not reached"]


@dataclass(slots=True)
class Hunt:
    """`fates` has the outcome; it stays empty if the tests fail without any mutant.

    Tests that take more than `longest` seconds of CPU time while they are watched take part in
    nothing else: each mutant that survives the others would wait for them.
    """

    prey: Sequence[Mutant]
    workers: int
    longest: float
    fates: dict[Mutant, Fate] = field(default_factory=dict)
    _reach: dict[tuple[str, str], set[pytest.Item]] = field(
        default_factory=lambda: defaultdict(set)
    )
    _seconds: dict[pytest.Item, float] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """The same examples each time, and no time spent on making them small."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile(
            "mutants",
            max_examples=20,
            deadline=None,
            derandomize=True,
            database=None,
            phases=phases,
        )
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run each test as it is, then what each mutant may break."""
        for item in session.items:
            self._watch(item)
        if not session.testsfailed:
            self._hunt(session)
        return True

    def _watch(self, item: pytest.Item) -> None:
        """Run a test, and note which functions it calls and how long it takes."""
        files = {str(ROOT / mutant.path): mutant.path for mutant in self.prey}
        called: set[CodeType] = set()

        def note(frame: FrameType, *_: object) -> None:
            if frame.f_code.co_filename in files:
                called.add(frame.f_code)

        began = time.process_time()
        sys.settrace(note)
        _run(item, None)
        sys.settrace(None)
        self._seconds[item] = time.process_time() - began
        if self._seconds[item] > self.longest:
            return
        for code in called:
            self._reach[files[code.co_filename], code.co_qualname].add(item)
            self._reach[files[code.co_filename], ""].add(item)

    def _hunt(self, session: pytest.Session) -> None:
        waiting = deque(self.prey)
        running: dict[int, Mutant] = {}
        while waiting or running:
            while waiting and len(running) < self.workers:
                mutant = waiting.popleft()
                items = self._reach.get((mutant.path, mutant.function))
                if not items:
                    self.fates[mutant] = "not reached"
                elif child := os.fork():
                    running[child] = mutant
                else:
                    self._live(mutant, sorted(items, key=self._seconds.__getitem__), session)
            if running:
                child, status = os.wait()
                mutant = running.pop(child)
                self.fates[mutant] = "killed" if status else "survived"
                if not status:
                    sys.stderr.write(f"survived: {mutant}\n")

    def _live(self, mutant: Mutant, items: list[pytest.Item], session: pytest.Session) -> NoReturn:
        """End with 0 only if all tests pass."""
        status = 1
        try:
            session.config.pluginmanager.unregister(name="terminalreporter")
            most = _LEAST_CPU_SECONDS + _CPU_FACTOR * sum(self._seconds[item] for item in items)
            resource.setrlimit(resource.RLIMIT_CPU, (int(most), int(most) + 1))
            resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
            plant(mutant)
            for item, following in zip_longest(items, items[1:]):
                _run(item, following)
                if session.testsfailed:
                    break
            else:
                status = 0
        finally:
            os._exit(status)


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def plant(mutant: Mutant) -> None:
    """Let what this process has read of a module have the fault."""
    file = str(ROOT / mutant.path)
    tree = mutated(mutant, Path(file).read_text("utf-8"))
    if not mutant.function:
        tree.body = [one for one in tree.body if one.lineno <= mutant.line <= (one.end_lineno or 0)]
        code = compile(tree, file, "exec", __future__.annotations.compiler_flag)
        module = next(one for one in sys.modules.values() if getattr(one, "__file__", "") == file)
        exec(code, module.__dict__)  # noqa: S102  # a table of its own
        return
    codes = {
        (one.co_qualname, one.co_firstlineno): one for one in _codes(compile(tree, file, "exec"))
    }
    for found in gc.get_objects():
        if isinstance(found, FunctionType) and found.__code__.co_filename == file:
            old = found.__code__
            if old.co_qualname == mutant.function:
                found.__code__ = codes[old.co_qualname, old.co_firstlineno]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
