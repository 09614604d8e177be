"""A door to aiokafka: what the coordinator keeps for our group, and who is in it by our name."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import aiokafka
import structlog
from aiokafka import errors as foreign
from aiokafka.admin import AIOKafkaAdminClient

from consumer.errors import KafkaError
from consumer.kafka.connection import connection, door, started
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consumer.offsets.record import Positions
    from consumer.settings.kafka import KafkaSettings

_log = structlog.get_logger("consumer.kafka")

_LOOK_SECONDS: Final = 5.0
_LOOKS: Final = 2
_UUID_LENGTH: Final = 36


class Coordinator:
    """Asks by a client of its own, which is made when it is needed."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._admin: AIOKafkaAdminClient | None = None
        self.member_id = ""
        """The id by which the group took us in last."""

    async def committed(self, partitions: Sequence[Partition]) -> Positions:
        """What the group committed last, with the metadata; raises KafkaUnavailable."""
        wanted = [aiokafka.TopicPartition(*partition) for partition in partitions]
        try:
            with door():
                admin = await self._administrated()
                found = await admin.list_consumer_group_offsets(
                    self._settings.group_id, partitions=wanted
                )
        except BaseException:
            # It may hold on to a broker that is gone: the next try begins with a new one.
            await self.close()
            raise
        return {
            Partition(*partition): (at.offset, at.metadata or "")
            for partition, at in found.items()
            if at.offset >= 0
        }

    async def lost_name(self) -> str:
        """Our static name, if another process is in the group by it instead of us; else empty.

        aiokafka asks for no reason: whoever is no member any more joins again, and so would take
        the name back, and so would the other. What can't be told counts as no.
        """
        name = self._settings.group_instance_id
        if not name or not self.member_id:
            return ""
        # One answer that gets lost must not decide who of the two goes on.
        for _ in range(_LOOKS):
            try:
                with door():
                    async with asyncio.timeout(_LOOK_SECONDS):
                        members = await self._members()
            except KafkaError as error:
                _log.warning("kafka.unavailable", reason=str(error))
                await self.close()
            else:
                return name if has_namesake(members, name, self.member_id) else ""
        return ""

    async def close(self) -> None:
        """Let go of the connection."""
        admin, self._admin = self._admin, None
        if admin is not None:
            await admin.close()

    async def _members(self) -> list[str]:
        admin = await self._administrated()
        found = await admin.describe_consumer_groups([self._settings.group_id])
        groups = [group for answer in found for group in answer.groups]
        for group in groups:
            if group[0]:  # no members are named then, which must not count as none
                raise foreign.for_code(group[0])
        return [member[0] for group in groups for member in group[5]]

    async def _administrated(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            admin = AIOKafkaAdminClient(**connection(self._settings), client_id="hull-planhat")
            await started(admin, self._settings)
            self._admin = admin
        return self._admin


def has_namesake(members: Iterable[str], name: str, own: str) -> bool:
    """Whether one of the member ids is of another process with the static name `name`.

    `own` is the member id that we had. Kafka makes the id of a static member of its name, a dash
    and a UUID, and gives a new one to whoever joins by that name: the one before is no member then.
    """
    return any(one != own and one[:-_UUID_LENGTH] == f"{name}-" for one in members)
