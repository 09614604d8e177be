"""Endusers, which Planhat's interface calls contacts (API reference, "Enduser")."""

from typing import Final

from schemas.models.model import Model, Required
from schemas.planhat import Resource
from schemas.target import Kind, Targets, of

ENDUSERS: Final = Model(
    resource=Resource.ENDUSERS,
    singular="enduser",
    word="contact",
    logged_as="user",
    profile="user",
    keys=("_id", "sourceId", "externalId", "email"),
    parent=Resource.COMPANIES,
    link="companyId",
    required=(Required(("email", "externalId")),),
    fields=Targets(
        of(Kind.KEY, "externalId sourceId email")
        | of(Kind.TEXT, "name firstName lastName position phone companyName")
        | of(Kind.ARRAY, "tags otherEmails")
        | of(Kind.DATE, "createDate lastActive")
        | of(Kind.BOOLEAN, "featured primary archived npsUnsubscribed")
        | of(Kind.LINK, "companyId"),
        {"Full name": "name", "Date created": "createDate"},
    ),
    page=2_000,
    settings="contact",
    of_people=True,
)
