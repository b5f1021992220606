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
from ..storage.identity_providers import MOST_LINKS, IdentityProvider, IdentityProviders, IdpLink, IdpLinks
from ..storage.retrying import Retrying
from ..storage.roles import Roles
from ..storage.users import User
from .refusals import NotDone
from .ways_in import WaysIn


@dataclass(frozen=True)
class Linked:
    """A provider that knows the user. ``provider``: ``None``: it is gone."""

    link: IdpLink
    provider: IdentityProvider | None


@dataclass(frozen=True)
class OwnLinks:
    """Links to providers, for those whose they are."""

    providers: IdentityProviders
    links: IdpLinks
    ways: WaysIn
    roles: Roles
    clock: Clock
    ids: Ids
    retrying: Retrying

    def of(self, user: User) -> Sequence[Linked]:
        """Every provider that knows the user. Raises Unavailable."""
        listed = self.providers.all()
        found = [Linked(link, listed.get(link.idp_id)) for link in self.links.of_user(user.id)]
        return [one for one in found if one.provider is not None]

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

    def remove(self, user_id: str, idp_id: str, request: Request) -> None:
        """Unlink the user, who signs in otherwise from here on. Nothing happens where they are not linked.

        Raises:
            NotDone: It is the only way in, or the provider keeps the user's profile.
            NotFound: The user is gone.
            Unavailable: Storage could not answer.
        """

        def attempt() -> None:
            user = self.ways.users.get(user_id)
            mine = next((one for one in self.of(user) if one.link.idp_id == idp_id), None)
            if mine is None or mine.provider is None:
                return
            if user.provider is not None and user.provider.idp_id == idp_id and mine.provider.linking.profile_master:
                raise NotDone("not_allowed")
            beside = self.ways.beside(user, idp_id)
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
