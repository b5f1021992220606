"""One's own addresses: another one is proved before it counts (docs/protocol.md §34.7)."""

from collections.abc import Callable
from dataclasses import dataclass

from ..factors.addresses import is_verified
from ..factors.user_factors import UserFactors
from ..http import Request
from ..recovery.address_change import AddressChange, Pending, Role
from ..storage.users import User
from .profile import OwnProfiles
from .refusals import NotDone

_ATTRIBUTES = {"PRIMARY": "email", "SECONDARY": "secondEmail"}


@dataclass(frozen=True)
class OwnAddresses:
    """Addresses, for those whose they are."""

    change: AddressChange
    profiles: OwnProfiles
    factors: Callable[[], UserFactors]

    def has_factors(self, user: User) -> bool:
        """Whether the user has a second factor. Raises Unavailable."""
        return any(one.status == "ACTIVE" for one in self.factors().of(user))

    def is_open(self, user: User, role: Role) -> bool:
        """Whether the user may change an address of theirs. Raises Unavailable."""
        return self.change.on and self.profiles.permits(user, _ATTRIBUTES[role])

    def ask(self, user: User, binding: str, address: str, role: Role, *, now: int, mailed: bool = True) -> Pending:
        """Mail a code to a new address, which waits for it.

        Raises:
            NotDone: It is not the user's to change.
            WrongAnswer: That is no address, or no other one.
            TooOften: By this user, or to this address.
            Unavailable: Storage could not answer.
        """
        if self.change.on and not self.is_open(user, role):
            raise NotDone("not_allowed")
        return self.change.ask(user, binding, address, role, now=now, mailed=mailed)

    def confirm(self, user: User, binding: str, code: str, request: Request, *, now: int) -> User:
        """Take a code: the address counts, and what was at the old one does not any more.

        Raises:
            WrongAnswer: It is another code.
            NotOpen: None is waited for, or the user is not as they were.
            Unavailable: Storage could not answer; the same code can be sent again.
        """
        after = self.change.confirm(user, binding, code, now=now, request=request)
        factors = self.factors()
        for factor in factors.of(after):
            if factor.kind == "email" and factor.version and not is_verified(after, factor.address or ""):
                factors.remove(after, factor, now=now, request=request)
        self.change.close(after)
        return after
