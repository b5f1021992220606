"""What is left to sign in with when something goes (docs/protocol.md §43.5)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..storage.authenticators import AuthenticatorList
from ..storage.factors import Factor, Factors
from ..storage.identity_providers import IdentityProviders, IdpLinks
from ..storage.users import User, Users
from ..storage.ways_in import Way, name_of
from .refusals import NotDone


@dataclass(frozen=True)
class WaysIn:
    """Ways to sign in: the password, active providers that know somebody, and keys that need no username."""

    users: Users
    providers: IdentityProviders
    links: IdpLinks
    factors: Factors
    authenticators: Callable[[], AuthenticatorList]

    def of(self, user: User) -> Sequence[Way]:
        """All that count now. Raises Unavailable."""
        ways: list[Way] = [] if user.password is None else [user]
        listed = self.providers.all()
        for link in self.links.of_user(user.id):
            provider = listed.get(link.idp_id)
            if provider is not None and provider.status == "ACTIVE":
                ways.append(link)
        keys = [factor for factor in self.factors.of(user.id) if _is_enough(factor)]
        return [*ways, *keys] if keys and self.authenticators().signs_on("webauthn") else ways

    def beside(self, user: User, going: str) -> Way:
        """One that stays when another one goes: the change that takes that away is made on condition of it.

        Args:
            user: As they are now.
            going: Id of the user for the password, of the provider for a link, or of a factor.

        Raises:
            NotDone: None stays.
            Unavailable: Storage could not answer.
        """
        for way in self.of(user):
            if name_of(way) != going:
                return way
        raise NotDone("only_way_in")

    def beside_factor(self, user_id: str, factor: Factor) -> Sequence[Way]:
        """What has to stay when a factor goes; nothing: nobody can sign in by it alone.

        Raises:
            NotDone: None stays, or the user is gone.
            Unavailable: Storage could not answer.
        """
        return [self.beside(self.users.get(user_id), factor.id)] if _is_enough(factor) else []


def _is_enough(factor: Factor) -> bool:
    """Whether it says who somebody is without a username: such a key is all that it takes."""
    known = factor.credential
    return factor.kind == "webauthn" and factor.status == "ACTIVE" and known is not None and known.discoverable
