"""Deletes contacts, and reads each again until it is gone; the receipt is told of each step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planhat_client.errors import PlanhatError, PlanhatRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.cli.forget.calls import Calls
    from consumer.cli.forget.receipt_file import Receipt
    from planhat_client.endusers import Endusers

_RESTS: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look whether all are gone: a deletion may take effect late."""


class Deletion:
    """Contacts by their ids; `gone` and `failed` tell how they ended."""

    def __init__(
        self, endusers: Endusers, calls: Calls, receipt: Receipt, tell: Callable[[str], None]
    ) -> None:
        """`tell` hears a line for whatever did not go well."""
        self._endusers = endusers
        self._calls = calls
        self._receipt = receipt
        self._tell = tell
        self.gone: list[str] = []
        self.failed: list[str] = []

    async def run(self, ids: Sequence[str], rests: Sequence[float] = _RESTS) -> None:
        """Delete all, then see that they are gone; raises PlanhatError where nothing can work.

        What was begun then stands in the receipt: another run goes on from there.
        """
        left = [one for one in ids if await self._delete(one)]
        for rest in rests:
            if not left:
                break
            await self._calls.rest(rest)
            left = [one for one in left if await self._is_there(one)]
        for one in left:
            self._fail(one, f"still there {sum(rests):.0f} s after Planhat took the deletion")

    async def _delete(self, planhat_id: str) -> bool:
        self._receipt.note("deleting", planhat_id=planhat_id)
        try:
            answer = await self._calls.ask(lambda: self._endusers.delete(planhat_id))
        except PlanhatRejected as error:
            self._fail(planhat_id, "Planhat refuses to delete it", error)
            return False
        except PlanhatError as error:
            self._fail(planhat_id, "not deleted", error)
            raise
        self._receipt.note("deleted", planhat_id=planhat_id, answer=answer)
        return True

    async def _is_there(self, planhat_id: str) -> bool:
        try:
            row = await self._calls.ask(lambda: self._endusers.by_id(planhat_id))
        except PlanhatRejected:
            return True  # it proves nothing
        if row is not None:
            return True
        self._receipt.note("gone", planhat_id=planhat_id)
        self.gone.append(planhat_id)
        return False

    def _fail(self, planhat_id: str, why: str, error: PlanhatError | None = None) -> None:
        """Planhat's words may name somebody: they are shown, masked, and not in the receipt."""
        self._receipt.note("failed", planhat_id=planhat_id, why=why)
        self.failed.append(planhat_id)
        self._tell(f"{planhat_id}  {why}" + (f": {error}" if error else ""))
