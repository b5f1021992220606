"""Ann and her factors, in memory."""

from dataclasses import dataclass, field, replace
from typing import Any

from authmint.factors.answers import AssertionAnswer, Passcode, RegistrationAnswer
from authmint.factors.enrolment_rules import EverythingOptional
from authmint.factors.kind import KeyOptions, SharedSecret
from authmint.factors.totp import code_at
from authmint.factors.user_factors import UserFactors
from authmint.http import Request
from authmint.mail.letters import Letters
from authmint.storage.authenticators import AuthenticatorKey
from authmint.storage.factors import Factor
from authmint.storage.outbox import Mail
from authmint.storage.users import User

from tests.memory.parts import Emitted, MemoryParts
from tests.memory.storage import MemoryStorage
from tests.support.authenticator import Made, Signed, SoftwareKey, unpadded
from tests.support.builders import a_user
from tests.support.fakes import CountingIds, FakeKeyPairs, FrozenClock

ASKED = Request("POST", "/challenge", base_url="https://acme.example.com", source_ip="198.51.100.7")


def registration(made: Made) -> RegistrationAnswer:
    """As a page sends it."""
    return RegistrationAnswer(made.client_data, made.attestation, ("internal", "hybrid", "odd"), made.extensions)


def assertion(signed: Signed, *, named: bool = True) -> AssertionAnswer:
    """As a page sends it; ``named``: with the ids."""
    handle = None if signed.user_handle is None else unpadded(signed.user_handle)
    ids = (unpadded(signed.credential_id), handle) if named else (None, None)
    return AssertionAnswer(signed.client_data, signed.authenticator_data, signed.signature, *ids)


class _Mailing(MemoryParts):
    """A deployment that sends mail."""

    def letters(self) -> Letters:
        return Letters(self.ids, on=True)


@dataclass
class Factored:
    """A deployment with Ann."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    clock: FrozenClock = field(default_factory=FrozenClock)
    log: Emitted = field(default_factory=Emitted)
    parts: MemoryParts = field(init=False)
    factors: UserFactors = field(init=False)

    def __post_init__(self) -> None:
        self.parts = _Mailing(self.storage, vault=FakeKeyPairs(), clock=self.clock, ids=CountingIds(), log=self.log)
        # What policies let people set up is for other tests.
        self.factors = replace(self.parts.user_factors(), rules=EverythingOptional())
        self.storage.users.add(a_user(), [])

    @property
    def ann(self) -> User:
        return self.storage.users.get("00uA")

    @property
    def letters(self) -> list[Mail]:
        return self.storage.outbox.mails

    def sent(self) -> Passcode:
        """The code that was sent last."""
        return Passcode(self.letters[-1].values["verificationToken"])

    def sign_on_by_mail(self) -> None:
        """Codes by email sign people on."""
        listed = self.storage.authenticators.get()
        email = replace(listed.of("okta_email"), settings={"allowedFor": "any", "tokenLifetimeInMinutes": 5})
        self.storage.authenticators.save(listed, listed.with_changed(email), [])

    def switch_off(self, key: AuthenticatorKey) -> None:
        listed = self.storage.authenticators.get()
        off = replace(listed.of(key), status="INACTIVE")
        self.storage.authenticators.save(listed, listed.with_changed(off), [])

    @property
    def status(self) -> str:
        return self.ann.status

    @property
    def asked(self) -> dict[str, Any]:
        return {"now": self.clock.now(), "request": ASKED}

    def app(self, user: User | None = None) -> tuple[Factor, bytes]:
        """An app that is enrolled and activated, in an earlier step than the present one; and its secret."""
        import base64

        factor, shared = self.factors.enrol(user or self.ann, "totp", **self.asked)
        assert isinstance(shared, SharedSecret)
        secret = base64.b32decode(shared.secret)
        active = self.factors.activate(user or self.ann, factor, self.code(secret), **self.asked)
        self.clock.advance(seconds=60)
        return active, secret

    def code(self, secret: bytes, *, steps: int = 0) -> Passcode:
        """The code of now, or of so many steps later."""
        return Passcode(code_at(secret, self.clock.now() // 30 + steps))

    def key(self, key: SoftwareKey | None = None, user: User | None = None, **made: Any) -> tuple[Factor, SoftwareKey]:
        """A key that is enrolled and activated."""
        key = key or SoftwareKey()
        owner = user or self.ann
        factor, asked = self.factors.enrol(owner, "webauthn", **self.asked)
        assert isinstance(asked, KeyOptions)
        answer = registration(key.create(asked.options, **made))
        return self.factors.activate(owner, factor, answer, **self.asked), key

    def challenge(self, *factors: Factor, binding: str = "t") -> Any:
        """Options by which keys are asked for."""
        asked = self.factors.challenge(self.ann, factors, binding=binding, **self.asked)
        assert isinstance(asked, KeyOptions)
        return asked.options

    def wrong(self, secret: bytes) -> Passcode:
        """No code of these minutes."""
        right = {code_at(secret, self.clock.now() // 30 + n) for n in range(-5, 6)}
        return Passcode(next(code for code in ("000000", "111111", "222222") if code not in right))
