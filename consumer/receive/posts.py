"""What Hull posts, and what it is answered: when Kafka has it, and not before."""

from __future__ import annotations

import asyncio
import hmac
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from aiohttp import web

from consumer.clock import loop_time
from consumer.errors import KafkaError
from consumer.log.repeats import FOREIGN_SECONDS, Repeats
from consumer.receive.envelope import Envelope, Incoming, NoNotification, read, split, too_large
from consumer.receive.fetch import NotAllowed, NotFetched
from consumer.receive.flow import Sizes, answer, refusal
from consumer.receive.refused import Refused
from consumer.receive.signature import Unsigned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from consumer.decide.forms.rows import Kind
    from consumer.outbox.letter import Letter
    from consumer.receive.bodies import Bodies
    from consumer.receive.extracts import Extracts, Write
    from consumer.receive.keys import Keys
    from consumer.settings.secret import TokenSource
    from consumer.watch.metrics import Metrics

_KAFKA_SECONDS: Final = 12.0
"""With what body and key may take it is less than the port gives to a whole post."""
_AGAIN_SECONDS: Final = "1"
_LARGEST_ORDER: Final = 64 * 1024
_BEARER: Final = "Bearer "
_HEADER: Final = "x-hull-smart-notifier-signature"
_JSON: Final = "application/json"
_KINDS: Final[dict[str, Kind]] = {"user_report": "users", "account_report": "accounts"}
_log = structlog.get_logger("consumer.receive")


class Posts:
    """Answers Hull; each post ends in Kafka, or is asked for again."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it is joined of
        self,
        write: Write,
        bodies: Bodies,
        sizes: Sizes,
        keys: Keys | None,
        token: TokenSource | None,
        extracts: Extracts,
        metrics: Metrics,
    ) -> None:
        """Without `keys` nobody must sign, without `token` nobody must show one."""
        self._write_to = write
        self._bodies = bodies
        self._sizes = sizes
        self._keys = keys
        self._token = token
        self._extracts = extracts
        self._metrics = metrics
        self._repeats = Repeats(FOREIGN_SECONDS)
        self._open = 0
        self._none_open = asyncio.Event()
        self.trouble = ""
        """Why the last post could not be written; "" if it was."""
        self.is_stopping = False

    def routes(self) -> list[web.RouteDef]:
        """What Hull's manifest of a connector names, as the old connector had it."""
        return [
            web.post("/smart-notifier", partial(self._post, self._notified)),
            web.post("/batch", partial(self._post, self._users)),
            web.post("/batch-accounts", partial(self._post, self._accounts)),
        ]

    async def stop(self, seconds: float) -> None:
        """Take nothing more, and wait until all that came is answered."""
        self.is_stopping = True
        if self._open:
            self._none_open.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._none_open.wait()
            except TimeoutError:
                _log.warning("receive.cut_off", posts=self._open)

    async def _post(
        self, handle: Callable[[web.Request], Awaitable[web.Response]], request: web.Request
    ) -> web.Response:
        self._open += 1
        try:
            found = await handle(request)
        except Refused as refused:
            found = self._refusal(refused, request.path)
        finally:
            self._open -= 1
            if not self._open:
                self._none_open.set()
        self._metrics.count("posts", request.path, str(found.status))
        return found

    def _refusal(self, refused: Refused, path: str) -> web.Response:
        repeated = self._repeats.say((path, refused.code), loop_time())
        if repeated is not None:
            more = {"repeated": repeated} if repeated else {}
            _log.warning(
                "receive.refused", path=path, code=refused.code, reason=str(refused), **more
            )
        size = None
        if refused.code == "ENTITY_TOO_LARGE":
            self._sizes.too_large()
            size = self._sizes.next
        headers = {"Retry-After": _AGAIN_SECONDS} if refused.status == 503 else {}  # noqa: PLR2004 - unavailable
        return _answered(refusal(refused.code, str(refused), size), refused.status, headers)

    async def _notified(self, request: web.Request) -> web.Response:
        self._begin(request)
        async with self._bodies.read(request) as body:
            try:
                envelope = read(body)
            except NoNotification as error:
                raise Refused("INVALID_NOTIFICATION", str(error)) from None
            self._insist_on_token(request, envelope.secret)
            await self._prove(request, envelope)
            records, foreign = split(envelope)
            errors = await self._write(records)
        self._sizes.taken(len(envelope.messages), len(body))
        self._metrics.count("received", "written", by=len(records) - len(errors))
        self._metrics.count("received", "unusable", by=len(errors))
        self._metrics.count("received", "foreign", by=foreign)
        return _answered(answer(self._sizes.next, errors))

    async def _users(self, request: web.Request) -> web.Response:
        return await self._ordered("users", request)

    async def _accounts(self, request: web.Request) -> web.Response:
        return await self._ordered("accounts", request)

    async def _ordered(self, of: Kind, request: web.Request) -> web.Response:
        """Hull tells where an extract lies; it is answered when its download has begun."""
        if self._token is None:
            raise Refused("INVALID_TOKEN", "extracts are not signed: set RECEIVE_TOKEN")
        self._begin(request)
        async with self._bodies.read(request, _LARGEST_ORDER) as body:
            try:
                order = msgspec.json.decode(body)
            except (msgspec.DecodeError, RecursionError):
                order = None
        url = order.get("url") if isinstance(order, dict) else None
        if not isinstance(order, dict) or not isinstance(url, str):
            raise Refused("INVALID_EXTRACT", "no url in it")
        kind = _KINDS.get(str(order.get("object_type")), of)
        try:
            await self._extracts.begin(url, kind, is_csv=order.get("format") == "csv")
        except NotAllowed as error:
            raise Refused("INVALID_EXTRACT", f"its url {error}") from None
        except NotFetched as error:
            raise Refused("EXTRACT_UNAVAILABLE", str(error)) from None
        return web.Response(text="ok")

    async def _prove(self, request: web.Request, envelope: Envelope) -> None:
        if self._keys is None:
            return
        headers = request.headers
        try:
            await self._keys.prove(
                headers.get(_HEADER, ""),
                headers.get(f"{_HEADER}-public-key-url", ""),
                envelope.notification_id,
            )
        except Unsigned as error:
            raise Refused("INVALID_SIGNATURE", f"its signature {error}") from None
        except NotFetched as error:
            raise Refused("KEY_UNAVAILABLE", f"the key can't be had: {error}") from None

    def _begin(self, request: web.Request) -> None:
        if self.is_stopping:
            raise Refused("STOPPING", "it ends: another one takes over")
        self._insist_on_token(request)

    def _insist_on_token(self, request: web.Request, secret: str | None = None) -> None:
        """Raise Refused; before the body is read only if what is shown is wrong."""
        if self._token is None:
            return
        bearer = request.headers.get("Authorization", "")
        shown = [request.query.get(name, "") for name in ("token", "secret")]
        shown.append(bearer.removeprefix(_BEARER) if bearer.startswith(_BEARER) else "")
        shown = [one for one in (*shown, secret or "") if one]
        is_early = secret is None and not shown and request.path == "/smart-notifier"
        expected = self._token().encode()
        # All are compared: which one fits is not told by the time it takes.
        fits = [hmac.compare_digest(one.encode("utf-8", "replace"), expected) for one in shown]
        if not any(fits) and not is_early:
            raise Refused("INVALID_TOKEN", "no token, or a wrong one")

    async def _write(self, records: list[Incoming]) -> list[str]:
        """Return what is wrong with single messages, when all are safe; raises Refused."""
        until = loop_time() + _KAFKA_SECONDS
        try:
            large = await self._write_to([_letter(one) for one in records], _KAFKA_SECONDS)
            stubs = [too_large(records[at]) for at in sorted(large)]
            if stubs:
                await self._write_to([_letter(one) for one in stubs], until - loop_time())
        except KafkaError as error:
            self.trouble = str(error)
            if self._repeats.is_due(self.trouble, loop_time()):
                _log.error("receive.unwritable", reason=self.trouble)
            # Where Kafka lies is no business of who posts.
            raise Refused("KAFKA_UNAVAILABLE", "Kafka has not acknowledged it") from None
        self.trouble = ""
        wrong = [one for one in (*records, *stubs) if one.fault]
        for one in wrong:
            if self._repeats.is_due(one.fault, loop_time()):
                _log.warning("receive.unusable", key=(one.key or b"").decode(), reason=one.fault)
        return [one.fault for one in wrong]


def _letter(record: Incoming) -> Letter:
    return record.key, record.value, record.headers


def _answered(
    document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(document),
        status=status,
        headers=headers,
        content_type=_JSON,
    )
