"""The reasons for not sending, word for word as logs, metrics and the console have them. Pure."""

from typing import Final

CONTACT_FILTER: Final = "User doesn't belong to any of the segments defined in the Contact Filter."
NO_IDENTITY: Final = "Neither email nor external id present."
NOTHING_CHANGED: Final = "No mapped attribute changed."
COMPANY_NOT_DELIVERED: Final = "Its company could not be delivered."
COMPANY_GONE: Final = "Its company is not in Planhat (any more):"
NO_COMPANY_ID: Final = "No company id present."
UNLINKED: Final = "Its account was unlinked in Hull."
SURVIVOR_NOT_SENT: Final = "The user that it was merged into was not delivered."
TRACKING_FILTER: Final = "Event not in the Tracking Filter."
EVENT_REPEATED: Final = "Event repeated in the same message."
EVENT_NAMELESS: Final = "Event without a name that can be read."
EVENT_SENT: Final = "Event sent before."

EXTERNAL_ID_REQUIRED: Final = (
    "The account in Hull has no external_id, but it is marked as required."
)
ACCOUNT_FILTER: Final = (
    "Account doesn't belong to any of the segments defined in the Account Filter."
)
NO_COMPANY_NAME: Final = "No company name present."
INVALID_OWNER: Final = "Invalid Owner ID."
INVALID_CO_OWNER: Final = "Invalid Co-Owner ID."

UNSUPPORTED_CHANNEL: Final = "unsupported channel"
STALE_REPLAY: Final = "stale replay"
NOT_REPLAYED: Final = "another message of the record is replayed"
TOMBSTONE: Final = "tombstone"
EMPTY_ENVELOPE: Final = "empty envelope"
TOO_MANY_MESSAGES: Final = "more than 10,000 messages in one record"
TOO_MANY_EVENTS: Final = "more than 10,000 events in one record"
TOO_MANY_ITEMS: Final = "too many segments or events for the size of the record"

BARE_ROW: Final = (
    "a row of an extract that does not say whose it is: name the channel in a header of the record"
)

NOT_A_KEY: Final = "neither text nor number"
NOT_A_TEXT: Final = "a list, where a text belongs"
NOT_A_LIST: Final = "no list of texts"
NOT_A_DATE: Final = "no date that can be read"
NOT_A_BOOLEAN: Final = "neither true nor false"
NOT_A_NUMBER: Final = "no number that can be written"
NOT_OFFERED: Final = "no value that the list offers"
SEGMENT_WITHOUT_NAME: Final = "a segment without a name that is known"
NOT_A_MEMBER: Final = "nobody of Planhat's users"
UNREADABLE: Final = "of a wrong type"
"""Why a part of a message is left out, and the rest goes."""

NO_SUCH_FIELD: Final = "Planhat has no such field"
LOCKED_FIELD: Final = "the field is locked in Planhat"
FORMULA_FIELD: Final = "Planhat computes the field"
"""Why a row of a mapping is not sent, where the settings say so."""


def too_many(plural: str) -> str:
    """Why a list of an account is rejected as a whole."""
    return f"more than 10,000 {plural} in one list"


def no_list(plural: str) -> str:
    """Why an attribute that should be such a list is left out."""
    return f"no list of {plural}"
