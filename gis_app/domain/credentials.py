"""What a login and a password have to look like, and how long to wait after failures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from gis_app.domain.errors import InvalidInput

LEAST_PASSWORD_LENGTH = 12
MOST_PASSWORD_LENGTH = 128
"""A bound on the work of hashing, far above what anybody types."""
LEAST_DISTINCT_CHARACTERS = 5
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]")


def checked_login(login: str) -> str:
    """Return a login in lower case.

    Raises
    ------
    InvalidInput
        If it has another form.
    """
    lowered = login.strip().lower()
    if not _LOGIN.fullmatch(lowered):
        raise InvalidInput(
            "The login {login!r} is not usable.",
            remedy="Use 3 to 64 of a-z, 0-9, dot, hyphen and underscore, a letter or digit at both ends.",
            login=login[:64],
        )
    return lowered


def checked_password(password: str, *, login: str) -> str:
    """Return a password that is fit to be one.

    Raises
    ------
    InvalidInput
        If it is too short or long, holds the login, or repeats a few characters.
    """
    if not LEAST_PASSWORD_LENGTH <= len(password) <= MOST_PASSWORD_LENGTH:
        raise InvalidInput(
            "The password has {length} characters.",
            remedy="Use {least} to {most}; several words are easier to remember than signs.",
            length=len(password),
            least=LEAST_PASSWORD_LENGTH,
            most=MOST_PASSWORD_LENGTH,
        )
    if login.lower() in password.lower() or len(set(password)) < LEAST_DISTINCT_CHARACTERS:
        raise InvalidInput(
            "The password is too easy to guess.", remedy="Do not use the login in it, nor the same few characters."
        )
    return password


@dataclass(frozen=True)
class Throttle:
    """After ``free`` failures each further one doubles the wait, up to ``longest``: slow, but never shut for good."""

    free: int
    longest: timedelta

    def wait(self, failure_count: int) -> timedelta:
        """Return how long after the last of so many failures the next attempt is heard."""
        beyond = failure_count - self.free
        if beyond < 0:
            return timedelta(0)
        return min(timedelta(seconds=2 ** min(beyond, 20)), self.longest)


THROTTLES: Mapping[str, Throttle] = MappingProxyType(
    {
        "login_at_address": Throttle(free=5, longest=timedelta(minutes=15)),
        "login": Throttle(free=20, longest=timedelta(minutes=1)),
        "address": Throttle(free=50, longest=timedelta(minutes=5)),
    }
)
"""By what failures are counted. The one by login does not hold where this login succeeded before from this address:
a stranger's guesses do not keep the owner out."""
FAILURES_FORGOTTEN_AFTER = timedelta(minutes=30)
