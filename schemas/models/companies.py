"""Companies (API reference, "Company")."""

from typing import Final

from schemas.models.model import Model, Required
from schemas.planhat import Resource
from schemas.target import Kind, Targets, of

COMPANIES: Final = Model(
    resource=Resource.COMPANIES,
    singular="company",
    word="company",
    logged_as="account",
    profile="account",
    keys=("_id", "sourceId", "externalId"),
    required=(Required(("name",)),),
    fields=Targets(
        of(Kind.KEY, "externalId sourceId")
        | of(Kind.NAME, "owner coOwner")
        | of(Kind.TEXT, "name slug phase status description")
        | of(Kind.TEXT, "address country city zip phonePrimary web")
        | of(Kind.ARRAY, "tags domains followers collaborators")
        | of(Kind.NUMBER, "csmScore"),
        {"Company name": "name"},
    ),
    page=5_000,
    settings="account",
)
