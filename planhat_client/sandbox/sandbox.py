"""The sandbox without its network: state, switches, quota and witness in one place."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from planhat_client.sandbox.activities import Sink
from planhat_client.sandbox.faults import Fault, Faults, Refusal
from planhat_client.sandbox.options import spoken
from planhat_client.sandbox.quota import Quota
from planhat_client.sandbox.store.fields import Fields
from planhat_client.sandbox.store.state import State
from planhat_client.sandbox.store.upserts import Upserts
from planhat_client.sandbox.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from planhat_client.sandbox.models import Item
    from planhat_client.sandbox.options import SandboxOptions, Shape


class Sandbox:
    """One Planhat tenant. What tests look at: `state`, `witness`, `quota`, `faults`, `refusals`."""

    def __init__(self, options: SandboxOptions, now: float = 0.0) -> None:
        """Begin empty, with the faults and users of the options; raises ValueError if bad."""
        self.options = options
        self.dialect = spoken(options)
        self.error_shape: Shape = options.error_shape or self.dialect.error_entry
        self.tokens = frozenset(options.tokens)
        self.faults = Faults()
        self.faults.add(map(Fault.from_json, options.faults), now)
        self.refusals = [Refusal.from_json(each) for each in options.refusals]
        self.random = Random(options.seed)
        self._begin()

    def reset(self) -> None:
        """Forget all records, counters and faults; tokens stay as they are."""
        self.faults.clear()
        self.refusals.clear()
        self.witness.close()
        self._begin()

    def seed_users(self, users: Iterable[Item]) -> None:
        """Replace Planhat's users; those without an `_id` are given one."""
        self.state.users = [{"_id": self.state.next_id()} | user for user in users]
        self.fields.user_ids = frozenset(str(user["_id"]) for user in self.state.users)

    def seed_fields(self, fields: Iterable[Item]) -> None:
        """Replace the tenant's custom fields, as `GET /customfields` tells them."""
        self.state.fields = [{"_id": self.state.next_id()} | field for field in fields]
        self.fields.learn(self.state.fields)

    def seed_records(self, records: Mapping[str, Iterable[Item]]) -> None:
        """Replace the records of some models; raises ValueError if there is no such model."""
        if unknown := records.keys() - self.state.records.keys():
            raise ValueError(f"records: no such model: {min(unknown)}")
        for name, rows in records.items():
            self.state.seed(name, rows)

    def report(self) -> dict[str, Any]:
        """Give counts and counters, as JSON."""
        quota, counters = self.quota.report(), self.witness.report()
        counters["max_calls_per_minute"] = quota["max_calls_per_minute"]
        counters["fault_hits"] = self.faults.hits
        counts = {name: len(records) for name, records in self.state.records.items()}
        counts["activities"] = counters["stored"]
        return {
            "counts": counts | {"users": len(self.state.users), "ignored": len(self.state.ignored)},
            "counters": counters,
            "quota": quota,
            **self.switches(),
        }

    def switches(self) -> dict[str, Any]:
        """Give what is switched on, as JSON."""
        faults = [msgspec.to_builtins(each.fault) | {"hits": each.hits} for each in self.faults.on]
        return {"faults": faults, "refusals": msgspec.to_builtins(self.refusals)}

    def contents(self) -> dict[str, list[Item]]:
        """Tell all that is stored, as JSON."""
        stored = {name: list(records) for name, records in self.state.records.items()}
        return stored | {
            "activities": list(self.state.activities),
            "dropped": list(self.state.dropped),
            "users": self.state.users,
            "ignored": list(self.state.ignored),
        }

    def _begin(self) -> None:
        self.state = State(self.options, self.dialect)
        self.witness = Witness(self.options.witness)
        self.quota = Quota(replace(self.options.quota, headers=self.dialect.rate_limit_headers))
        self.fields = Fields(self.dialect, self.witness)
        self.upserts = Upserts(self.state, self.witness, self.fields, self.dialect)
        self.sink = Sink(self.state, self.witness, self.dialect)
        self.seed_users(self.options.users)
        self.seed_fields(self.options.fields)
        self.seed_records(self.options.records)
