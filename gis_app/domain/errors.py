"""The one error tree. web/errors.py maps each class to a status; cli.py prints message and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar


class JingweiError(Exception):
    """An error meant for the user: what is wrong, where, and the remedy.

    Parameters
    ----------
    template
        An English sentence with ``{named}`` fields; it is also the key of its translation.
    remedy
        A second sentence template: what the user can do about it. May be empty.
    params
        Values of the named fields of both templates.
    """

    code: ClassVar[str] = "error"

    def __init__(self, template: str, *, remedy: str = "", **params: object) -> None:
        self.template = template
        self.remedy_template = remedy
        self.params = params
        super().__init__(template, remedy)

    @property
    def message(self) -> str:
        """The sentence in English, its fields filled in."""
        return self.template.format(**self.params)

    @property
    def remedy(self) -> str:
        """The remedy in English, its fields filled in."""
        return self.remedy_template.format(**self.params)

    def __str__(self) -> str:
        """Message and remedy, for logs."""
        return f"{self.message} {self.remedy}".strip()


class InvalidInput(JingweiError):  # noqa: N818 - names say what happened, the base class says Error
    """A parameter, file or row that cannot be used as it is."""

    code = "invalid_input"


class Refused(InvalidInput):
    """Input refused because it is hostile or beyond a safety limit."""

    code = "refused"


class NotFound(JingweiError):  # noqa: N818
    """No such thing in the caller's scope; a foreign thing and a missing thing look the same."""

    code = "not_found"


class Unauthenticated(JingweiError):  # noqa: N818
    """Nobody is logged in, or the log-in or token has ended."""

    code = "unauthenticated"


class TooMany(JingweiError):  # noqa: N818
    """Asked too often; ``retry_after_s`` says when to try again."""

    code = "too_many"

    def __init__(self, template: str, *, remedy: str = "", retry_after_s: int, **params: object) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(template, remedy=remedy, seconds=retry_after_s, **params)


class Forbidden(JingweiError):  # noqa: N818
    """The caller's rights do not allow this."""

    code = "forbidden"


class Conflict(JingweiError):  # noqa: N818
    """The thing changed meanwhile, or something else already holds its place."""

    code = "conflict"


class Stale(Conflict):
    """The caller named what it saw, and that is not what is there now."""

    code = "stale"


class Unchangeable(JingweiError):  # noqa: N818
    """A kind of thing that is not changed in this way; ``allowed`` names what can be done with it."""

    code = "unchangeable"

    def __init__(self, template: str, *, remedy: str = "", allowed: tuple[str, ...], **params: object) -> None:
        self.allowed = allowed
        super().__init__(template, remedy=remedy, **params)


class Unavailable(JingweiError):  # noqa: N818
    """The database, a file or another part cannot be reached now; trying again later may work."""

    code = "unavailable"


def require_one_of(name: str, value: str, known: Iterable[str]) -> None:
    """Refuse a value that is none of those known.

    Raises
    ------
    InvalidInput
        If it is none of them; names it and them.
    """
    choices = tuple(known)
    if value not in choices:
        raise none_of("{name} is {value!r}.", choices, name=name, value=value[:40])


def none_of(template: str, known: Iterable[str], **params: object) -> InvalidInput:
    """Return the error of a value that is none of those known; the remedy names them."""
    return InvalidInput(template, remedy="Use one of {known}.", known=", ".join(known) or "-", **params)
