"""Tells clients that a session has ended (OpenID Connect Back-Channel Logout 1.0, docs/protocol.md §16).

Sessions whose user was deactivated, or has another password, end here too: whoever changes a user has no time for them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from ..backoff import pause
from ..clock import Clock
from ..ids import Ids
from ..outage import Outage
from ..storage.clients import Client
from ..storage.configuration import Configuration
from ..storage.errors import NotFound
from ..storage.events import Event, EventLog, Party
from ..storage.liveness import NotAlive, check_sign_in
from ..storage.logout_notices import EndedSignIns, EndedTokens, LogoutNotice, LogoutNotices, TakenNotice
from ..storage.servers import AuthorizationServer
from ..storage.sessions import Sessions
from ..storage.token_families import TokenFamilies, TokenFamily
from ..storage.users import User, Users
from ..tokens.signer import Signers
from .outbound_fetch import Answer, FetchFailed
from .status_list.ends import StatusEnds

#: Header ``typ`` of a logout token (§2.4).
TYPE: Final = "logout+jwt"
EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
#: Seconds that a logout token holds (§2.4 recommends two minutes at most).
LIFETIME: Final = 120
#: Then the client has not been told, and will not be: by then six hours have passed.
MOST_ATTEMPTS: Final = 12
#: Seconds for which a notice belongs to who took it.
_TAKEN: Final = 120
#: Seconds after which every request has ended that began before something did: functions have less, and no deployment
#: may know servers and clients for longer without looking at them (``AUTHMINT_STALENESS_MS``).
_SETTLED: Final = 120
#: Seconds: no access token lives longer, and none of a family is younger than what the family says of itself.
_TOKENS_LIVE: Final = 90_000
_PAGE: Final = 100
#: Whose tokens go on. A lock ends none: what is refused meanwhile is good again after it.
_ALIVE: Final = frozenset({"ACTIVE", "LOCKED_OUT"})
_MOST_AT_ONCE: Final = 100
_MOST_SESSIONS: Final = 1_000
#: What a client answers that has ended its session (§2.8), or has none.
_TOLD: Final = frozenset({200, 204})
#: It will say the same again: the token, or the client, is wrong.
_REFUSED: Final = 400
_SERVICE: Final = Party("backchannel_logout", "SystemPrincipal", display_name="authmint back-channel logout")


class Exchange(Protocol):
    """``outbound_fetch.exchange``: guarded, bounded, and without redirects."""

    def __call__(self, method: str, uri: str, *, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """The answer, whatever it is. Raises FetchFailed."""


class Journal(Protocol):
    """What the function says of itself."""

    def refused(self, metric: str, reason: str) -> None:
        """Count something that was given up."""

    def report(self, fault: BaseException, request_id: str = "", *, route: str = "", status: int = 0) -> None:
        """Report a fault."""


class BackchannelLogout:
    """Delivers notices that wait.

    Args:
        notices: Where they wait.
        ends: Revokes tokens in status lists.
        families, sessions, users: Of people whose sign-ins have ended.
        configuration: Of servers and clients, as they are now.
        signers: Of the servers whose tokens named the sessions.
        exchange: How clients are asked.
        log: For the events of deliveries.
        journal: For metrics and faults.
        clock: Read for each notice.
        ids: For those of tokens and events.
        go_on: Whether there is time for another one.
    """

    def __init__(
        self,
        notices: LogoutNotices,
        ends: StatusEnds,
        families: TokenFamilies,
        sessions: Sessions,
        users: Users,
        configuration: Configuration,
        signers: Signers,
        exchange: Exchange,
        *,
        log: EventLog,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        go_on: Callable[[], bool] = lambda: True,
    ) -> None:
        self._notices = notices
        self._ends = ends
        self._families = families
        self._sessions = sessions
        self._users = users
        self._configuration = configuration
        self._signers = signers
        self._exchange = exchange
        self._log = log
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._go_on = go_on

    def __call__(self, payload: Mapping[str, Any]) -> dict[str, int]:
        """Deliver what an invocation is about: a stream's records, else all that is due; how many ended how."""
        records, outcome = payload.get("Records"), dict[str, int]()
        if records is None:
            waiting: Iterable[str] = self._due()
        else:
            waiting = (one["dynamodb"]["Keys"]["sk"]["S"] for one in records if one.get("eventName") == "INSERT")
        silent = set[str]()
        for notice_id in waiting:
            if not self._go_on():
                break
            ended = self._handled(notice_id, silent)
            if ended is not None:
                outcome[ended] = outcome.get(ended, 0) + 1
        return outcome

    def _due(self) -> Iterator[str]:
        """All that are due: many of one kind must not keep others waiting until the next run."""
        seen = set[str]()
        while fresh := set(self._notices.due(at=self._clock.now(), limit=_MOST_AT_ONCE)) - seen:
            seen |= fresh
            yield from sorted(fresh)

    def _handled(self, notice_id: str, silent: set[str]) -> str | None:
        """``silent``: addresses that did not answer just now: nobody waits for them twice."""
        now = self._clock.now()
        try:
            taken = self._notices.take(notice_id, at=now, until=now + _TAKEN)
        except NotFound:
            return None  # somebody else has it
        try:
            return self._delivered(taken, silent, now)
        except Exception as error:  # noqa: BLE001 - one that cannot be delivered must not keep the others from it
            self._journal.report(error, route="direct")
            if taken.attempts >= MOST_ATTEMPTS and not isinstance(error, Outage):
                self._notices.remove(notice_id)
                return "given_up"
            self._notices.delay(notice_id, until=now + pause(taken.attempts))
            return "delayed"

    def _delivered(self, taken: TakenNotice, silent: set[str], now: int) -> str:
        """How it ended. Raises VaultUnavailable, Unavailable."""
        notice = taken.notice
        if isinstance(notice, EndedTokens):
            if self._revoke_listed(notice, now):
                self._later(notice.id, notice.at, now)
            else:
                self._notices.delay(notice.id, until=now)
            return "revoked"
        if isinstance(notice, EndedSignIns):
            all_ended = self._end(notice.user_id)
            self._end_listed(notice.user_id, now)
            if all_ended:
                self._later(notice.id, notice.at, now)
            else:
                self._notices.delay(notice.id, until=now)
            return "ended"
        found = self._configuration.read(notice.client.server_id, notice.client.client_id)
        server, client = found.server, found.client
        if server is None or server.status != "ACTIVE" or client is None or client.logout_uri is None:
            self._notices.remove(notice.id)
            return "unwanted"
        return self._asked(notice, taken.attempts, server, client, client.logout_uri, silent)

    def _revoke_listed(self, ended: EndedTokens, now: int) -> bool:
        """Whether these were all. Raises Unavailable."""
        if ended.family_id is not None:
            self._ends.of_family(ended.family_id, now=now)
        if ended.client_id is None:
            return True
        return self._ends.of_client(
            ended.client_id, ended.generation, now=now, server_id=ended.server_id, go_on=self._go_on
        )

    def _end_listed(self, user_id: str, now: int) -> None:
        """Revoke in status lists what a user's tokens of before were, where they count no more. Raises Unavailable."""
        try:
            user: User | None = self._users.get(user_id)
        except NotFound:
            user = None
        generation = None if user is None or user.status not in _ALIVE else user.token_generation
        self._ends.of_user(user_id, generation, now=now)
        after: str | None = None
        while page := self._families.of_user(user_id, after=after, limit=_PAGE):
            for family in page:
                if family.listed and family.updated_at > now - _TOKENS_LIVE and not _counts(family, user):
                    self._ends.of_family(family.id, now=now)
            after = page[-1].id

    def _later(self, notice_id: str, ended_at: int, now: int) -> None:
        """Come again when no request is left that read what ended while it was alive, and notes a token after that."""
        if now < ended_at + _SETTLED:
            self._notices.delay(notice_id, until=ended_at + _SETTLED)
        else:
            self._notices.remove(notice_id)

    def _end(self, user_id: str) -> bool:
        """End the sessions of a user that count no more. Whether these were all. Raises Unavailable."""
        try:
            user = self._users.get(user_id)
        except NotFound:
            self._sessions.end_all(user_id)
            return True
        found, ended = self._sessions.of_user(user_id, limit=_MOST_SESSIONS), 0
        for session in found:
            try:
                check_sign_in(user, session.created_at, session.generations)
            except NotAlive:
                self._sessions.end(session)
                ended += 1
        # Behind those that were looked at there may be more; where none of them ended, the older ones are no concern.
        return len(found) < _MOST_SESSIONS or not ended

    def _asked(
        self,
        notice: LogoutNotice,
        attempts: int,
        server: AuthorizationServer,
        client: Client,
        uri: str,
        silent: set[str],
    ) -> str:
        """How it ended. Raises VaultUnavailable, Unavailable."""
        refused, reason = False, "no answer"
        if uri not in silent:
            try:
                status = self._told(notice, server, uri).status
            except FetchFailed as error:
                silent.add(uri)
                reason = str(error)
            else:
                if status in _TOLD:
                    self._notices.remove(notice.id)
                    self._record(notice, client, None)
                    return "told"
                refused, reason = status == _REFUSED, f"status {status}"
        if not refused and attempts < MOST_ATTEMPTS:
            self._notices.delay(notice.id, until=self._clock.now() + pause(attempts))
            return "delayed"
        self._notices.remove(notice.id)
        self._journal.refused("LogoutsGivenUp", reason)
        self._record(notice, client, reason)
        return "given_up"

    def _told(self, notice: LogoutNotice, server: AuthorizationServer, uri: str) -> Answer:
        """The client's answer. Raises FetchFailed, VaultUnavailable."""
        said = logout_token(notice, self._ids, self._clock.now())
        token = self._signers.signer(server).sign(said, typ=TYPE)
        headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": "authmint"}
        return self._exchange("POST", uri, headers=headers, body=urlencode({"logout_token": token}).encode())

    def _record(self, notice: LogoutNotice, client: Client, reason: str | None) -> None:
        """``reason`` ``None``: the client was told."""
        event = Event(
            id=self._ids.uuid(),
            published_ms=self._clock.now_ms(),
            type="app.oauth2.client.backchannel_logout",
            actor=_SERVICE,
            outcome="SUCCESS" if reason is None else "FAILURE",
            reason=reason,
            targets=(Party(client.id, "AppInstance", display_name=client.label), Party(notice.user_id, "User")),
            debug={"session": notice.session_id, "issuer": notice.client.issuer},
        )
        self._log.record([event])


def _counts(family: TokenFamily, user: User | None) -> bool:
    """Whether a family of a user goes on."""
    return user is not None and user.status in _ALIVE and family.generations.user == user.token_generation


def logout_token(notice: LogoutNotice, ids: Ids, now: int) -> dict[str, Any]:
    """Payload of a logout token (§2.4). It has no ``nonce``: nobody can take it for an ID token."""
    return {
        "iss": notice.client.issuer,
        "sub": notice.user_id,
        "aud": notice.client.client_id,
        "iat": now,
        "exp": now + LIFETIME,
        "jti": ids.opaque(24),
        "events": {EVENT: {}},
        "sid": notice.session_id,
    }
