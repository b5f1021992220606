"""Identity providers and whom they know, in memory."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from authmint.storage.errors import AlreadyExists, Conflict, NotFound
from authmint.storage.events import Event
from authmint.storage.identity_providers import IdentityProvider, IdentityProviderList, IdpLink
from authmint.storage.ways_in import Way

from .directory import MemoryUsers

Record = Callable[[Sequence[Event]], None]


class MemoryIdentityProviders:
    """``IdentityProviders``."""

    def __init__(self, links: "MemoryIdpLinks", lock: threading.RLock, record: Record) -> None:
        self._links = links
        self._lock = lock
        self._record = record
        self._listed = IdentityProviderList()
        self.forget: Callable[[str], object] = lambda _: None
        links.providers = self

    def all(self) -> IdentityProviderList:
        return self._listed

    def save(
        self,
        before: IdentityProvider | None,
        after: IdentityProvider | None,
        events: Sequence[Event],
        *,
        seen: IdentityProviderList,
    ) -> None:
        about = before if after is None else after
        assert about is not None
        with self._lock:
            if self._listed.version != seen.version:
                raise Conflict(about.id)
            providers = [one for one in self._listed.providers if one.id != about.id]
            if after is not None:
                providers.append(replace(after, version=(0 if before is None else before.version) + 1))
            else:
                self._links.forget(idp_id=about.id)
                self.forget(about.id)
            ordered = tuple(sorted(providers, key=lambda one: one.id))
            self._listed = IdentityProviderList(ordered, seen.version + 1)
            self._record(events)


class MemoryIdpLinks:
    """``IdpLinks``."""

    def __init__(self, users: MemoryUsers, lock: threading.RLock, record: Record) -> None:
        self._users = users
        self._lock = lock
        self._record = record
        self._links: dict[tuple[str, str], IdpLink] = {}
        self.providers: MemoryIdentityProviders | None = None
        users.links = self

    def by_subject(self, idp_id: str, external_id: str) -> IdpLink:
        for link in self._links.values():
            if (link.idp_id, link.external_id) == (idp_id, external_id):
                return link
        raise NotFound(idp_id)

    def get(self, idp_id: str, user_id: str) -> IdpLink:
        try:
            return self._links[idp_id, user_id]
        except KeyError:
            raise NotFound(user_id) from None

    def of_idp(self, idp_id: str, *, after: str | None = None, limit: int = 200) -> Sequence[IdpLink]:
        found = sorted(user for idp, user in self._links if idp == idp_id and (after is None or user > after))
        return [self._links[idp_id, user] for user in found[:limit]]

    def of_user(self, user_id: str) -> Sequence[IdpLink]:
        return [self._links[pair] for pair in sorted(self._links) if pair[1] == user_id]

    def add(self, link: IdpLink, events: Sequence[Event]) -> None:
        with self._lock:
            if link.user_id not in self._users.users:
                raise NotFound(link.user_id)
            self.check(link)
            self.put(link)
            self._record(events)

    def check(self, link: IdpLink) -> None:
        """Raises NotFound, AlreadyExists: it cannot be added."""
        if self.providers is None or self.providers.all().get(link.idp_id) is None:
            raise NotFound(link.idp_id)
        names = {(one.idp_id, one.external_id) for one in self._links.values()}
        if (link.idp_id, link.user_id) in self._links or (link.idp_id, link.external_id) in names:
            raise AlreadyExists("externalId")

    def put(self, link: IdpLink) -> None:
        """Store it."""
        self._links[link.idp_id, link.user_id] = link

    def update(self, link: IdpLink) -> None:
        with self._lock:
            if (link.idp_id, link.user_id) in self._links:
                self.put(link)

    def remove(self, link: IdpLink, events: Sequence[Event], *, beside: Way | None = None) -> None:
        with self._lock:
            if beside is not None and not self._users.has(beside):
                raise NotFound(link.user_id)
            self.get(link.idp_id, link.user_id)
            self.forget(idp_id=link.idp_id, user_id=link.user_id)
            self._record(events)

    def forget(self, *, idp_id: str | None = None, user_id: str | None = None) -> None:
        """Whatever one of the two has."""
        self._links = {
            pair: link
            for pair, link in self._links.items()
            if (idp_id is not None and pair[0] != idp_id) or (user_id is not None and pair[1] != user_id)
        }
