"""Where somebody is signed in, and the end of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..audit.recorder import Recorder
from ..clock import Clock
from ..http import Request
from ..ids import Ids
from ..storage.events import EventLog, Party
from ..storage.liveness import NotAlive, check_session
from ..storage.sessions import Session, Sessions
from ..storage.users import User


@dataclass(frozen=True)
class OwnSessions:
    """Sessions, for those whose they are."""

    sessions: Sessions
    log: EventLog
    clock: Clock
    ids: Ids

    def live(self, user: User, *, now: int) -> Sequence[Session]:
        """Those that go on, the youngest first. Raises Unavailable."""
        return [one for one in self.sessions.of_user(user.id) if _goes_on(one, user, now)]

    def end(self, user: User, session_id: str, request: Request) -> None:
        """End one of the user's. Nothing happens where it is gone, or somebody else's. Raises Unavailable."""
        found = [one for one in self.sessions.of_user(user.id) if one.id == session_id]
        for session in found:
            self._record("user.session.end", user, request)
            self.sessions.end(session)

    def end_others(self, user: User, own: Session | None, request: Request) -> None:
        """End all of the user's but one; ``None``: all. Raises Unavailable: some may have ended."""
        self._record("user.session.clear", user, request)
        if own is None:
            self.sessions.end_all(user.id)
            return
        while others := [one for one in self.sessions.of_user(user.id) if one.id != own.id]:
            for session in others:
                self.sessions.end(session)

    def _record(self, event_type: str, user: User, request: Request) -> None:
        party = Party(user.id, "User", alternate_id=user.login)
        self.log.record([Recorder(self.clock, self.ids, party, request).event(event_type, party)])


def _goes_on(session: Session, user: User, now: int) -> bool:
    try:
        check_session(session, user, now=now)
    except NotAlive:
        return False
    return True
