"""What an OpenID Connect provider says of itself: its endpoints and keys, asked for over https and kept a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from cachetools import TTLCache
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gis_app.domain.errors import Unavailable

KEPT_S = 600.0
"""How long what a provider said of itself is taken for granted."""
TIMEOUTS_S = (3.0, 5.0)
"""To connect, and between two pieces of an answer."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass
class ProviderMetadata:
    """The description and keys of one provider; threads may share it.

    Parameters
    ----------
    issuer
        What the provider calls itself; its description lies below that address.
    """

    issuer: str
    _kept: TTLCache[str, dict[str, Any]] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._kept = TTLCache(maxsize=2, ttl=KEPT_S)

    def description(self) -> dict[str, Any]:
        """Return the provider's description of itself.

        Raises
        ------
        Unavailable
            If it does not answer, or is another one than it should be.
        """
        return self._remembered("description", self._described)

    def endpoint(self, name: str) -> str:
        """Return an address of the description.

        Raises
        ------
        Unavailable
            If the provider does not answer, or has no such address with https.
        """
        address = self.description().get(name)
        if not isinstance(address, str) or not stays_secret(address):
            raise Unavailable(
                "The identity provider gives no usable {name}.",
                remedy="Log in with login and password, and tell the administrator.",
                name=name,
            )
        return address

    def keys(self) -> KeySet:
        """Return the keys the provider signs with.

        Raises
        ------
        Unavailable
            If it does not answer, or with no keys.
        """
        told = self._remembered("keys", lambda: asked(self.endpoint("jwks_uri")))
        try:
            return KeySet.import_key_set(told)  # type: ignore[arg-type]
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise silent() from error

    def forget_keys(self) -> None:
        """Ask for the keys again when they are needed next."""
        with self._lock:
            self._kept.pop("keys", None)

    def _described(self) -> dict[str, Any]:
        told = asked(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self.issuer:
            raise Unavailable(
                "The identity provider calls itself {stated}, not {issuer}.",
                remedy="Set JINGWEI_OIDC_ISSUER to exactly what it calls itself.",
                stated=told.get("issuer"),
                issuer=self.issuer,
            )
        return told

    def _remembered(self, name: str, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        with self._lock:
            known = self._kept.get(name)
        if known is None:
            known = ask()
            with self._lock:
                self._kept[name] = known
        return known


def asked(address: str, *, bearer: str | None = None) -> dict[str, Any]:
    """Return the JSON object at an address of the provider.

    Parameters
    ----------
    bearer
        An access token to show, None for none.

    Raises
    ------
    Unavailable
        If nothing answers there, or not with one.
    """
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    try:
        answer = requests.get(address, headers=headers, timeout=TIMEOUTS_S, allow_redirects=False)
        answer.raise_for_status()
        told = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise silent() from error
    if not isinstance(told, dict):
        raise silent()
    return told


def silent() -> Unavailable:
    """Return the error of a provider that does not answer as one."""
    return Unavailable(
        "The identity provider does not answer.", remedy="Log in with login and password, or try again in a moment."
    )


def stays_secret(address: str) -> bool:
    """Return whether what goes there is safe on its way: by https, or because it never leaves this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    is_here = parts.hostname in _LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_here))
