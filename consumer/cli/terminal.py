"""What the commands share: one door to the terminal, signals that end them, their pace."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, Final

from consumer.errors import KafkaError
from consumer.log import cleaner
from consumer.log.printable import printable, printable_json
from consumer.watch.personal import Shown
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from consumer.decide.rules import Rules

FAILED: Final = 1
WRONG_USE: Final = 2
"""Exit codes, beside 0 for done."""

_LONGEST: Final = 64 << 20
"""More than any record of Kafka holds: a letter is shown whole."""


def shown(*, keeps_personal: bool, rules: Rules | None = None) -> Shown:
    """Give what makes values fit to be shown by a command; `keeps_personal` is LOG_PII or --pii."""
    return Shown(clean(keeps_personal=keeps_personal), keeps_personal=keeps_personal, rules=rules)


def clean(*, keeps_personal: bool) -> Callable[[str], str]:
    """Give what takes secrets out of a text, and addresses unless they are kept."""
    return cleaner(keeps_emails=keeps_personal, longest=_LONGEST).text


def say(lines: Iterable[str], *, keeps_personal: bool = False) -> None:
    """Tell the user what is wrong, on stderr; what the user typed is kept."""
    fit = clean(keeps_personal=keeps_personal)
    for line in lines:
        print(printable(fit(line)), file=sys.stderr, flush=True)  # noqa: T201 - the command line


def tell(text: str, *, keeps_personal: bool = False) -> None:
    """Print lines for people."""
    fit = clean(keeps_personal=keeps_personal)
    for line in text.split("\n"):
        print(printable(fit(line)))  # noqa: T201 - this is the command line


def tell_json(clean_document: Any, indent: int | None = None) -> None:  # noqa: ANN401 - any JSON
    """Print a document, whose values are clean."""
    text = json.dumps(clean_document, ensure_ascii=False, indent=indent)
    print(printable_json(text))  # noqa: T201 - this is the command line


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGTERM and SIGINT set; a second signal ends the process at once."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        if stop.is_set():
            # By the convention of shells; no clean-up, that is what the second signal asks for.
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
    return stop


def guarded(act: Callable[[], int]) -> int:
    """Run a command and return its exit code; what a user can cause is a line each."""
    quiet()
    try:
        return act()
    except InvalidSettings as error:
        say(error.lines, keeps_personal=True)
        return WRONG_USE
    except KafkaError as error:
        say([f"hull-planhat: {error}"])
        return FAILED


def quiet() -> None:
    """Let libraries log nothing: a command tells in one line of its own what went wrong."""
    logging.getLogger().addHandler(logging.NullHandler())
    logging.raiseExceptions = False


class Pace:
    """A rate cap. `await pace.next()` before each; 0 is no cap."""

    def __init__(self, per_second: float) -> None:
        self._seconds = 1.0 / per_second if per_second > 0 else 0.0
        self._due: float | None = None

    async def next(self) -> None:
        """Wait for one's turn. What was missed in a pause is not made up for."""
        now = asyncio.get_running_loop().time()
        due = now if self._due is None else max(self._due, now - 1.0)
        self._due = due + self._seconds
        # Short waits cost more than they pace: several turns share one.
        if due - now > 0.01:  # noqa: PLR2004 - see above
            await asyncio.sleep(due - now)
