"""Codes of authenticator apps (RFC 6238): HMAC-SHA-1, six digits, thirty seconds, which every app supports."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

from ..ids import Ids
from ..keys.vault import SecretSeals
from ..storage.errors import Conflict
from ..storage.factors import Factor, Factors
from ..storage.sign_on_transactions import Proof
from .answers import Answer, Passcode, binary
from .kind import Ask, CodeWanted, SharedSecret, Wishes
from .refusals import Replayed, WrongAnswer

PERIOD: Final = 30
DIGITS: Final = 6
#: RFC 4226 §4: the length of a secret should be that of the hash.
_SECRET_BYTES: Final = 20
#: Steps before and after the present one that are right, too: clocks differ, and people type slowly.
_WINDOW: Final = 1


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step (RFC 4226 §5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    start = digest[-1] & 0xF
    number = int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def steps_of(secret: bytes, code: str, now: int) -> Sequence[int]:
    """The steps around now whose code it is, the oldest first. All are computed whatever fits."""
    present = now // PERIOD
    around = range(max(present - _WINDOW, 0), present + _WINDOW + 1)
    return [step for step in around if hmac.compare_digest(code_at(secret, step), code)]


def otpauth_uri(secret: str, *, issuer: str, account: str) -> str:
    """What apps read from a QR code (Key Uri Format of Google Authenticator)."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
    values = {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": DIGITS, "period": PERIOD}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote, safe='')}"


@dataclass(frozen=True)
class Totp:
    """``Kind``. The secret is sealed with user and factor as its context; ``issuer`` names the org in apps."""

    factors: Factors
    seals: SecretSeals
    ids: Ids
    issuer: Callable[[str], str]
    most: int = 1
    guessable: bool = True
    label: str = "OTP"

    def enrol(self, factor: Factor, _: Wishes, ask: Ask) -> tuple[Factor, SharedSecret]:
        """With a new secret."""
        secret = base64.b32encode(binary(self.ids.opaque(_SECRET_BYTES))).decode().rstrip("=")
        sealed = self.seals.seal(factor.user_id, factor.id, secret)
        return replace(factor, secret=sealed), self._shared(secret, ask)

    def shown(self, factor: Factor, ask: Ask) -> SharedSecret:
        """The secret of a pending factor once more, for its QR code."""
        return self._shared(self._open(factor), ask)

    def activate(self, factor: Factor, answer: Answer, ask: Ask) -> Factor:
        """The code that activates is used up by it."""
        return replace(factor, status="ACTIVE", last_step=self._step(factor, answer, ask.now))

    def challenge(self, _factors: Sequence[Factor], _ask: Ask, _lifetime: int | None) -> CodeWanted:
        """The app has the code already."""
        return CodeWanted()

    def verify(self, factors: Sequence[Factor], answer: Answer, ask: Ask) -> tuple[Factor, Proof]:
        """The first factor whose code it is. One conditional write uses its step up, and all before it."""
        for factor in factors:
            try:
                step = self._step(factor, answer, ask.now)
            except WrongAnswer:
                continue
            try:
                self.factors.use_step(factor, step, at=ask.now)
            except Conflict:
                raise Replayed("another call was first") from None
            return factor, Proof("totp", ask.now, factor.id)
        raise WrongAnswer("INVALID_PASSCODE")

    def _step(self, factor: Factor, answer: Answer, now: int) -> int:
        code = answer.digits if isinstance(answer, Passcode) else ""
        if len(code) != DIGITS:
            raise WrongAnswer("INVALID_PASSCODE")
        fitting = steps_of(_bytes_of(self._open(factor)), code, now)
        if not fitting:
            raise WrongAnswer("INVALID_PASSCODE")
        unused = [step for step in fitting if step > factor.last_step]
        if not unused:
            raise Replayed("an older step")
        return unused[0]

    def _open(self, factor: Factor) -> str:
        return self.seals.open(factor.user_id, factor.id, factor.secret or "")

    def _shared(self, secret: str, ask: Ask) -> SharedSecret:
        issuer = self.issuer(ask.request.base_url)
        return SharedSecret(secret, otpauth_uri(secret, issuer=issuer, account=ask.user.login))


def _bytes_of(secret: str) -> bytes:
    return base64.b32decode(secret + "=" * (-len(secret) % 8))
