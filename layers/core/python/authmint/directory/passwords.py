"""Passwords: Argon2id (RFC 9106) and what a password must be like (docs/protocol.md §27.2)."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from ..ids import Ids
from ..jose.encoding import b64decode

#: Characters. Longer ones are refused before any work is done on them.
LONGEST: Final = 256
#: What a new password can lack.
Lack = Literal["shortest", "longest", "lower", "upper", "digit", "symbol", "login", "attribute", "common", "history"]
_PARTS: Final = re.compile(r"[,._#@\-\s]+")
#: Parts of names that are shorter are in many words.
_SHORTEST_PART: Final = 4


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
        lower, upper, digits, symbols: How many of these at least.
        without_login: Whether parts of the login are refused.
        without_attributes: Attributes of the profile that are refused, as in ``firstName``.
        uncommon: Whether passwords that many people use are refused.
        history: How many passwords before cannot be chosen again by their owner.
        max_age: Seconds after which a password has expired; 0: never.
        warning: Seconds before that from which on its owner is told.
        min_age: Seconds for which a password cannot be changed again by its owner.
        attempts: Wrong passwords in a row that lock a user; 0: none do.
        auto_unlock: Seconds after which a locked user is unlocked; 0: by an administrator alone.
        tells_lockout: Whether a locked user is told so.
        mails_lockout: Whether mail says so, too.
        ticket_lifetime: Seconds for which an activation or recovery token is good.
    """

    shortest: int = 8
    lower: int = 1
    upper: int = 1
    digits: int = 1
    symbols: int = 0
    without_login: bool = True
    without_attributes: tuple[str, ...] = ()
    uncommon: bool = True
    history: int = 4
    max_age: int = 0
    warning: int = 0
    min_age: int = 0
    attempts: int = 10
    auto_unlock: int = 0
    tells_lockout: bool = False
    mails_lockout: bool = False
    ticket_lifetime: int = 7 * 86_400

    def lacks(self, password: str, login: str, profile: Mapping[str, Any] | None = None) -> tuple[Lack, ...]:
        """What a password lacks; nothing where it will do. ``history`` is for who knows the hashes."""
        folded = password.casefold()
        texts = (str((profile or {}).get(name) or "") for name in self.without_attributes)
        lacking: dict[Lack, bool] = {
            "shortest": len(password) < self.shortest,
            "longest": len(password) > LONGEST,
            "lower": sum(c.islower() for c in password) < self.lower,
            "upper": sum(c.isupper() for c in password) < self.upper,
            "digit": sum(c.isdigit() for c in password) < self.digits,
            "symbol": sum(not (c.isalnum() or c.isspace()) for c in password) < self.symbols,
            "login": self.without_login and _has_part_of(login, folded),
            "attribute": any(_has_part_of(text, folded) for text in texts),
        }
        lacks = tuple(lack for lack, is_so in lacking.items() if is_so)
        # The list is asked about what would do else.
        return lacks or (("common",) if self.uncommon and _is_common(password) else ())

    def asked(self) -> tuple[Lack, ...]:
        """Everything that this policy asks of a new password, as far as it can be said beforehand."""
        wanted: dict[Lack, bool] = {
            "shortest": True,
            "lower": self.lower > 0,
            "upper": self.upper > 0,
            "digit": self.digits > 0,
            "symbol": self.symbols > 0,
            "login": self.without_login,
            "attribute": bool(self.without_attributes),
        }
        return tuple(lack for lack, is_so in wanted.items() if is_so)

    def requirements(self) -> str:
        """Everything that it asks, as the APIs say it where a new password is not enough."""
        return f"Password requirements: {', '.join(self.in_words(lack) for lack in self.asked())}."

    def refusal(self, lacks: Iterable[Lack]) -> str:
        """Why a password is refused, as the APIs say it (docs/protocol.md §27.2)."""
        lacking = tuple(lacks)
        if "history" in lacking:
            return "Password has been used too recently"
        if lacking == ("common",):
            return "This password was found in a list of commonly used passwords. Please try another password."
        return f"Password requirements were not met. {self.requirements()}"

    def in_words(self, lack: Lack) -> str:
        """What the management API calls it."""
        word = _PLURALS.get(lack, _WORDS[lack]) if self._many(lack) > 1 else _WORDS[lack]
        return word.format(shortest=self.shortest, longest=LONGEST, history=self.history, many=self._many(lack))

    def _many(self, lack: Lack) -> int:
        return {"lower": self.lower, "upper": self.upper, "digit": self.digits, "symbol": self.symbols}.get(lack, 1)


_WORDS: Final[dict[Lack, str]] = {
    "shortest": "at least {shortest} characters",
    "longest": "at most {longest} characters",
    "lower": "a lowercase letter",
    "upper": "an uppercase letter",
    "digit": "a number",
    "symbol": "a symbol",
    "attribute": "no parts of your name or other details",
    "login": "no parts of your username",
    "common": "not a commonly used password",
    "history": "none of your last {history} passwords",
}
_PLURALS: Final[dict[Lack, str]] = {
    "lower": "{many} lowercase letters",
    "upper": "{many} uppercase letters",
    "digit": "{many} numbers",
    "symbol": "{many} symbols",
}


def _is_common(password: str) -> bool:
    from .common_passwords import is_common  # only where a password is chosen

    return is_common(password)


def _has_part_of(text: str, folded: str) -> bool:
    return any(len(part) >= _SHORTEST_PART and part in folded for part in _PARTS.split(text.casefold()))


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
        if hashed.startswith("{"):
            from .imported_passwords import fits

            self.burn(password)  # a hash of another directory may take no time at all
            return len(password) <= LONGEST and fits(password, hashed)
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
