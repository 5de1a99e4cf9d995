"""Passwords by Argon2id, with the parameters of RFC 9106 for little memory (64 MiB, 3 passes)."""

import secrets
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from headrace.errors import InputError

LENGTH_MIN = 12
AT_ONCE = 4
NAME_MIN = 4  # a shorter name is in many a password by chance
LENGTH_MAX = 256  # more would only be work for the one who hashes


@dataclass(frozen=True)
class Passwords:
    """How passwords are kept; tests choose cheaper parameters.

    A hash takes 64 MiB, so that only a few are computed at a time, however many people sign in.
    """

    hasher: PasswordHasher = field(
        default_factory=lambda: PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)
    )
    _turns: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(AT_ONCE))

    def hashed(self, password: str) -> str:
        """What is stored of a password: parameters, salt and hash in one text."""
        with self._turns:
            return self.hasher.hash(password)

    def agree(self, password: str, stored: str | None) -> bool:
        """Whether a password is the one stored.

        Args:
            password: As it was typed.
            stored: From `hashed`; None where there is no such user, which takes as long.
        """
        if len(password) > LENGTH_MAX:
            return False
        if stored is None:
            self.hashed(password)
            return False
        try:
            with self._turns:
                return self.hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def checked_password(password: str, user: str) -> str:
    """A password that may be chosen.

    Raises:
        InputError: It is too short, too long, or the user's name. The error does not repeat it.
    """
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise InputError(
            f"A password has {LENGTH_MIN} to {LENGTH_MAX} characters",
            where="password",
            remedy="Four or five words that have nothing to do with each other",
        )
    holds_name = len(user) >= NAME_MIN and user.lower() in password.lower()
    if holds_name or len(set(password)) < 5:
        raise InputError(
            "This password is easily guessed",
            where="password",
            remedy="Leave your name out, and use more than four different characters",
        )
    return password


def fresh_password() -> str:
    """A password for the first time: 79 random bits in four groups that are easy to type."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
