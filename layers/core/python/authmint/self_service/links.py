"""Identity providers that know somebody: which, and the end of it (docs/protocol.md §43.5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.directory import Person
from ..storage.errors import AlreadyExists, Conflict, NotFound
from ..storage.events import Event, Party
from ..storage.factors import Factor, Factors
from ..storage.identity_providers import MOST_LINKS, IdentityProvider, IdentityProviders, IdpLink, IdpLinks
from ..storage.retrying import Retrying
from ..storage.roles import Roles
from ..storage.users import User
from .refusals import NotDone


@dataclass(frozen=True)
class Linked:
    """A provider that knows the user. ``provider``: ``None``: it is gone."""

    link: IdpLink
    provider: IdentityProvider | None

    @property
    def opens(self) -> bool:
        """Whether somebody can sign in by it."""
        return self.provider is not None and self.provider.status == "ACTIVE"


@dataclass(frozen=True)
class OwnLinks:
    """Links to providers, for those whose they are."""

    providers: IdentityProviders
    links: IdpLinks
    factors: Factors
    roles: Roles
    clock: Clock
    ids: Ids
    retrying: Retrying

    def of(self, user: User) -> Sequence[Linked]:
        """Every provider that knows the user. Raises Unavailable."""
        listed = self.providers.all()
        found = [Linked(link, listed.get(link.idp_id)) for link in self.links.of_user(user.id)]
        return [one for one in found if one.provider is not None]

    def other_ways(self, user: User) -> int:
        """How many ways there are to sign in as the user but the password. Raises Unavailable."""
        return sum(linked.opens for linked in self.of(user)) + self._keys(user)

    def is_only_way(self, user: User, factor_id: str) -> bool:
        """Whether nobody could sign in as the user without a factor. Raises Unavailable."""
        keys = [one.id for one in self.factors.of(user.id) if _signs_in(one)]
        if user.password is not None or factor_id not in keys:
            return False
        return len(keys) == 1 and not any(linked.opens for linked in self.of(user))

    def offered(self, person: Person) -> Sequence[IdentityProvider]:
        """Providers that the user may be linked to, and is not. Raises Unavailable."""
        if self._administers(person):
            return []
        known = {link.idp_id for link in self.links.of_user(person.user.id)}
        if len(known) >= MOST_LINKS:
            return []
        return [one for one in self.providers.all().providers if one.id not in known and self._takes(one, person)]

    def check_linkable(self, person: Person, provider: IdentityProvider) -> None:
        """Whether the user may be linked to a provider. Raises NotDone."""
        if provider.id not in {one.id for one in self.offered(person)}:
            raise NotDone("not_linkable")

    def add(self, person: Person, link: IdpLink, request: Request) -> None:
        """Link the user to a provider that has just said who they are there.

        Raises:
            NotDone: The user may not be, or somebody is by this name.
            NotFound: The user or the provider is gone.
            Unavailable: Storage could not answer.
        """
        provider = self.providers.all().get(link.idp_id)
        if provider is None:
            raise NotFound(link.idp_id)
        self.check_linkable(person, provider)
        event = self._event("user.idp.link.create", person.user, provider, request)
        try:
            self.retrying(lambda: self.links.add(link, [event]))
        except AlreadyExists:
            if not self._is_theirs(link):
                raise NotDone("taken") from None

    def remove(self, user: User, idp_id: str, request: Request) -> None:
        """Unlink the user, who signs in otherwise from here on. Nothing happens where they are not linked.

        Raises:
            NotDone: It is the only way in, or the provider keeps the user's profile.
            Unavailable: Storage could not answer.
        """

        def attempt() -> None:
            known = self.of(user)
            mine = next((one for one in known if one.link.idp_id == idp_id), None)
            if mine is None or mine.provider is None:
                return
            if user.provider is not None and user.provider.idp_id == idp_id and mine.provider.linking.profile_master:
                raise NotDone("not_allowed")
            others = [one.link for one in known if one.opens and one.link.idp_id != idp_id]
            beside = others[0] if others and user.password is None and not self._keys(user) else None
            if user.password is None and not others and not self._keys(user):
                raise NotDone("only_way_in")
            event = self._event("user.idp.link.delete", user, mine.provider, request)
            try:
                # Of two that may each go if the other one stays, one stays.
                self.links.remove(mine.link, [event], beside=beside)
            except NotFound:
                raise Conflict("it is gone, or what was to stay is") from None

        self.retrying(attempt)

    def _is_theirs(self, link: IdpLink) -> bool:
        """Whether it is there already: the call was repeated."""
        try:
            return self.links.by_subject(link.idp_id, link.external_id).user_id == link.user_id
        except NotFound:
            return False

    def _keys(self, user: User) -> int:
        return sum(map(_signs_in, self.factors.of(user.id)))

    def _administers(self, person: Person) -> bool:
        return bool(self.roles.get().of_user(person.user.id, [group.id for group in person.groups]))

    def _takes(self, provider: IdentityProvider, person: Person) -> bool:
        """Whether people who are here already may be linked to it, and this one among them."""
        linking = provider.linking
        if provider.status != "ACTIVE" or not linking.link or person.user.id in linking.link_excluded:
            return False
        return not linking.link_groups or not person.group_ids.isdisjoint(linking.link_groups)

    def _event(self, event_type: str, user: User, provider: IdentityProvider, request: Request) -> Event:
        party = Party(user.id, "User", alternate_id=user.login)
        about = Party(provider.id, "IdentityProvider", display_name=provider.name)
        return Recorder(self.clock, self.ids, party, request).event(event_type, party, about)


def _signs_in(factor: Factor) -> bool:
    """Whether it says who somebody is without a username: such a key is all that it takes."""
    known = factor.credential
    return factor.kind == "webauthn" and factor.status == "ACTIVE" and known is not None and known.discoverable
