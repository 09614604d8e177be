"""What the commands in the foreground share: ended by signals, without logs of libraries."""

from __future__ import annotations

import asyncio
import logging
import os
import signal


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


def quiet() -> None:
    """Let libraries log nothing: a command tells in one line of its own what went wrong."""
    logging.getLogger().addHandler(logging.NullHandler())
    logging.raiseExceptions = False
