"""The one door of the commands to the terminal: what leaves is clean, and commands no terminal."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from consumer.log import cleaner
from consumer.log.printable import printable, printable_json
from consumer.watch.personal import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from consumer.decide.rules import Rules

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
