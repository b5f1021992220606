"""Passwords: Argon2id (RFC 9106) and what a password must be like (docs/protocol.md §27.2)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from ..ids import Ids
from ..jose.encoding import b64decode

#: Characters. Longer ones are refused before any work is done on them.
LONGEST: Final = 256
#: What a new password can lack.
Lack = Literal["shortest", "longest", "lower", "upper", "digit", "login", "history"]
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

    def lacks(self, password: str, login: str) -> tuple[Lack, ...]:
        """What a password lacks; nothing where it will do. ``history`` is for who knows the hashes."""
        lower = password.casefold()
        lacking: dict[Lack, bool] = {
            "shortest": len(password) < self.shortest,
            "longest": len(password) > LONGEST,
            "lower": not any(c.islower() for c in password),
            "upper": not any(c.isupper() for c in password),
            "digit": not any(c.isdigit() for c in password),
            "login": any(len(part) >= 4 and part in lower for part in _PARTS.split(login.casefold())),
        }
        return tuple(lack for lack, is_so in lacking.items() if is_so)

    def in_words(self, lack: Lack) -> str:
        """What the management API calls it."""
        return _WORDS[lack].format(shortest=self.shortest, longest=LONGEST, history=self.history)


_WORDS: Final[dict[Lack, str]] = {
    "shortest": "at least {shortest} characters",
    "longest": "at most {longest} characters",
    "lower": "a lowercase letter",
    "upper": "an uppercase letter",
    "digit": "a number",
    "login": "no parts of your username",
    "history": "none of your last {history} passwords",
}


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
