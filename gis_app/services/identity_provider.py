"""Asking an OpenID Connect provider who somebody is: the way there, a code for tokens, and what makes one true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwt import Token

from gis_app.domain.errors import InvalidInput, Unauthenticated
from gis_app.services.provider_metadata import TIMEOUTS_S, ProviderMetadata, asked, silent, stays_secret
from gis_app.settings import Settings

ALGORITHMS = ("RS256", "ES256", "PS256")
"""Signatures that only the provider can make: not none, and no HS, which whoever knows our client secret can make."""
LEEWAY_S = 60
_SCOPES = "openid profile"
_MOST_SUBJECT_LENGTH = 255


@dataclass(frozen=True)
class Identity:
    """Who the provider says somebody is.

    Parameters
    ----------
    subject
        Issuer and subject, separated by a space: the provider never gives it to anybody else.
    login
        The claim that is to be a login here, in lower case; empty if the provider does not tell it.
    """

    subject: str
    login: str


@dataclass(frozen=True)
class Journey:
    """What one log-in takes to the provider and expects back.

    Parameters
    ----------
    redirect_uri
        Where the provider sends the browser back to.
    state, nonce, verifier
        Bind the answer, the ID token and the code to the browser that left.
    """

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class IdentityProvider:
    """One provider; one per server process, for what it says of itself is kept.

    Parameters
    ----------
    client, secret
        Our own id and secret there; without a secret the code's verifier alone proves that it is us.
    login_claim
        Which claim is the login.
    now
        The clock.
    """

    metadata: ProviderMetadata
    client: str
    secret: str = field(repr=False)
    login_claim: str
    now: Callable[[], datetime]

    def address(self, journey: Journey) -> str:
        """Return where to send a browser.

        Raises
        ------
        Unavailable
            If the provider does not answer, or describes itself in a way that cannot be used.
        """
        endpoint = self.metadata.endpoint("authorization_endpoint")
        with OAuth2Session(self.client, code_challenge_method="S256", scope=_SCOPES) as session:
            address, _ = session.create_authorization_url(
                endpoint,
                redirect_uri=journey.redirect_uri,
                state=journey.state,
                nonce=journey.nonce,
                code_verifier=journey.verifier,
            )
        return str(address)

    def identity(self, journey: Journey, code: str) -> Identity:
        """Return who came back with a code.

        Raises
        ------
        Unauthenticated
            If the provider does not take the code, or its ID token is not true.
        Unavailable
            If the provider does not answer, or answers in a way that cannot be used.
        """
        tokens = self._tokens(journey, code)
        claims = self._claims(tokens, journey.nonce)
        subject, login = claims["sub"], claims.get(self.login_claim)
        if login is None:
            # Where a code is exchanged, a provider tells claims of a scope here rather than in the ID token.
            login = self._told_of_user(tokens["access_token"], subject)
        return Identity(f"{self.metadata.issuer} {subject}", login.strip().lower() if isinstance(login, str) else "")

    def _tokens(self, journey: Journey, code: str) -> dict[str, Any]:
        endpoint, method = self.metadata.endpoint("token_endpoint"), self._proof()
        client, secret = self.client, self.secret
        if method == "client_secret_basic":
            # RFC 6749, 2.3.1: both are encoded before they become a user name and a password.
            client, secret = quote(client, safe=""), quote(secret, safe="")
        try:
            with OAuth2Session(client, secret, token_endpoint_auth_method=method) as session:
                tokens: dict[str, Any] = session.fetch_token(
                    endpoint,
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=journey.redirect_uri,
                    code_verifier=journey.verifier,
                    timeout=TIMEOUTS_S,
                    allow_redirects=False,
                )
        except AuthlibBaseError as error:
            raise _untrue() from error
        except (requests.RequestException, ValueError) as error:
            raise silent() from error
        if not all(isinstance(tokens.get(name), str) for name in ("id_token", "access_token")):
            raise _untrue()
        return tokens

    def _proof(self) -> str:
        """Return how we prove at the token endpoint that it is us."""
        if not self.secret:
            return "none"
        # The default where a description does not say (OpenID Connect Discovery 1.0, 3).
        known = self.metadata.description().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_post" if "client_secret_basic" not in known else "client_secret_basic"

    def _claims(self, tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        options = {
            "iss": {"essential": True, "value": self.metadata.issuer},
            "aud": {"essential": True, "value": self.client},
        }
        expected = {"nonce": nonce, "client_id": self.client, "access_token": tokens["access_token"]}
        try:
            token = self._verified(tokens["id_token"])
            claims = CodeIDToken(token.claims, token.header, options, expected)
            claims.validate(now=int(self.now().timestamp()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError) as error:
            raise _untrue() from error
        if not 0 < len(claims["sub"]) <= _MOST_SUBJECT_LENGTH:
            raise _untrue()
        return dict(claims)

    def _verified(self, id_token: str) -> Token:
        try:
            return jwt.decode(id_token, self.metadata.keys(), algorithms=ALGORITHMS)
        except (InvalidKeyIdError, BadSignatureError):
            # The provider may have changed its keys since it was asked for them.
            self.metadata.forget_keys()
            return jwt.decode(id_token, self.metadata.keys(), algorithms=ALGORITHMS)

    def _told_of_user(self, access_token: str, subject: str) -> object:
        if "userinfo_endpoint" not in self.metadata.description():
            return None
        told = asked(self.metadata.endpoint("userinfo_endpoint"), bearer=access_token)
        if told.get("sub") != subject:
            raise _untrue()
        return told.get(self.login_claim)


def configured(settings: Settings, now: Callable[[], datetime]) -> IdentityProvider | None:
    """Return the provider of the settings, None if there is none.

    Raises
    ------
    InvalidInput
        If its address or our client id cannot be used.
    """
    if not settings.oidc_issuer:
        return None
    if not stays_secret(settings.oidc_issuer):
        raise InvalidInput(
            "JINGWEI_OIDC_ISSUER is {issuer!r}: no address with https.",
            remedy="Set it to what the provider calls itself, such as https://id.example.cn/realms/city.",
            issuer=settings.oidc_issuer,
        )
    if not settings.oidc_client:
        raise InvalidInput(
            "JINGWEI_OIDC_ISSUER is set, JINGWEI_OIDC_CLIENT is not.",
            remedy="Set it to our client id at the provider, or unset JINGWEI_OIDC_ISSUER.",
        )
    metadata = ProviderMetadata(settings.oidc_issuer)
    return IdentityProvider(metadata, settings.oidc_client, settings.oidc_secret, settings.oidc_login_claim, now)


def _untrue() -> Unauthenticated:
    return Unauthenticated(
        "The answer of the identity provider could not be trusted.",
        remedy="Begin again; if this goes on, tell the administrator.",
    )
