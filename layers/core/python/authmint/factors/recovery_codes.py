"""Codes that let people in who lost their factors: ten, written down once, good once each."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..audit.builder import EventBuilder
from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..keys.vault import SecretSeals
from ..mail.letters import Letters
from ..storage.errors import Conflict
from ..storage.events import Party
from ..storage.recovery_codes import RecoveryCodes, RecoveryCodesRecord
from ..storage.retrying import Retrying
from ..storage.sign_on_transactions import Proof
from ..storage.users import User
from .answers import binary, unpadded
from .code_lockout import CodeLockout
from .kind import Ask
from .notices import RECOVERY_CODES, notice
from .refusals import FactorRefused, WrongAnswer, reason_of
from .sinks import VERIFIED, EventSink

MOST: Final = 10
#: Crockford's base32: nothing that looks like something else. A code has fifty bits.
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH: Final = 10
_LOOKALIKES: Final = str.maketrans("oil", "011", "- ")
_SECRET: Final = "recovery-codes"
_LABEL: Final = "RECOVERY_CODE"
_ONE: Final = "A recovery code"


@dataclass(frozen=True)
class RecoveryCodeBook:
    """Makes, spends and removes them. Digests are made with a key that key management seals."""

    records: RecoveryCodesRecord
    seals: SecretSeals
    lockout: CodeLockout
    letters: Letters
    events: EventSink
    clock: Clock
    ids: Ids
    retrying: Retrying = field(default_factory=Retrying)

    def of(self, user_id: str) -> RecoveryCodes:
        """What is left of a user's."""
        return self.records.of(user_id)

    def left(self, user: User) -> int:
        """How many a user has."""
        return len(self.records.of(user.id).digests)

    def renew(self, ask: Ask) -> Sequence[str]:
        """Ten new codes, to be shown once; all older ones are worth nothing. Raises Conflict."""
        codes = [self._new() for _ in range(MOST)]
        key = self.ids.opaque(32)
        after = RecoveryCodes(
            user_id=ask.user.id,
            created_at=ask.now,
            key=self.seals.seal(ask.user.id, _SECRET, key),
            digests=tuple(_mac(key, code) for code in codes),
        )
        recorder = Recorder(self.clock, self.ids, ask.actor or ask.party, ask.request)
        event = recorder.event("user.mfa.factor.activate", ask.party, debug={"factor": _LABEL})
        self.records.save(
            self.records.of(ask.user.id),
            after,
            [event],
            notice(self.letters, ask, "AuthenticatorEnrolled", RECOVERY_CODES),
        )
        return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]

    def remove(self, ask: Ask) -> None:
        """Take all away. Raises Conflict."""
        seen = self.records.of(ask.user.id)
        if seen.version:
            recorder = Recorder(self.clock, self.ids, ask.actor or ask.party, ask.request)
            event = recorder.event("user.mfa.factor.deactivate", ask.party, debug={"factor": _LABEL})
            self.records.remove(seen, [event])

    def verify(
        self, user: User, text: str, *, binding: str, now: int, request: Request, actor: Party | None = None
    ) -> Proof:
        """Spend a code. It counts as something that one has, for this one sign-on.

        Raises:
            WrongAnswer: It is none of them, or was used.
            LockedOut: The user is locked, perhaps by this code.
            TooFast: Too many codes at once.
            Unavailable: Storage or key management could not answer.
        """
        ask = Ask(user, now, request, binding, actor)
        try:
            self.lockout.judged(ask, lambda: self._spend(text, ask))
        except FactorRefused as refusal:
            self._tell(ask, reason_of(refusal))
            raise
        self._tell(ask, None)
        return Proof("recovery_code", ask.now)

    def _tell(self, ask: Ask, reason: str | None) -> None:
        builder = EventBuilder(ask.request, self.clock, self.ids)
        actor, debug = ask.actor or ask.party, {"factor": _LABEL}
        event = builder.event(VERIFIED, actor=actor, targets=(ask.party,), reason=reason, debug=debug)
        self.events.emit(event)

    def _spend(self, text: str, ask: Ask) -> None:
        typed = text.lower().translate(_LOOKALIKES)

        def attempt() -> None:
            before = self.records.of(ask.user.id)
            key = self.seals.open(ask.user.id, _SECRET, before.key) if before.digests else ""
            mac = _mac(key, typed)
            left = tuple(digest for digest in before.digests if not hmac.compare_digest(digest, mac))
            if len(left) == len(before.digests):
                raise WrongAnswer("INVALID_PASSCODE")
            after = replace(before, digests=left, last_used_at=ask.now)
            self.records.save(before, after, [], notice(self.letters, ask, "AuthenticatorReset", _ONE))

        self.retrying(attempt, on=(Conflict,))

    def _new(self) -> str:
        number = int.from_bytes(binary(self.ids.opaque(16)), "big")
        return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(_LENGTH))


def _mac(key: str, code: str) -> str:
    return unpadded(hmac.new(binary(key), code.encode(), hashlib.sha256).digest())
