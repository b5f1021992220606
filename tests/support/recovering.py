"""Recovery over storage in memory, as the deployed functions are wired."""

from collections.abc import Callable, Mapping
from typing import Any

from authmint.audit.builder import EventBuilder
from authmint.clock import Clock
from authmint.directory.passwords import PasswordHashes
from authmint.expressions.regexes import matches
from authmint.factors.user_factors import UserFactors
from authmint.http import Request
from authmint.ids import Ids
from authmint.mail.letters import Letters
from authmint.pages.documents import HostedPages
from authmint.pages.recovery.pages import RecoveryPages
from authmint.policy.sign_on.circumstances import Circumstances
from authmint.policy.sign_on.defaults import Seeds
from authmint.policy.sign_on.password import PasswordDecision
from authmint.provisioning.rule_memberships import RuleMemberships, by_themselves
from authmint.rate_limit import RateLimit
from authmint.recovery.address_change import AddressChange
from authmint.recovery.helpdesk import Brakes, Helpdesk
from authmint.recovery.recovery import Recovery
from authmint.recovery.sign_up import SignUp
from authmint.recovery.tickets import Tickets
from authmint.sign_on.policies import AppliedPolicies
from authmint.storage.directory import Person
from authmint.storage.events import Event
from authmint.storage.users import User

from tests.memory.storage import MemoryStorage
from tests.support.fakes import AT_ONCE


def _unasked(hook_id: str, *_: Any) -> Mapping[str, Any]:
    raise AssertionError(f"nobody has the hook {hook_id!r} asked")


class Recovering:
    """Who helps, and what tickets are good for. ``answers`` to a question that are taken in five minutes."""

    def __init__(
        self, storage: MemoryStorage, hashes: PasswordHashes, clock: Clock, ids: Ids, *, on: bool = True
    ) -> None:
        self.storage, self.clock, self.ids, self.on = storage, clock, ids, on
        self.policies = AppliedPolicies(storage.sign_on_policies, storage.zones, Seeds(mail=on))
        self.letters = Letters(ids, on=on)
        self.hook: Callable[[str, Mapping[str, Any], Request], Mapping[str, Any]] = _unasked
        brakes = Brakes(
            self._limit("recovery", 1, 30), self._limit("recoveries", 5, 3_600), self._limit("r", 20, 3_600)
        )
        self.helpdesk = Helpdesk(
            storage.directory,
            storage.groups,
            storage.roles,
            storage.recovery_tickets,
            self.letters,
            self.decide,
            brakes,
            clock,
            ids,
        )
        self.recovery = Recovery(
            Tickets(storage.users, storage.recovery_tickets),
            storage.directory,
            storage.factors,
            hashes,
            self.letters,
            self.decide,
            self._limit("answer", 5, 300),
            clock,
            ids,
            AT_ONCE,
            self._ruled,
        )

    def _ruled(self, user: User, request: Request) -> None:
        records = self.storage
        rules = RuleMemberships(records.group_rules, records.users, records.groups, records.roles, AT_ONCE)
        rules.apply(user.id, by_themselves(user, request, self.clock, self.ids), at=self.clock.now())

    def _limit(self, kind: str, most: int, seconds: int) -> RateLimit:
        return RateLimit(self.storage.rate_counters, kind, most=most, seconds=seconds)

    def decide(self, person: Person, request: Request, now: int) -> PasswordDecision:
        """What holds for somebody's password."""
        return self.policies.password(self.policies.facts(person, Circumstances(request.source_ip), now=now))

    def addresses(self) -> AddressChange:
        """What changes the address of who is signed in."""
        return AddressChange(
            self.storage.users,
            self.storage.factor_challenges,
            self.storage.outbox,
            self.letters,
            self._limit("address_change", 5, 3_600),
            self._limit("code", 1, 5),
            self.clock,
            self.ids,
            AT_ONCE,
            self._ruled,
        )

    def sign_up(self) -> SignUp:
        """What makes accounts of strangers."""
        return SignUp(
            self.storage.users,
            self.storage.groups,
            self.storage.roles,
            self.storage.recovery_tickets,
            self.letters,
            self.storage.user_schemas.get,
            matches,
            lambda *asked: self.hook(*asked),
            self._limit("signup", 10, 3_600),
            self.clock,
            self.ids,
            AT_ONCE,
        )

    def pages(
        self, pages: HostedPages, emit: Callable[[Event], None], factors: UserFactors | None = None
    ) -> RecoveryPages:
        """The pages."""

        def user_factors() -> UserFactors:
            assert factors is not None
            return factors

        return RecoveryPages(
            pages,
            self.on,
            lambda: self.helpdesk,
            lambda: self.recovery,
            user_factors,
            self.addresses,
            self.sign_up,
            self.policies.sign_up,
            emit,
            lambda request: EventBuilder(request, self.clock, self.ids),
        )
