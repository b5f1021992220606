"""Codes that are sent to an address of the user: six digits, good once, for some minutes."""

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..ids import Ids
from ..mail.letters import Letters, Template
from ..rate_limit import RateLimit
from ..storage.errors import Conflict, NotFound
from ..storage.factor_challenges import ChallengePurpose, FactorChallenge, FactorChallenges
from ..storage.factors import Factor, Factors
from ..storage.outbox import Outbox
from ..storage.sign_on_transactions import Proof
from ..storage.users import login_key
from .addresses import is_verified
from .answers import Answer, Passcode, binary, unpadded
from .kind import Ask, CodeSent, CodeWanted, Wishes
from .refusals import Expired, NotActive, NotEnrollable, TooFast, WrongAnswer

_DIGITS: Final = 6
#: Guesses that are looked at of one code.
_MOST_GUESSES: Final = 5
_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class EmailCodes:
    """``Kind``. A code is kept as an HMAC under a key of its own.

    Attributes:
        pace: How often one address gets a code.
        lifetime: Seconds that a code lives where nobody says otherwise.
    """

    factors: Factors
    challenges: FactorChallenges
    outbox: Outbox
    letters: Letters
    pace: RateLimit
    lifetime: Callable[[], int]
    ids: Ids
    most: int = 2
    guessable: bool = True
    label: str = "EMAIL_FACTOR"

    def enrol(self, factor: Factor, wishes: Wishes, ask: Ask) -> tuple[Factor, CodeSent | CodeWanted]:
        """For a verified address, the primary one where none is named."""
        factor = replace(factor, address=wishes.address or ask.user.email)
        if not is_verified(ask.user, factor.address or ""):
            raise NotEnrollable("address")
        if wishes.vouched:
            return replace(factor, status="ACTIVE"), CodeWanted()
        if not self.letters.on:
            raise NotEnrollable("kind")
        return factor, self._send(factor, "enrol", "EmailFactorVerification", wishes.lifetime, ask)

    def shown(self, _factor: Factor, _ask: Ask) -> None:
        """A code is said to its address alone."""

    def resend(self, factor: Factor, ask: Ask, lifetime: int | None) -> CodeSent:
        """Another code for a pending factor; the one before is worth nothing. Raises TooFast."""
        return self._send(factor, "enrol", "EmailFactorVerification", lifetime, ask)

    def activate(self, factor: Factor, answer: Answer, ask: Ask) -> Factor:
        """By the code that was sent."""
        self._take(factor, "enrol", answer, ask)
        return replace(factor, status="ACTIVE")

    def challenge(self, factors: Sequence[Factor], ask: Ask, lifetime: int | None) -> CodeSent:
        """A new code, to the first of the addresses."""
        return self._send(factors[0], "verify", "EmailChallenge", lifetime, ask)

    def verify(self, factors: Sequence[Factor], answer: Answer, ask: Ask) -> tuple[Factor, Proof]:
        """By the code that was sent to one of the addresses."""
        refused: WrongAnswer | Expired = Expired("nothing was sent")
        for factor in factors:
            try:
                self._take(factor, "verify", answer, ask)
            except (WrongAnswer, Expired) as error:
                refused = error if isinstance(error, WrongAnswer) else refused
                continue
            if factor.version:
                self._note(factor, ask)
            return factor, Proof("email", ask.now, factor.id)
        raise refused

    def _note(self, factor: Factor, ask: Ask) -> None:
        try:
            self.factors.used(factor, sign_count=0, backed_up=False, at=ask.now)
        except Conflict:
            raise NotActive("removed meanwhile") from None

    def _send(
        self, factor: Factor, purpose: ChallengePurpose, template: Template, lifetime: int | None, ask: Ask
    ) -> CodeSent:
        address = factor.address or ""
        allowance = self.pace.take(login_key(address), now=ask.now)
        if not allowance.allowed:
            raise TooFast(allowance)
        code = str(int.from_bytes(binary(self.ids.opaque(16)), "big") % 10**_DIGITS).zfill(_DIGITS)
        lifetime = lifetime or self.lifetime()
        key, expires_at = self.ids.opaque(_KEY_BYTES), ask.now + lifetime
        self.challenges.replace(
            FactorChallenge(
                digest=_digest(factor, purpose, ask),
                purpose=purpose,
                binding=ask.binding,
                created_at=ask.now,
                expires_at=expires_at,
                user_id=ask.user.id,
                factor_id=factor.id,
                key=key,
                code=_mac(key, code),
            )
        )
        values = {"verificationToken": code}
        letter = self.letters.to(ask.user, template, values, now=ask.now, lifetime=lifetime, address=address)
        if letter:
            self.outbox.add(letter)
        return CodeSent(address, expires_at)

    def _take(self, factor: Factor, purpose: ChallengePurpose, answer: Answer, ask: Ask) -> None:
        code = answer.digits if isinstance(answer, Passcode) else ""
        digest = _digest(factor, purpose, ask)
        try:
            asked = self.challenges.attempt(digest, most=_MOST_GUESSES)
        except NotFound:
            raise Expired("no code is waited for") from None
        if asked.expires_at <= ask.now or asked.key is None or asked.code is None:
            raise Expired("the code has expired")
        if len(code) != _DIGITS or not hmac.compare_digest(_mac(asked.key, code), asked.code):
            raise WrongAnswer("INVALID_PASSCODE")
        try:
            self.challenges.use(digest, asked)
        except NotFound:
            raise Expired("another call was first") from None


def _digest(factor: Factor, purpose: ChallengePurpose, ask: Ask) -> str:
    """What the code of a factor is found by: each transaction has its own."""
    told = " ".join((purpose, ask.user.id, factor.id, ask.binding))
    return unpadded(hashlib.sha256(told.encode()).digest())


def _mac(key: str, code: str) -> str:
    return unpadded(hmac.new(binary(key), code.encode(), hashlib.sha256).digest())
