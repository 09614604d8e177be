"""Finds contacts, asks, deletes them, sees that they are gone, and tells what is left elsewhere."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import typer

from consumer.cli.forget.calls import Calls, Stopped, until
from consumer.cli.forget.deletion import Deletion
from consumer.cli.forget.receipt_file import STDOUT, opened
from consumer.cli.forget.search import Search
from consumer.cli.forget.topics import bury, keys_of, traces_of
from consumer.cli.read import read_settings
from consumer.cli.terminal import FAILED, WRONG_USE, guarded, say, stop_on_signals, tell
from consumer.decide.rules import Rules
from consumer.errors import KafkaError
from consumer.forget.fits import Fits, chosen, refused
from consumer.forget.names import Name
from consumer.forget.receipt import NoReceipt
from consumer.forget.traces import Persons, of_contact, told
from consumer.version import version
from consumer.wording import plural
from planhat_client.client import Planhat
from planhat_client.errors import PlanhatError
from planhat_client.limiter import Limiter
from planhat_client.transport import Transport

if TYPE_CHECKING:
    from consumer.cli.forget.receipt_file import Receipt
    from consumer.settings import Settings
    from schemas.connector import ConnectorSettings
    from schemas.planhat import Enduser

_INTERRUPTED: Final = 130
_SHARE: Final = 0.25
"""Of the quota: the service goes on meanwhile."""


@dataclass(frozen=True, slots=True)
class ForgetOptions:
    """What was asked for. `hours`: how far back the messages of a Hull id are looked for."""

    names: Sequence[Name]
    receipt: str | None = None
    asked_by: str = ""
    reason: str = ""
    hours: float = 168.0
    takes_all: bool = False
    reads_all: bool = False
    tombstones: bool = False
    dry_run: bool = False
    yes: bool = False


def run_forget(options: ForgetOptions) -> int:
    """Forget them; return 0 if all went well, 1 if somebody is left, 2 for wrong use, or 130."""

    def forgotten() -> int:
        settings, connector = read_settings(os.environ)
        if not _has_kafka() and any(name.kind == "hull_id" for name in options.names):
            lacking = "Planhat knows no Hull ids, the topics do: set KAFKA_BOOTSTRAP_SERVERS"
            say([f"hull-planhat: {lacking}, or name an e-mail address or an external id"])
            return WRONG_USE
        try:
            with opened(options.receipt, reads_only=options.dry_run) as receipt:
                return asyncio.run(_Run(settings, connector, options, receipt).to_the_end())
        except NoReceipt as error:
            say([f"hull-planhat: --receipt: {options.receipt}: {error}"])
            return WRONG_USE
        except PlanhatError as error:
            say([f"hull-planhat: Planhat: {error}"])
            return FAILED

    return guarded(forgotten)


def _has_kafka() -> bool:
    return bool(os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "").strip())


class _Run:
    """One call of the command, step by step."""

    def __init__(
        self,
        settings: Settings,
        connector: ConnectorSettings,
        options: ForgetOptions,
        receipt: Receipt,
    ) -> None:
        self._settings = settings
        self._connector = connector
        self._options = options
        self._receipt = receipt
        self._persons = Persons(options.names, Rules.compile(connector))
        self._stop = asyncio.Event()
        self._failed = 0

    async def to_the_end(self) -> int:
        stop = self._stop = stop_on_signals()
        planhat = self._settings.planhat
        endpoints, token = planhat.endpoints(self._connector), planhat.token(self._connector)
        api = Planhat(Transport(planhat.request_timeout_seconds, 1), endpoints, token)
        limiter = Limiter(max(1.0, planhat.requests_per_minute * _SHARE), planhat.burst)
        try:
            is_done = await self._in_planhat(api, Calls(limiter, stop), endpoints.api_url)
            if is_done:
                await until(stop, self._elsewhere())
        except Stopped:
            self._receipt.note("interrupted")
            return _INTERRUPTED
        finally:
            await api.close()
        return FAILED if self._failed or not is_done else 0

    async def _in_planhat(self, api: Planhat, calls: Calls, url: str) -> bool:
        """Find and delete; False if that was not wanted after all."""
        # To a wrong host everybody is unknown, which must not look as if all were forgotten.
        await calls.ask(api.probe)
        fits = await self._found(Search(api.endusers, calls, reads_all=self._options.reads_all))
        left = refused(fits, takes_all=self._options.takes_all)
        wanted = chosen(fits, left)
        ids = list(dict.fromkeys([*(one.id for one in wanted), *self._receipt.past.unfinished]))
        self._persons.add(name for one in wanted for name in of_contact(one))
        self._tell_of(fits, left)
        self._failed += len(left)
        count = f"{len(ids)} {plural(len(ids), 'contact')}"
        if self._options.dry_run:
            self._tell(f"would delete {count} (dry run)")
            return True
        if (
            ids
            and not self._options.yes
            and not typer.confirm(f"Delete {count} in Planhat for good?", err=True)
        ):
            say(["hull-planhat: nothing was deleted"])
            return False
        self._begin(url, fits, left)
        deletion = Deletion(api.endusers, calls, self._receipt, self._tell)
        try:
            await deletion.run(ids)
        finally:
            gone, failed = len(deletion.gone), len(deletion.failed)
            self._failed += failed
            self._receipt.note("ended", gone=gone, failed=failed, left=len(left))
            self._tell(f"{gone} of {count} deleted, and seen to be gone")
        return True

    async def _found(self, search: Search) -> Fits:
        fits = Fits()
        meant = await self._meant()
        found = await search.find(dict.fromkeys(one for some in meant.values() for one in some))
        for name, names in meant.items():
            for one in names:
                fits.add(name, found[one])
        for name, why in search.refused.items():
            self._failed += 1
            self._tell(f"{name}: Planhat does not look it up: {why}")
        return fits

    async def _meant(self) -> dict[Name, list[Name]]:
        """For each name those by which Planhat can be asked."""
        asks_hull = [name for name in self._options.names if name.kind == "hull_id"]
        known: dict[str, list[Name]] = {}
        if asks_hull:
            hours = self._options.hours
            look = keys_of(self._settings.kafka, self._persons, hours * 3600)
            known = await until(self._stop, look)
        for name in asks_hull:
            if not known.get(name.value):
                self._failed += 1
                self._tell(
                    f"{name}: neither a message of the last {self._options.hours:g} h nor a result"
                    " tells its contact; give more --hours, or name an e-mail address"
                )
        return {
            name: known.get(name.value, []) if name.kind == "hull_id" else [name]
            for name in self._options.names
        }

    def _tell_of(self, fits: Fits, left: dict[Name, list[str]]) -> None:
        for name, ids in fits.by_name.items():
            if not ids:
                at = self._receipt.past.forgotten(self._receipt.digest(name))
                self._tell(f"{name}: no contact" + (f", it was forgotten at {at}" if at else ""))
                continue
            self._tell(f"{name}:")
            for one in ids:
                self._tell(f"  {_shown(fits.contacts[one])}")
            if name in left:
                self._tell(
                    f"  left: it fits {len(ids)} contacts; --all takes all, --planhat-id one"
                )
        for one in self._receipt.past.unfinished:
            if one not in fits.contacts:
                self._tell(f"{one}: an earlier run of this receipt did not end with it")

    def _begin(self, url: str, fits: Fits, left: dict[Name, list[str]]) -> None:
        self._receipt.begin(
            by=f"hull-planhat {version()}",
            planhat=url,
            asked_by=self._options.asked_by or None,
            reason=self._options.reason or None,
        )
        for name, ids in fits.by_name.items():
            event = "refused" if name in left else "named"
            digest = self._receipt.digest(name)
            self._receipt.note(event, kind=name.kind, digest=digest, contacts=ids)

    async def _elsewhere(self) -> None:
        """Tell what is left of them in our topics."""
        if not _has_kafka():
            self._tell("Kafka: KAFKA_BOOTSTRAP_SERVERS is not set, no topic was looked through")
            return
        kafka = self._settings.kafka
        try:
            traces = await traces_of(kafka, self._persons)
            if self._options.tombstones and not self._options.dry_run:
                for hull_id, number, offset in await bury(kafka, traces):
                    digest = self._receipt.digest(Name("hull_id", hull_id))
                    place = f"{kafka.results_topic} {number}:{offset}"
                    self._receipt.note("tombstone", digest=digest, at_offset=place)
        except KafkaError as error:
            self._failed += 1
            self._tell(f"Kafka: {error}; what is left in the topics is not known")
            return
        for line in told(traces, kafka):
            self._tell(line)

    def _tell(self, line: str) -> None:
        """For people; the lines of a receipt that is printed stay alone."""
        keeps = self._settings.log.pii
        if self._options.receipt == STDOUT:
            say([line], keeps_personal=keeps)
        else:
            tell(line, keeps_personal=keeps)


def _shown(row: Enduser) -> str:
    known = (("external id", row.external_id), ("e-mail", row.email), ("company", row.company_id))
    keys = "  ".join(f"{what} {value}" for what, value in known if value)
    return f"{row.id}  {keys}{'  archived' if row.archived else ''}".rstrip()
