"""What is remembered of sign-ons, so that unusual ones are told from others (docs/protocol.md §33.6)."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..policy.sign_on.behaviors import behaviors_of, is_new, results, with_sign_in
from ..policy.sign_on.circumstances import Circumstances
from ..policy.sign_on.facts import ZoneFacts
from ..policy.sign_on.risk import Signals, Weights, assess
from ..rate_limit import network_of
from ..storage.behaviors import Behaviors, Threats
from ..storage.errors import Conflict
from ..storage.outbox import Mail
from ..storage.rate_counters import RateCounters
from ..storage.sign_on_history import SignOnHistories
from ..storage.sign_on_transactions import Assessment
from ..storage.users import login_key

#: Failures are counted by the hour, and those of addresses by ten minutes: the window that runs, and the one before.
_HOUR: Final = 3_600
_TEN_MINUTES: Final = 600
#: Sign-ins of one user at once that are each told.
_ATTEMPTS: Final = 5
#: So many people whose sign-ins fail from one address are no accident.
_ATTACK: Final = 20


@dataclass(frozen=True)
class Watch:
    """Histories and counters. Nothing that is read here lets anybody in."""

    histories: SignOnHistories
    behaviors: Behaviors
    threats: Threats
    counters: RateCounters
    weights: Weights = field(default_factory=Weights)

    def assess(
        self,
        user_id: str,
        login: str,
        here: Circumstances,
        *,
        now: int,
        changed_at: int | None = None,
        trusted: bool = False,
    ) -> Assessment:
        """How unusual a sign-on is.

        Args:
            user_id: Whose.
            login: Theirs: by it failures are counted.
            here: Of the request.
            now: Unix seconds.
            changed_at: When the password was chosen.
            trusted: The device is remembered, or a passkey came first.
        """
        history = self.histories.get(user_id)
        signals = Signals(
            failures=self._counted("failures", login_key(login), _HOUR, now),
            attack=self.suspected(here, now=now),
            changed_at=changed_at,
            trusted=trusted,
        )
        found = results(behaviors_of(self.behaviors.get()), history, here, now=now)
        return assess(history, here, signals, found, now=now, weights=self.weights)

    def names(self) -> dict[str, str]:
        """Names of behaviours by their ids, for expressions."""
        return {one.id: one.name for one in behaviors_of(self.behaviors.get())}

    def succeeded(
        self, user_id: str, here: Circumstances, *, now: int, notice: Callable[[], Sequence[Mail]] = lambda: ()
    ) -> None:
        """Remember a sign-in, after it. Of two at once, one may be forgotten: it is no proof of anything.

        Args:
            user_id: Whose.
            here: Of the request.
            now: Unix seconds.
            notice: What is mailed where the device is a new one, which is stored with it.
        """
        for _ in range(_ATTEMPTS):
            before = self.histories.get(user_id)
            mails = notice() if is_new(before, here, now=now) else ()
            try:
                self.histories.save(before, with_sign_in(before, here, now=now), mails=mails)
            except Conflict:
                if mails:
                    continue
            return

    def failed(self, login: str, here: Circumstances, *, now: int) -> None:
        """Count a wrong password or code. ``login``: as it was typed, whether it is somebody's or nobody's."""
        who, address = login_key(login), network_of(here.address)
        self._count("failures", who, _HOUR, now)
        # Each of them counts once for an address, however often it fails.
        if address and self._count("failed", f"{address} {who}", _TEN_MINUTES, now) == 1:
            self._count("attack", address, _TEN_MINUTES, now)

    def suspected(self, here: Circumstances, *, now: int) -> bool:
        """Whether many people's sign-ins fail from this address."""
        address = network_of(here.address)
        return bool(address) and self._counted("attack", address, _TEN_MINUTES, now) >= _ATTACK

    def refuses(self, here: Circumstances, zones: ZoneFacts, *, now: int) -> bool:
        """Whether nobody is let in from this address for now, as administrators configured it."""
        threats = self.threats.get()
        if threats.action != "block" or zones.inside & frozenset(threats.excluded):
            return False
        return self.suspected(here, now=now)

    def forget(self, user_id: str) -> None:
        """Start the history anew. Raises Conflict: a sign-in came between."""
        before = self.histories.get(user_id)
        if before.sign_ins:
            self.histories.save(before, replace(before, sign_ins=()))

    def _count(self, kind: str, who: str, seconds: int, now: int) -> int:
        window = now // seconds
        return self.counters.add(_key(kind, who, window), expires_at=(window + 2) * seconds)

    def _counted(self, kind: str, who: str, seconds: int, now: int) -> int:
        window = now // seconds
        return sum(self.counters.count(_key(kind, who, one)) for one in (window, window - 1))


def _key(kind: str, who: str, window: int) -> str:
    return f"{kind}#{hashlib.sha256(who.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}#{window}"
