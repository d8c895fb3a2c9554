"""Passwords: argon2id, and what is accepted as one."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.domain.errors import InvalidInputError

MIN_LENGTH = 12
MAX_LENGTH = 256


class Passwords:
    """Hashes and verifies. ``verify`` costs the same whether or not there is such a user."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Always one argon2 verification; ``stored`` None = no such user, or one without a password: never true."""
        try:
            self._hasher.verify(stored or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Made with weaker parameters than today's: hash again at the next sign-in."""
        return self._hasher.check_needs_rehash(stored)


def check_acceptable(password: str, email: str) -> None:
    """Raises InvalidInputError when ``password`` is too short, too long or just the address."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise InvalidInputError(
            f"The password has {len(password)} characters; it needs {MIN_LENGTH} to {MAX_LENGTH}. "
            "A few words with spaces make a good one."
        )
    if password.casefold() in {email.casefold(), email.partition("@")[0].casefold()}:
        raise InvalidInputError("The password is the e-mail address. Choose one that others cannot guess.")
