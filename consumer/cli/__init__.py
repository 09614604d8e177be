"""The command line: one file a command."""

from __future__ import annotations

import gc
import io
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# ruff: noqa: PLC0415 - what is not needed is not imported: help comes at once, the service is small

_FAILED: Final = 1
_INTERRUPTED: Final = 130
"""As shells have it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 failed, 2 wrong use.

    What a user can cause ends in clear lines on stderr, never in a traceback. Without a command
    the help is shown, and that is wrong use: a container that is started so must not look done.
    """
    _prepare_streams()
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = _called(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say.
        _close_output()
        return _FAILED
    except OSError as error:
        _close_output()
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"hull-planhat: {place}{error.strerror or error}", _FAILED)
    return _say("hull-planhat: interrupted", code) if code == _INTERRUPTED else code


def _called(arguments: Sequence[str] | None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given != ["run"]:
        from consumer.cli.app import call

        return call(given)
    # What runs for months needs no parser of options, and draws no tables on terminals.
    gc.disable()  # nothing that is imported is garbage: a tenth of the time goes into looking
    with _without("rich"):  # structlog imports it wherever it is installed
        import structlog.dev  # noqa: F401
    from consumer.cli.run import run_service

    gc.enable()
    return run_service()


@contextmanager
def _without(library: str) -> Iterator[None]:
    """Let nobody import it: None among the modules is Python's own sign for that."""
    sys.modules[library] = None  # type: ignore[assignment]
    yield
    del sys.modules[library]


def _prepare_streams() -> None:
    """Let nothing fail for letters that the terminal has not, nor for a stdin that is closed."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - as long as we live


def _close_output() -> None:
    """Write what is left; what nobody takes must not fail once more when Python exits."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(line: str, code: int) -> int:
    from consumer.cli.terminal import say

    say([line], keeps_personal=True)
    return code
