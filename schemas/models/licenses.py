"""Licences (API reference, "License")."""

from typing import Final

from schemas.models.model import Model, Required
from schemas.planhat import Resource
from schemas.target import Kind, Targets, of

LICENSES: Final = Model(
    resource=Resource.LICENSES,
    singular="license",
    word="licence",
    logged_as="license",
    keys=("_id", "sourceId", "externalId"),
    parent=Resource.COMPANIES,
    link="companyId",
    required=(
        Required(("externalId",)),
        Required(("_currency",)),
        Required(("fromDate",)),
        Required(("mrr",), where=("fixedPeriod", False)),
        Required(("value", "mrr"), where=("fixedPeriod", True)),
    ),
    fields=Targets(
        of(Kind.KEY, "externalId sourceId")
        | of(Kind.TEXT, "product _currency renewalStatus renewalUnit noticeUnit")
        | of(Kind.DATE, "fromDate toDate")
        | of(Kind.BOOLEAN, "fixedPeriod autoRenews")
        | of(Kind.NUMBER, "mrr value renewalPeriod noticePeriod")
        | of(Kind.LINK, "companyId"),
        {},
    ),
    page=2_000,
    settings="account_licenses",
)
