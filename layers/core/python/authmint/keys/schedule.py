"""The scheduled run over servers whose keys have something due (docs/protocol.md §18.2)."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.errors import NotFound, StorageError
from ..storage.events import Event, Party
from ..storage.retrying import Retrying
from ..storage.servers import ORG_SERVER, AuthorizationServer, Servers
from .birth import new_key
from .rotation import advance, wants_next
from .vault import KeyPairs, VaultUnavailable

ROLLOVER: Final = "app.oauth2.as.key.rollover"


@dataclass(frozen=True)
class Run:
    """What one run did.

    Attributes:
        advanced: Servers whose keys changed.
        swept: Deleted servers of which nothing is left.
        failed: Server and kind of failure; the next run tries again.
        lag: Seconds by which the most overdue server that failed is late; 0 where none is.
    """

    advanced: tuple[str, ...] = ()
    swept: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    lag: int = 0


class RotationSchedule:
    """Takes the keys of every due server one step further. Running twice, or two at once, does no more than once."""

    def __init__(
        self,
        servers: Servers,
        pairs: KeyPairs,
        clock: Clock,
        ids: Ids,
        *,
        retention: int,
        on_failure: Callable[[BaseException, str], None] | None = None,
        retrying: Retrying | None = None,
    ) -> None:
        self._servers = servers
        self._pairs = pairs
        self._clock = clock
        self._ids = ids
        self._retention = retention
        self._on_failure = on_failure
        self._retrying = retrying or Retrying()
        self._all_seen = False

    def run(self) -> Run:
        """One server's failure does not stop the others'.

        Raises:
            Unavailable: The due servers could not be found out.
        """
        now = self._clock.now()
        advanced, swept, failed, lag = [], [], [], 0
        for server_id in self._to_look_at(now):
            try:
                outcome = self._retrying(partial(self._serve, server_id, now))
            except (StorageError, VaultUnavailable, LookupError, ValueError, StopIteration) as error:
                if self._on_failure is not None:
                    self._on_failure(error, "")
                failed.append((server_id, type(error).__name__))
                lag = max(lag, self._lag(server_id, now))
                continue
            if outcome == "advanced":
                advanced.append(server_id)
            elif outcome == "swept":
                swept.append(server_id)
        self._all_seen = self._all_seen and not failed
        return Run(tuple(advanced), tuple(swept), tuple(failed), lag)

    def _to_look_at(self, now: int) -> Iterator[str]:
        """The due servers, then all others once per instance of the function.

        Those that have no NEXT key from before one was always published do not say in their records that they are due.
        """
        due = self._servers.due(at=now)
        yield from due
        if not self._all_seen:
            yield from (server_id for server_id in self._all() if server_id not in due)

    def _all(self) -> Iterator[str]:
        after = None
        try:
            with suppress(NotFound):  # it is made with the first administrator
                yield self._servers.get(ORG_SERVER).id
            while page := self._servers.list(after=after):
                yield from (server.id for server in page)
                after = page[-1].id
        except StorageError as error:  # the next run begins anew; what is due is done
            if self._on_failure is not None:
                self._on_failure(error, "")
            return
        self._all_seen = True

    def _serve(self, server_id: str, now: int) -> str:
        try:
            server = self._servers.get(server_id)
        except NotFound:
            return "swept" if self._servers.sweep(server_id) else "sweeping"
        fresh = None
        if wants_next(server, now):
            fresh = new_key(server_id=server.id, algorithm=server.algorithm, pairs=self._pairs, ids=self._ids, now=now)
        after = advance(server, now, fresh, retention=self._retention)
        if after == server:
            return "nothing"
        self._servers.save(server, after, self._events(server, after))
        return "advanced"

    def _events(self, before: AuthorizationServer, after: AuthorizationServer) -> Sequence[Event]:
        recorder = Recorder(self._clock, self._ids, Party("system", "SystemPrincipal"), Request("SCHEDULE", "/"))
        if before.active_key.kid == after.active_key.kid:
            return ()
        return [rollover(recorder, after)]

    def _lag(self, server_id: str, now: int) -> int:
        try:
            server = self._servers.get(server_id)
        except StorageError:
            return 0
        return max(0, now - (server.rotate_at or now))


def rollover(recorder: Recorder, server: AuthorizationServer) -> Event:
    """The event of a new key signing."""
    return recorder.event(
        ROLLOVER,
        Party(server.id, "AuthorizationServer", display_name=server.name),
        Party(server.active_key.kid, "SigningKey"),
        debug={"kid": server.active_key.kid, "authorization_server": server.id},
    )


def revocation(recorder: Recorder, server: AuthorizationServer, kid: str, reason: str) -> Event:
    """The event of a key revoked as leaked: a rollover that names the key that is gone."""
    return recorder.event(
        ROLLOVER,
        Party(server.id, "AuthorizationServer", display_name=server.name),
        Party(kid, "SigningKey"),
        message=f"Signing key {kid} was revoked. Tokens signed by it are refused from now on.",
        debug={"kid": server.active_key.kid, "authorization_server": server.id, "revoked_kid": kid, "reason": reason},
    )
