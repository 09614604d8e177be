"""The command line: one file a command."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from consumer.cli.app import app
from schemas.shown import cleaned

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED: Final = 1
WRONG_USE: Final = 2
_INTERRUPTED: Final = 130

# The base of all that can be wrong with a command line. Typer brings its own copy of click, or
# click itself, as its version has it.
_WrongUse: Final[type[Exception]] = typer.BadParameter.__mro__[2]


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
    except _WrongUse as error:
        return _say(f"hull-planhat: {_text(error)}; see hull-planhat --help", WRONG_USE)
    except (typer.Abort, KeyboardInterrupt):
        code = _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say.
        _close_output()
        return FAILED
    except OSError as error:
        _close_output()
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"hull-planhat: {place}{error.strerror or error}", FAILED)
    # As shells have it. Some versions of Typer give the number, others raise.
    return _say("hull-planhat: interrupted", code) if code == _INTERRUPTED else code


def _called(arguments: Sequence[str] | None) -> int:
    try:
        code = app(arguments, prog_name="hull-planhat", standalone_mode=False)
    except SystemExit as done:
        code = done.code
    return code if isinstance(code, int) else 0


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


def _text(error: Exception) -> str:
    text: object = getattr(error, "format_message", error.__str__)()
    return cleaned(" ".join(str(text).replace("Value error, ", "").split()).rstrip("."))


def _say(line: str, code: int) -> int:
    from consumer.cli.terminal import say  # noqa: PLC0415 - only what goes wrong needs it

    say([line], keeps_personal=True)
    return code
