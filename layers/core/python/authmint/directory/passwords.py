"""Passwords: Argon2id (RFC 9106) and what a password must be like (management contract §15)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..ids import Ids
from ..jose.encoding import b64decode

#: Characters. Longer ones are refused before any work is done on them.
LONGEST: Final = 256
_PARTS: Final = re.compile(r"[,._#@\-\s]+")


@dataclass(frozen=True)
class Cost:
    """Of one hash. The defaults are OWASP's (Password Storage Cheat Sheet): about 30 ms and 19 MiB."""

    memory_kib: int = 19 * 1024
    iterations: int = 2
    lanes: int = 1


@dataclass(frozen=True)
class PasswordPolicy:
    """What a password must be like, and what happens to who does not know it.

    Attributes:
        shortest: Characters.
        history: How many passwords before cannot be chosen again by their owner.
        max_age: Seconds after which a password has expired; 0: never.
        attempts: Wrong passwords in a row that lock a user.
        ticket_lifetime: Seconds for which an activation or recovery token is good.
    """

    shortest: int = 8
    history: int = 4
    max_age: int = 0
    attempts: int = 10
    ticket_lifetime: int = 7 * 86_400

    def shortcomings(self, password: str, login: str) -> tuple[str, ...]:
        """What a password lacks, in words; nothing where it will do."""
        found = []
        if len(password) < self.shortest:
            found.append(f"at least {self.shortest} characters")
        if len(password) > LONGEST:
            found.append(f"at most {LONGEST} characters")
        if not any(c.islower() for c in password):
            found.append("a lowercase letter")
        if not any(c.isupper() for c in password):
            found.append("an uppercase letter")
        if not any(c.isdigit() for c in password):
            found.append("a number")
        lower = password.casefold()
        if any(len(part) >= 4 and part in lower for part in _PARTS.split(login.casefold())):
            found.append("no parts of your username")
        return tuple(found)


class PasswordHashes:
    """Makes and tries hashes in the PHC string format."""

    def __init__(self, ids: Ids, cost: Cost | None = None) -> None:
        self._ids = ids
        self._cost = cost or Cost()

    def make(self, password: str) -> str:
        """A hash under a new salt."""
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id  # only where a password is at hand

        cost = self._cost
        kdf = Argon2id(
            salt=b64decode(self._ids.opaque(16)),
            length=32,
            iterations=cost.iterations,
            lanes=cost.lanes,
            memory_cost=cost.memory_kib,
        )
        return kdf.derive_phc_encoded(_bytes(password))

    def fits(self, password: str, hashed: str) -> bool:
        """Whether the hash is of this password. Takes as long as it takes, whatever the answer."""
        from cryptography.exceptions import InvalidKey
        from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

        if len(password) > LONGEST:
            return False
        try:
            Argon2id.verify_phc_encoded(_bytes(password), hashed)
        except InvalidKey:
            return False
        return True

    def fits_any(self, password: str, hashes: Iterable[str]) -> bool:
        """Whether one of the hashes is of this password."""
        return any(self.fits(password, hashed) for hashed in hashes)

    def burn(self, password: str) -> None:
        """Spend the time of ``fits`` for a user who is not there: the answer must not tell by its delay."""
        if len(password) <= LONGEST:
            self.make(password)


def _bytes(password: str) -> bytes:
    """NFC (RFC 8265 §4.2.2): the same characters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
