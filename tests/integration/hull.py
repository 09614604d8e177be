"""Changes as Hull's bridge writes them, and the state that they must lead to."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

USERS_SEGMENT = {"id": "5d2f0c1e8f0b7a0001a1b001", "name": "Active users"}
ACCOUNTS_SEGMENT = {"id": "5d2f0c1e8f0b7a0001a1c001", "name": "Customers"}

CONNECTOR = """
tenant_id: 11111111-2222-3333-4444-555555555555
contact_synchronized_segments: [5d2f0c1e8f0b7a0001a1b001]
contact_events: [Signed in]
contact_attributes_outbound:
  - {hull_field_name: name, service_field_name: name}
  - {hull_field_name: email, service_field_name: email}
  - {hull_field_name: external_id, service_field_name: externalId}
contact_custom_attributes_outbound:
  - {hull_field_name: traits_version, service_field_name: version}
account_synchronized_segments: [5d2f0c1e8f0b7a0001a1c001]
account_attributes_outbound:
  - {hull_field_name: name, service_field_name: name}
account_custom_attributes_outbound:
  - {hull_field_name: version, service_field_name: version}
"""


@dataclass
class Hull:
    """Users in accounts whose versions only grow, and the last of each."""

    users: int
    accounts: int
    random: random.Random = field(default_factory=lambda: random.Random(1))
    user_versions: dict[int, int] = field(default_factory=dict)
    account_versions: dict[int, int] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    made: int = 0
    with_events: bool = True

    def changes(self, count: int) -> list[tuple[bytes, bytes]]:
        """Give `count` records, key and value; each user changes before any changes twice."""
        found = []
        for number in range(self.made, self.made + count):
            if number % 10 == 0:
                found.append(self.account((number // 10) % self.accounts))
            else:
                user = number if number < self.users else self.random.randrange(self.users)
                found.append(
                    self.user(user % self.users, with_event=self.with_events and number % 3 == 0)
                )
        self.made += count
        return found

    def account(self, number: int) -> tuple[bytes, bytes]:
        version = self.account_versions[number] = self.account_versions.get(number, 0) + 1
        message = {
            "channel": "account:update",
            "account": self._account(number),
            "account_segments": [ACCOUNTS_SEGMENT],
            "changes": {"is_new": False, "account": {"version": [version - 1, version]}},
        }
        return f"account-{number}".encode(), json.dumps(message).encode()

    def user(self, number: int, *, with_event: bool = False) -> tuple[bytes, bytes]:
        version = self.user_versions[number] = self.user_versions.get(number, 0) + 1
        event_id = f"event-{number}-{version}"
        message: dict[str, Any] = {
            "channel": "user:update",
            "user": {
                "id": f"user-{number}",
                "external_id": f"u-{number}",
                "email": f"u{number}@example.com",
                "name": f"User {number}",
                "traits_version": version,
            },
            "account": self._account(number % self.accounts),
            "segments": [USERS_SEGMENT],
            "account_segments": [ACCOUNTS_SEGMENT],
            "changes": {"is_new": False, "user": {"traits_version": [version - 1, version]}},
        }
        if with_event:
            self.events.add(event_id)
            message["events"] = [
                {
                    "event": "Signed in",
                    "event_id": event_id,
                    "created_at": "2026-11-01 10:00:00 UTC",
                    "properties": {"id": event_id},
                }
            ]
        return f"user-{number}".encode(), json.dumps(message).encode()

    def _account(self, number: int) -> dict[str, Any]:
        return {
            "id": f"account-{number}",
            "external_id": f"a-{number}",
            "name": f"Account {number}",
            "version": self.account_versions.get(number, 0),
        }
