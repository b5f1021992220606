"""An authenticator app in somebody's hand."""

from authmint.clock import Clock
from authmint.factors.answers import Passcode
from authmint.factors.totp import code_at
from authmint.factors.user_factors import UserFactors
from authmint.http import Request
from authmint.storage.factors import Factor
from authmint.storage.users import User

from tests.support.fakes import FrozenClock

_ASKED = Request("POST", "/", base_url="https://acme.example.com", source_ip="198.51.100.7")


class App:
    """Knows a secret, and the time."""

    def __init__(self, secret: str, clock: Clock) -> None:
        import base64

        self._secret, self._clock = base64.b32decode(secret), clock

    @classmethod
    def of(cls, factors: UserFactors, user: User, clock: FrozenClock) -> tuple["App", Factor]:
        """One that is set up already, some time ago."""
        factor, shared = factors.enrol(user, "totp", now=clock.now(), request=_ASKED)
        app = cls(shared.secret, clock)  # type: ignore[union-attr]
        active = factors.activate(user, factor, Passcode(app.code), now=clock.now(), request=_ASKED)
        clock.advance(seconds=60)
        return app, active

    @property
    def code(self) -> str:
        """What it shows now."""
        return code_at(self._secret, self._clock.now() // 30)

    @property
    def wrong(self) -> str:
        """What it does not show in these minutes."""
        near = {code_at(self._secret, self._clock.now() // 30 + n) for n in range(-5, 6)}
        return next(code for code in ("000000", "111111", "222222") if code not in near)
