"""The line of the outcomes topic that tells what became of a message. Data only."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.outcome.moment import Millis


class Skip(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Something of a message that was not sent, on purpose."""

    resource: str
    reason: str


class Change(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What became of one object that was meant for Planhat."""

    resource: Annotated[str, Meta(description="companies, endusers, licenses or activities.")]
    ending: Annotated[str, Meta(description="delivered or rejected.")]
    key: Annotated[
        str, Meta(description="The Hull id it is about. Left out: that of the message.")
    ] = ""
    reason: Annotated[str, Meta(description="Why it was rejected.")] = ""
    change: Annotated[
        str, Meta(description="created, updated, unchanged or unattributed, as far as known.")
    ] = ""
    planhat_id: Annotated[str, Meta(description="Planhat's id, as far as its answer told.")] = ""
    replaced: Annotated[str, Meta(description="An id of Planhat that did not hold.")] = ""
    sent_at: Annotated[Millis, Meta(description="When its last request began; 0: none was.")] = 0
    answered_at: Annotated[Millis, Meta(description="When that was answered.")] = 0
    status: Annotated[int, Meta(description="Of that answer by HTTP; 0: none came.")] = 0
    answer: Annotated[
        str, Meta(description="What Planhat said of the request, unless it took all of it.")
    ] = ""
    payload: Annotated[
        msgspec.Raw | msgspec.UnsetType,
        Meta(
            description="The object as it was sent, masked. Always there if it was rejected, else"
            " while not too many end at once."
        ),
    ] = msgspec.UNSET


class Outcome(
    msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="kind", tag="outcome"
):
    """The end of a message. Told twice, it has the same topic, partition, offset and position."""

    at: Annotated[Millis, Meta(description="When it was final.")]
    hull_id: str
    ending: Annotated[str, Meta(description="delivered, skipped or rejected.")]
    topic: str
    partition: int
    offset: int
    position: Annotated[
        int | None, Meta(description="In its envelope, from 0; left out: the record is it.")
    ] = None
    reason: Annotated[str, Meta(description="Why it was skipped or rejected.")] = ""
    external_id: str = ""
    email: Annotated[str, Meta(description="Masked, unless LOG_PII is on.")] = ""
    email_digest: Annotated[
        str, Meta(description="Keyed, the same for the same address in any case of letters.")
    ] = ""
    channel: str = ""
    life: Annotated[
        str, Meta(description="What became of its contact beside its fields: archived and so on.")
    ] = ""
    merged: Annotated[
        tuple[str, ...], Meta(description="Hull ids of the users that Hull merged into this one.")
    ] = ()
    appended_at: Annotated[Millis, Meta(description="The timestamp of the record.")] = 0
    read_at: Annotated[Millis, Meta(description="When it was taken up.")] = 0
    skips: tuple[Skip, ...] = ()
    changes: tuple[Change, ...] = ()
