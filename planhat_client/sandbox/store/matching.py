"""Which stored record an item means, and to which company it belongs. Pure.

Rules ("Bulk upsert" and the help pages on unique keys): the strongest key that is sent decides,
in the order _id, sourceId, externalId, email; a weaker one is not tried when a stronger one finds
nothing. An externalId counts within the company. An e-mail address is a key only while one record
has it. A company is named by `companyId` (an `_id`, extid-..., srcid-...), by `companyExternalId`,
or found by the domain of the e-mail address; an enduser without any is ignored in silence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from planhat_client.sandbox.models import COMPANIES, Item, Model, text
from schemas.dialect import UNKNOWN

if TYPE_CHECKING:
    from planhat_client.sandbox.store.records import Records
    from schemas.dialect import Dialect

_OBJECT_ID: Final = re.compile(r"[0-9a-f]{24}", re.ASCII)
_EXTERNAL: Final = "extid-"
_SOURCE: Final = "srcid-"

RecordKey: TypeAlias = "str | tuple[str, ...]"
"""What is held while a record is written: its `_id`, or the key it is about to be created by."""


@dataclass(slots=True)
class Target:
    """Where an item goes: a record, or a new one. `company_id` is None unless the item tells.

    `problem` is why it cannot be taken; `is_ignored` that Planhat drops it without a word.
    """

    record: Item | None
    token: RecordKey | None
    company_id: str | None = None
    problem: str | None = None
    is_ignored: bool = False


class Matcher:
    """Finds targets in the records of all models."""

    def __init__(self, records: dict[str, Records], dialect: Dialect) -> None:
        self._records = records
        self._dialect = dialect
        self._companies = records[COMPANIES.name]

    def target(self, model: Model, item: object) -> Target:
        """Say where an item of a bulk upsert goes."""
        if not isinstance(item, dict):
            return Target(None, None, problem="an item should be an object")
        if not isinstance(item.get("custom", {}), dict | None):
            return Target(None, None, problem="custom should be an object")
        record_id = text(item.get("_id"))
        if (
            self._dialect.unknown_id == "next_key"
            and record_id not in self._records[model.name].by_id
        ):
            item = {name: value for name, value in item.items() if name != "_id"}
        if model.owned:
            return self._owned(model, item)
        record, token = _by_strong_key(self._companies, item)
        if token is None and (external_id := text(item.get("externalId"))):
            record, token = _in_company(self._companies, "", external_id)
        return self._checked(model, item, Target(record, token))

    def addressed(self, model: Model, address: str) -> list[Item]:
        """Give the records that `/{model}/{address}` means; more than one is ambiguous."""
        records = self._records[model.name]
        if address.startswith(_EXTERNAL):
            return records.having("externalId", address.removeprefix(_EXTERNAL))
        if address.startswith(_SOURCE):
            address = records.by_source.get(address.removeprefix(_SOURCE), "")
        return [records.by_id[address]] if address in records.by_id else []

    def _company(self, item: Item) -> tuple[bool, str | None]:
        """Find the company that an item names; and whether it names one at all."""
        named = text(item.get("companyId"))
        if named is None and (external_id := text(item.get("companyExternalId"))):
            named = f"{_EXTERNAL}{external_id}"
        found = self.addressed(COMPANIES, named) if named else []
        return named is not None, str(found[0]["_id"]) if found else None

    def _owned(self, model: Model, item: Item) -> Target:
        is_named, company_id = self._company(item)
        if is_named and company_id is None:
            answer = self._dialect.unknown_company
            is_ignored = model.is_lost if answer == UNKNOWN else answer == "ignored"
            problem = None if is_ignored else "companyId not found"
            return Target(None, None, problem=problem, is_ignored=is_ignored)
        records = self._records[model.name]
        record, token = _by_strong_key(records, item)
        if token is None and (external_id := text(item.get("externalId"))):
            record, token = self._by_external_id(records, item, company_id, external_id)
        elif token is None and model.has_email and (email := text(item.get("email"))):
            record, token = _by_email(records, email, company_id)
        if record is None:
            company_id = company_id or self._by_domain(item)
        if record is None and company_id is None:
            if model.is_lost:
                return Target(None, None, is_ignored=True)
            return Target(None, None, problem="companyId is required")
        return self._checked(model, item, Target(record, token, company_id))

    def _by_external_id(
        self, records: Records, item: Item, company_id: str | None, external_id: str
    ) -> tuple[Item | None, RecordKey | None]:
        if company_id is None:
            found = records.having("externalId", external_id)
            if len(found) == 1:
                return found[0], str(found[0]["_id"])
            company_id = self._by_domain(item) or ""
        return _in_company(records, company_id, external_id)

    def _checked(self, model: Model, item: Item, target: Target) -> Target:
        record_id = item.get("_id")
        if target.record is None and record_id:
            if self._dialect.unknown_id == "ignored":
                target.is_ignored = True
            elif self._dialect.unknown_id == "refused":
                target.problem = "_id not found"
            elif not _OBJECT_ID.fullmatch(str(record_id)):
                target.problem = "_id is invalid"
        elif target.record is not None and model is COMPANIES and not item.get("name", True):
            target.problem = "name is required"
        return target

    def _by_domain(self, item: Item) -> str | None:
        email = text(item.get("email"))
        if email is None or "@" not in email:
            return None
        found = self._companies.having("domains", email.rpartition("@")[2])
        return str(found[0]["_id"]) if len(found) == 1 else None


def _by_strong_key(records: Records, item: Item) -> tuple[Item | None, RecordKey | None]:
    if (record_id := text(item.get("_id"))) is not None:
        return records.by_id.get(record_id), record_id
    if (source_id := text(item.get("sourceId"))) is not None:
        found = records.by_source.get(source_id)
        return (records.by_id[found], found) if found else (None, ("sourceId", source_id))
    return None, None


def _in_company(
    records: Records, company_id: str, external_id: str
) -> tuple[Item | None, RecordKey]:
    place = (company_id, external_id)
    found = records.by_place.get(place)
    return (records.by_id[found], found) if found else (None, place)


def _by_email(
    records: Records, email: str, company_id: str | None
) -> tuple[Item | None, RecordKey | None]:
    found = records.having("email", email)
    if len(found) > 1:
        found = [each for each in found if each.get("companyId") == company_id]
    if len(found) == 1:
        return found[0], str(found[0]["_id"])
    return None, ("email", company_id or "", email.lower())
