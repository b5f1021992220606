"""What applications may do in somebody's name, and the end of it (docs/protocol.md §43.4)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.clients import Client
from ..storage.consents import Consent, Consents
from ..storage.events import EventLog, Party
from ..storage.liveness import NotAlive, check_family
from ..storage.servers import AuthorizationServer
from ..storage.token_families import TokenFamilies, TokenFamily
from ..storage.users import User

_PAGE = 200
#: Server id and client id: both as they are now; ``None``: it is gone.
Find = Callable[[str, str], tuple[AuthorizationServer | None, Client | None]]


@dataclass(frozen=True)
class Access:
    """What an application may do at one authorization server.

    Attributes:
        server: ``None``: it is gone.
        scopes: By name, in ascending order.
        offline: It can go on without the user.
        since: When it came to be.
    """

    server_id: str
    server: AuthorizationServer | None
    scopes: tuple[str, ...]
    offline: bool
    since: int


@dataclass
class AppAccess:
    """An application that may do something. ``client``: ``None``: it is gone."""

    client_id: str
    client: Client | None
    access: list[Access] = field(default_factory=list)


@dataclass(frozen=True)
class OwnApps:
    """Applications, for those in whose name they act."""

    consents: Consents
    families: TokenFamilies
    find: Find
    log: EventLog
    clock: Clock
    ids: Ids

    def all(self, user: User, *, now: int) -> Sequence[AppAccess]:
        """Every application that was agreed to, or holds tokens. Raises Unavailable."""
        agreed: dict[tuple[str, str], list[Consent]] = {}
        for consent in self.consents.of_user(user.id):
            if consent.answer == "GRANTED":
                agreed.setdefault((consent.client_id, consent.server_id), []).append(consent)
        held: dict[tuple[str, str], list[TokenFamily]] = {}
        for family in self._families(user.id):
            if _is_alive(family, user, now):
                held.setdefault((family.client_id, family.server_id), []).append(family)
        found: dict[str, AppAccess] = {}
        for client_id, server_id in sorted({*agreed, *held}):
            server, client = self.find(server_id, client_id)
            consents, families = agreed.get((client_id, server_id), []), held.get((client_id, server_id), [])
            scopes = {one.scope for one in consents} | {scope for one in families for scope in one.scopes}
            since = min([*(one.created_at for one in consents), *(one.created_at for one in families)])
            offline = any(one.holds_refresh_token for one in families)
            app = found.setdefault(client_id, AppAccess(client_id, client))
            app.access.append(Access(server_id, server, tuple(sorted(scopes)), offline, since))
        return list(found.values())

    def withdraw(self, user: User, client_id: str, request: Request, *, now: int) -> bool:
        """Take everything back from one application: it has to ask anew, and its tokens are worth nothing.

        Whether anything was there. It can be done again, until all of it is. Raises Unavailable.
        """
        families = [one for one in self._families(user.id) if one.client_id == client_id and one.revoked_at is None]
        consents = [one for one in self.consents.of_user(user.id) if one.client_id == client_id]
        if not (families or consents):
            return False
        self._record(user, client_id, families, consents, request)
        for family in families:  # first: what was not agreed to any more must not hold anything
            self.families.revoke(family.id, "user", at=now)
        self.consents.revoke(consents)
        return True

    def withdraw_tokens(self, user: User, request: Request, *, now: int, but: str | None = None) -> None:
        """Take all tokens back from every application. What was agreed to stays.

        Args:
            user: Whose.
            request: For the log.
            now: Unix seconds.
            but: Id of a family that stays.

        Raises:
            Unavailable: Some may be revoked.
        """
        families = [one for one in self._families(user.id) if one.revoked_at is None and one.id != but]
        if families:
            party = Party(user.id, "User", alternate_id=user.login)
            event = Recorder(self.clock, self.ids, party, request).event
            self.log.record([event("app.oauth2.token.revoke.implicit.user", party)])
        for family in families:
            self.families.revoke(family.id, "user", at=now)

    def _families(self, user_id: str) -> Iterator[TokenFamily]:
        after: str | None = None
        while batch := self.families.of_user(user_id, after=after, limit=_PAGE):
            yield from batch
            after = batch[-1].id
            if len(batch) < _PAGE:
                return

    def _record(
        self,
        user: User,
        client_id: str,
        families: Sequence[TokenFamily],
        consents: Sequence[Consent],
        request: Request,
    ) -> None:
        party = Party(user.id, "User", alternate_id=user.login)
        app = Party(client_id, "PublicClientApp")
        event = Recorder(self.clock, self.ids, party, request).event
        events = []
        if consents:
            scopes = [one.scope for one in consents]
            events.append(event("app.oauth2.as.consent.revoke.user", party, app, debug={"scopes": scopes}))
        if families:
            events.append(event("app.oauth2.token.revoke.implicit.user", party, app))
        self.log.record(events)


def _is_alive(family: TokenFamily, user: User, now: int) -> bool:
    try:
        check_family(family)
    except NotAlive:
        return False
    if family.generations.user != user.token_generation:
        return False
    return family.expires_at is None or family.expires_at > now
