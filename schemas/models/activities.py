"""Activities (API reference, "User activities"): they append, and go to a host of their own."""

from typing import Final

from schemas.models.model import Model
from schemas.planhat import Resource

ACTIVITIES: Final = Model(
    resource=Resource.ACTIVITIES,
    singular="activity",
    word="event",
    logged_as="user_event",
    parent=Resource.ENDUSERS,
    host="analytics",
    merges=False,
    of_people=True,
)
