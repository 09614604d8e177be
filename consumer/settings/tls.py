"""The TLS context of Kafka's connections, of mounted PEM files that may be rotated."""

from __future__ import annotations

import re
import ssl
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from consumer.settings.secret import mounted
from schemas.shown import shown_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from consumer.settings.secret import TokenSource

_Wanted = Literal["certificate", "private key"]

_LABEL: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_OTHERS: Final = {
    re.compile(rb"\x30[\x82-\x84].{2,4}?\x02\x01\x03\x30", re.DOTALL): "PKCS#12",
    re.compile(rb"\x30[\x81-\x84]"): "DER",
    re.compile(rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce"): "a Java key store",
}
"""How what is often mounted instead begins."""


def _holds(raw: bytes, wanted: _Wanted) -> bool:
    """Whether there is a block of that kind, even a damaged one."""
    return any(label.endswith(wanted.upper().encode()) for label in _LABEL.findall(raw))


def _pem_fault(raw: bytes, wanted: _Wanted) -> str:
    """Say why there is no usable `wanted` in it, in a form that goes after the file's name."""
    labels = _LABEL.findall(raw)
    if _holds(raw, wanted):
        return f"holds a {wanted} that is damaged or cut off"
    if labels:
        return f"holds no {wanted}, but: {labels[0].decode().lower()}"
    for beginning, what in _OTHERS.items():
        if beginning.match(raw):
            return f"is {what}: PEM is needed"
    return f"is no PEM: it holds no {wanted}"


CA: Final = "KAFKA_SSL_CA_FILE"
CERT: Final = "KAFKA_SSL_CERT_FILE"
KEY: Final = "KAFKA_SSL_KEY_FILE"
KEY_PASSWORD: Final = "KAFKA_SSL_KEY_PASSWORD"  # noqa: S105 - the name of a setting

_LONGEST: Final = 4 << 20
_OF_ANOTHER: Final = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


class WrongFile(ValueError):
    """A file can't be used; the text is a line that names the setting and holds nothing of it."""


class _NoPassword(Exception):
    """OpenSSL asks for a pass phrase that we do not have; without us it would ask the terminal."""


class _Contents(NamedTuple):
    ca: bytes
    cert: bytes
    key: bytes
    password: str


class TlsFiles:
    """Give the context as it is now: `source()`.

    The files are read at each call, like that of a TokenSource. What does not fit together while
    the service runs (a new certificate whose key is still the old one) leaves the last good
    context. A context is made anew: to load a wrong key into a live one would spoil it.
    """

    def __init__(
        self,
        ca: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        password: TokenSource | None = None,
    ) -> None:
        """Raise WrongFile if they can't be used at the start."""
        self._ca = ca
        self._cert = cert
        self._key = key
        self._password = password
        self._news: list[Callable[[str, str], None]] = []
        self._trouble = ""
        self._loaded = self._contents()
        self._context = self._made(self._loaded)

    def __call__(self) -> ssl.SSLContext:
        """Return the context of the newest usable files."""
        try:
            found = self._contents()
            if found != self._loaded:
                # OpenSSL reads them once more: if they change meanwhile, the next call sees it.
                self._renew(found, self._made(found))
            self._trouble = ""
        except WrongFile as error:
            self._log_throttled(str(error))
        return self._context

    def follow(self, news: Callable[[str, str], None]) -> None:
        """Call `news` with the settings that changed and "", or why not, once a reason."""
        self._news.append(news)
        if self._password is not None:
            self._password.follow(partial(_told_of_password, news))

    def _renew(self, found: _Contents, context: ssl.SSLContext) -> None:
        names = (CA, CERT, KEY, KEY_PASSWORD)
        pairs = zip(names, self._loaded, found, strict=True)
        changed = ", ".join(name for name, old, new in pairs if old != new)
        self._loaded, self._context = found, context
        for news in self._news:
            news(changed, "")

    def _log_throttled(self, trouble: str) -> None:
        if trouble == self._trouble:
            return
        self._trouble = trouble
        setting, _, reason = trouble.partition(": ")
        for news in self._news:
            news(setting, reason)

    def _contents(self) -> _Contents:
        password = self._password() if self._password is not None else ""
        return _Contents(_raw(CA, self._ca), _raw(CERT, self._cert), _raw(KEY, self._key), password)

    def _made(self, found: _Contents) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self._ca)
        except (ssl.SSLError, OSError) as error:
            raise _wrong(CA, self._ca, _pem_fault(found.ca, "certificate")) from error
        if self._cert is not None:
            self._load_chain(context, self._cert, found)
        return context

    def _load_chain(self, context: ssl.SSLContext, cert: Path, found: _Contents) -> None:
        was_asked = False

        def password() -> str:
            nonlocal was_asked
            was_asked = True
            if not found.password:
                raise _NoPassword
            return found.password

        try:
            context.load_cert_chain(cert, self._key, password=password)
        except _NoPassword:
            reason = f"is encrypted: set {KEY_PASSWORD} or {KEY_PASSWORD}_FILE"
            raise self._wrong_key(reason) from None
        except (ssl.SSLError, OSError, ValueError) as error:
            if not _is_certificate(cert):
                raise _wrong(CERT, cert, _pem_fault(found.cert, "certificate")) from None
            raise self._wrong_key(self._key_fault(error, found, was_asked=was_asked)) from None

    def _key_fault(self, error: Exception, found: _Contents, *, was_asked: bool) -> str:
        reason = getattr(error, "reason", None)
        if reason in _OF_ANOTHER:
            return "is the key of another certificate"
        if reason is not None and reason.isupper() and not was_asked:
            return f"is not taken by OpenSSL: {reason.lower().replace('_', ' ')}"
        if was_asked:
            return f"is encrypted, and {KEY_PASSWORD} does not open it"
        if self._key is None and not _holds(found.cert, "private key"):
            return f"holds no private key: set {KEY}"
        return _pem_fault(found.key if self._key else found.cert, "private key")

    def _wrong_key(self, reason: str) -> WrongFile:
        return _wrong(KEY, self._key, reason) if self._key else _wrong(CERT, self._cert, reason)


def _told_of_password(news: Callable[[str, str], None], trouble: str) -> None:
    """Tell of a file that can't be used; that a pass phrase is new is told with the others."""
    if trouble:
        news(f"{KEY_PASSWORD}_FILE", trouble)


def _is_certificate(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError):
        return False
    return True


def _raw(setting: str, path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        raw = mounted(path, _LONGEST + 1)
    except FileNotFoundError:
        raise _wrong(setting, path, "no such file") from None
    except OSError as error:
        raise _wrong(setting, path, error.strerror or type(error).__name__) from None
    if not raw.strip():
        raise _wrong(setting, path, "is empty")
    if len(raw) > _LONGEST:
        raise _wrong(setting, path, "is too large to be PEM")
    return raw


def _wrong(setting: str, path: Path | None, reason: str) -> WrongFile:
    return WrongFile(f"{setting}: {shown_path(path)}: {reason}")
