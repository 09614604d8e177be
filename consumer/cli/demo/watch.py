"""Shows how the demo gets on, until everything is committed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from rich.progress import BarColumn, Progress, TaskID, TextColumn

from consumer.cli.demo.stage import GROUP, TOPIC

if TYPE_CHECKING:
    from rich.console import Console

    from consumer.app import Service
    from consumer.cli.demo.kafka import EmbeddedKafka

_LOOK_SECONDS: Final = 0.2


def progress(console: Console) -> Progress:
    """Give the display."""
    return Progress(
        TextColumn("{task.description:<9}"),
        BarColumn(bar_width=16),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TextColumn("{task.fields[told]}"),
        console=console,
    )


class Watch:
    """Moves two bars: messages that are final, and offsets that are committed."""

    def __init__(
        self, display: Progress, kafka: EmbeddedKafka, service: Service, messages: int
    ) -> None:
        """Nothing is committed yet; there are `messages` to come."""
        self._display = display
        self._kafka = kafka
        self._service = service
        self._ends = kafka.ends(TOPIC)
        self._handled = self._bar("handled", messages)
        self._committed = self._bar("committed", sum(self._ends.values()))

    async def until_committed(self, running: asyncio.Task[None]) -> bool:
        """Wait for the last commit; False if the service ended by itself before."""
        while not running.done():
            committed = await asyncio.to_thread(self._kafka.committed, TOPIC, GROUP)
            self._show(committed)
            if committed == self._ends:
                return True
            await asyncio.sleep(_LOOK_SECONDS)
        return False

    def _bar(self, name: str, total: int) -> TaskID:
        return self._display.add_task(name, total=total, told="")

    def _show(self, committed: dict[int, int]) -> None:
        tally, dispatch = self._service.tally, self._service.engine.dispatch
        told = f"{tally.requests.total()} requests, {dispatch.waiting:,} changes waiting"
        self._display.update(self._handled, completed=tally.messages.total(), told=told)
        done = sum(max(0, offset) for offset in committed.values())
        self._display.update(self._committed, completed=done)
