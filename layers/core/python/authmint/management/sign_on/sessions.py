"""``/api/v1/sessions/{id}``: sessions of users, for administrators. A user's own is ``/sessions/me``, of the pages."""

from dataclasses import replace

from ...directory.session_view import session_view
from ...http import Response
from ...storage.errors import NotFound
from ...storage.liveness import NotAlive, check_session
from ...storage.sessions import Session
from ...storage.users import User, Users
from ..directory.people import user_party
from ..http.call import NO_CONTENT, Call
from ..http.errors import not_found
from .issued import IssuedRecords


class AdministeredSessions:
    """Shows, prolongs and ends sessions."""

    def __init__(self, users: Users, issued: IssuedRecords) -> None:
        self._users = users
        self._issued = issued

    def get(self, call: Call) -> Response:
        """200 with the session, whoever's it is."""
        return self._shown(call, *self._alive(call))

    def refresh(self, call: Call) -> Response:
        """200, the session, idle no more."""
        session, user = self._alive(call)
        idle_expires_at = min(call.now + self._issued.session_idle, session.expires_at)
        session = replace(session, idle_expires_at=idle_expires_at, last_seen_at=call.now)
        self._issued.sessions.save(session)
        return self._shown(call, session, user)

    def close(self, call: Call) -> Response:
        """204. The browser has to sign in again; tokens stay."""
        session, user = self._alive(call)
        self._issued.log.record([call.recorder.event("user.session.end", user_party(user))])
        self._issued.sessions.end(session)
        return NO_CONTENT

    def _alive(self, call: Call) -> tuple[Session, User]:
        session_id = call.params["sessionId"]
        try:
            session = self._issued.sessions.by_id(session_id)
            user = self._users.get(session.user_id)
            check_session(session, user, now=call.now)
        except (NotFound, NotAlive):
            raise not_found(session_id, "Session") from None
        return session, user

    def _shown(self, call: Call, session: Session, user: User) -> Response:
        base = call.request.base_url
        view = session_view(session, user, f"{base}/api/v1/sessions/{session.id}", f"{base}/api/v1/users/{user.id}")
        return Response.json(200, view)
