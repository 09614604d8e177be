"""The command line: one file a command."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

import typer

from consumer.cli.app import app

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

    What a user can cause ends in clear lines on stderr, never in a traceback.
    """
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = app(arguments, prog_name="hull-planhat", standalone_mode=False)
    except _WrongUse as error:
        return _say(f"hull-planhat: {_text(error)}; see hull-planhat --help", WRONG_USE)
    except typer.Abort:
        return _INTERRUPTED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone: nothing is left to say, at the exit of Python too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code if isinstance(code, int) else 0


def _text(error: Exception) -> str:
    text: object = getattr(error, "format_message", error.__str__)()
    return " ".join(str(text).replace("Value error, ", "").split()).rstrip(".")


def _say(line: str, code: int) -> int:
    print(line, file=sys.stderr)  # noqa: T201 - this is the command line
    return code
