"""What can go wrong between us and Kafka, named for what to do next.

* KafkaError
  x KafkaUnavailable    try again later: no broker, no leader, a time-out, a missing topic
  x CommitRefused       leave it: the partitions belong to somebody else by now
  x KafkaRefused        stop: wrong credentials or no rights; a person must act
"""


class KafkaError(Exception):
    """Anything between us and Kafka; the text is fit for a log."""


class KafkaUnavailable(KafkaError):
    """Not now; the same may work later."""


class CommitRefused(KafkaError):
    """The group moved on: what was to be committed is read again by its new owner."""


class KafkaRefused(KafkaError):
    """Kafka understood and said no."""
