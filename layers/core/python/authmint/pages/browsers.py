"""Who a browser is: its session and its name, by two cookies (``Browsers`` of ``oauth.authorization.interaction``)."""

from dataclasses import dataclass, field, replace
from typing import Final

from ..http import Pairs, Request
from ..ids import Ids
from ..oauth.authorization.interaction import Visitor
from ..sign_on.browser_names import browser_name
from ..sign_on.sessions import SessionSettings, SignedOn, new_session, raised_session
from ..storage.clients import secret_digest
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.liveness import NotAlive, check_session
from ..storage.sessions import Session, Sessions
from ..web import csrf
from ..web.cookies import Cookie

SESSION: Final = Cookie("authmint-session")
BROWSER: Final = Cookie("authmint-browser")
#: Of a browser that is remembered after a second factor. It outlives sign-outs.
DEVICE: Final = Cookie("authmint-device")


@dataclass(frozen=True)
class Guest(Visitor):
    """A visitor whose cookie's value is at hand: what forms are bound to."""

    value: str = field(default="", repr=False)

    def csrf(self, purpose: str, subject: str = "", *, anonymous: bool = False) -> str:
        """What a form of this browser sends back for one purpose.

        Args:
            purpose: Which form.
            subject: What the form is about: the handle of a request, a user code.
            anonymous: The form is for a browser in which nobody may be signed in yet.
        """
        session = "" if anonymous or self.session is None else self.session.csrf
        return csrf.token(self.value, session, purpose, subject)

    def sent(self, token: str, purpose: str, subject: str = "", *, anonymous: bool = False) -> bool:
        """Whether a form is of this browser. Takes the same time however much of the token is right."""
        return csrf.equal(self.csrf(purpose, subject, anonymous=anonymous), token)


def remembered(request: Request, signed_on: SignedOn, *, elsewhere: bool = False) -> Pairs:
    """The cookie of a browser that was just remembered. ``elsewhere``: by a script of another site, which is trusted.

    It opens nothing: whoever sends it has to prove the first factor all the same.
    """
    known = signed_on.remembered
    if known is None:
        return ()
    return (DEVICE.set(request, known.secret, seconds=known.lifetime, elsewhere=elsewhere),)


class CookieBrowsers:
    """``Browsers``."""

    def __init__(
        self, sessions: Sessions, directory: Directory, ids: Ids, settings: SessionSettings | None = None
    ) -> None:
        self._sessions = sessions
        self._directory = directory
        self._ids = ids
        self._settings = settings or SessionSettings()

    def visitor(self, request: Request, *, now: int) -> Guest:
        """Who this is. A browser that has no name yet gets one."""
        value, cookies = self._named(request)
        found = self._alive(request, now)
        if found is None:
            if SESSION.read(request) is not None:
                cookies = (*cookies, SESSION.forget(request))
            return Guest(session=None, person=None, browser=secret_digest(value), cookies=cookies, value=value)
        session, person = found
        session = self._touched(session, now)
        return Guest(session=session, person=person, browser=secret_digest(value), cookies=cookies, value=value)

    def sign_in(self, request: Request, signed_on: SignedOn, *, now: int) -> Guest:
        """Start a session, or raise one, under a fresh cookie (against fixation); no other in this browser goes on."""
        secret = self._ids.opaque(32)
        if signed_on.raises is None:
            self._end(request)
            session = new_session(
                signed_on,
                secret,
                self._settings,
                self._ids,
                now=now,
                agent=browser_name(request.header("user-agent") or ""),
                address=request.source_ip,
            )
            self._sessions.add(session)
        else:
            session = raised_session(signed_on.raises, signed_on, secret, self._ids, now=now)
            self._sessions.renew(signed_on.raises, session)
        value, cookies = self._named(request)
        seconds = session.expires_at - now if session.persistent else None
        cookies = (*cookies, SESSION.set(request, secret, seconds=seconds), *remembered(request, signed_on))
        return Guest(
            session=session, person=signed_on.person, browser=secret_digest(value), cookies=cookies, value=value
        )

    def sign_out(self, request: Request, *, now: int) -> Pairs:  # noqa: ARG002 - of the protocol
        """End the session; ``set-cookie`` headers that make the browser forget it."""
        self._end(request)
        return (SESSION.forget(request),)

    def refresh(self, session: Session, *, now: int) -> Session:
        """The session, used now: its idle time starts anew."""
        idle_lifetime = session.idle_lifetime or self._settings.idle_lifetime
        idle_expires_at = min(now + idle_lifetime, session.expires_at)
        touched = replace(session, idle_expires_at=idle_expires_at, last_seen_at=now)
        self._sessions.save(touched)
        return touched

    def _named(self, request: Request) -> tuple[str, Pairs]:
        value = BROWSER.read(request)
        if value is not None:
            return value, ()
        value = self._ids.opaque(32)
        return value, (BROWSER.set(request, value),)

    def _alive(self, request: Request, now: int) -> tuple[Session, Person] | None:
        secret = SESSION.read(request)
        if secret is None:
            return None
        try:
            session = self._sessions.get(secret_digest(secret))
            person = self._directory.person(session.user_id)
            check_session(session, person.user, now=now)
        except (NotFound, NotAlive):
            return None
        return session, person

    def _touched(self, session: Session, now: int) -> Session:
        fresh = now - session.last_seen_at < self._settings.touch_seconds
        return session if fresh else self.refresh(session, now=now)

    def _end(self, request: Request) -> None:
        secret = SESSION.read(request)
        if secret is None:
            return
        try:
            self._sessions.end(self._sessions.get(secret_digest(secret)))
        except NotFound:
            return
