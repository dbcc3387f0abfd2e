"""Passwords and random secrets: what is shown once, and what is stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher()
# One hash takes 64 MB for a moment; many at once would take the machine.
_TURNS = threading.BoundedSemaphore(2)
# No letters or digits that look alike: these are read aloud and typed.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_SECRET_BYTES = 32
# Of no password that anybody has; a hash made at each start would hold up every command for a third of a second.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$sLA4zJdMQTQEsfNIbwffGQ$bqQ7YKS/lgmXGB6QgNUFguFVOqaD04Ssx4bYE0L5esA"


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    with _TURNS:
        return _HASHER.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Return whether a password is the stored one; takes the same time where none is stored."""
    with _TURNS:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Return whether a hash was made with weaker parameters than those of today."""
    return _HASHER.check_needs_rehash(stored)


def generated_password() -> str:
    """Return a random password of 80 bits, in groups that can be read aloud."""
    return "-".join("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(4))


def new_secret() -> str:
    """Return a random secret of 256 bits for a cookie or token."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def secret_hash(secret: str) -> bytes:
    """Return what is stored of a random secret; it has too many bits to be guessed, so a plain hash will do."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def derived(secret: str, purpose: str) -> str:
    """Return a value that only the holder of a secret could make, and that does not tell it."""
    return hmac.new(secret.encode("utf-8", "surrogatepass"), purpose.encode(), hashlib.sha256).hexdigest()
