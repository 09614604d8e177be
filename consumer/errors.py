"""What can go wrong between us and Kafka, named for what to do next.

* KafkaError
  x KafkaUnavailable    try again later: no broker, no leader, a time-out, a missing topic
  x KafkaUnreadable     let one partition rest, and read the same again: it may be broken
  x KafkaTooLarge       write less of it: this record is larger than its topic takes
  x KafkaBlocked        hold, and try again: a right is missing, or the group is not ours alone
  x CommitRefused       leave it: the partitions belong to somebody else by now
  x KafkaRefused        stop: wrong credentials; a person must act
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumer.offsets.record import Partition


class KafkaError(Exception):
    """Anything between us and Kafka; the text is fit for a log."""


class KafkaUnavailable(KafkaError):
    """Not now; the same may work later."""


class KafkaUnreadable(KafkaUnavailable):
    """What a broker sent of one partition is broken; another copy of it may be well."""

    def __init__(self, text: str, partition: Partition) -> None:
        """`text` says what is broken, and where in `partition`."""
        super().__init__(text)
        self.partition = partition


class KafkaTooLarge(KafkaUnavailable):
    """The topic, or our own producer, does not take a record of this size."""


class KafkaBlocked(KafkaError):
    """Kafka knows us and does not let us do this; it works when a person has seen to it.

    `topics` are those that are refused, if that is all; `is_of_group`: the client is of no use any
    more, whatever happens.
    """

    def __init__(
        self, text: str, *, topics: frozenset[str] = frozenset(), is_of_group: bool = False
    ) -> None:
        """`text` says what is refused."""
        super().__init__(text)
        self.topics = topics
        self.is_of_group = is_of_group


class CommitRefused(KafkaError):
    """The group moved on: what was to be committed is read again by its new owner."""


class KafkaRefused(KafkaError):
    """Kafka understood and said no."""
