"""``/activate``: a user lets a device in, by the code that it shows (RFC 8628 §3.3)."""

from dataclasses import dataclass, replace

from ..http import Response
from ..rate_limit import RateLimit
from ..storage.clients import Client, Clients
from ..storage.device_codes import DeviceCode, DeviceCodes
from ..storage.directory import Person, is_assigned
from ..storage.errors import AlreadyUsed, NotFound
from ..storage.liveness import NotAlive, check_client, check_server
from ..storage.servers import AuthorizationServer, Servers
from ..storage.sessions import Session
from ..web.forms import BadForm
from .app_sign_on import AppSignOn, Wanted
from .client_view import view_of
from .documents import HostedPages
from .scope_view import views
from .visit import Onward, Visit, normalized, see_other


@dataclass(frozen=True)
class DevicePage:
    """Asks for the code, then says what the device is and wants, and asks whether that is right.

    A code in the URL only fills the form in: somebody else may have sent it (RFC 8628 §5.4).
    """

    pages: HostedPages
    codes: DeviceCodes
    clients: Clients
    servers: Servers
    attempts: RateLimit
    apps: AppSignOn

    def get(self, visit: Visit) -> Response:
        """The form; who is not signed in signs in first."""
        user_code = normalized(visit.request.query_value("user_code") or "")
        if visit.guest.person is None or visit.step.name != "done":
            return see_other(Onward(activating=True, user_code=user_code).sign_in_uri)
        return self._form(visit, visit.guest.person, user_code)

    def post(self, visit: Visit) -> Response:
        """The question, or the end of it."""
        typed = visit.form.text("user_code")
        user_code = normalized(typed)
        session, person = visit.guest.session, visit.guest.person
        if session is None or person is None or visit.step.name != "done":
            return see_other(Onward(activating=True, user_code=user_code).sign_in_uri)
        decision = visit.form.text("decision")
        # A decision is of the page that asked for it: it comes with a token for that code.
        visit.check("decide", user_code) if decision else visit.check("activate")
        allowance = self.attempts.take(person.user.id, now=visit.now)
        if not allowance.allowed:
            refused = self._form(visit, person, typed, problem="device.too_many", status=429)
            return refused.with_headers(*allowance.headers())
        try:
            code = self.codes.by_user_code(user_code)
            client, server = self.clients.get(code.client_id), self.servers.get(code.server_id)
        except NotFound:
            return self._form(visit, person, typed, problem="device.invalid", status=422)
        if not _usable(code, client, server, visit.now):
            return self._form(visit, person, typed, problem="device.invalid", status=422)
        # Whoever says no has nothing to prove.
        first = None
        if decision != "deny":
            onward = Onward(activating=True, user_code=code.user_code)
            wanted = Wanted(client, code.created_at, onward, told=bool(decision))
            first, _ = self.apps.first(visit, session, person, wanted)
        if first is not None or not decision:
            return first or self._question(visit=visit, code=code, client=client, server=server, person=person)
        return self._decided(visit=visit, code=code, client=client, session=session, person=person, decision=decision)

    def _decided(
        self, visit: Visit, code: DeviceCode, client: Client, session: Session, person: Person, decision: str
    ) -> Response:
        if decision not in {"allow", "deny"}:
            raise BadForm("no decision")
        if decision == "allow" and not is_assigned(person, client):
            return self.pages.problem("not_assigned", visit.request, status=403, code="access_denied")
        decided = replace(
            code,
            status="APPROVED" if decision == "allow" else "DENIED",
            user_id=person.user.id,
            auth_time=session.auth_time,
            amr=session.amr,
            idp=session.idp,
            session_id=session.id,
            generations=replace(code.generations, user=person.user.token_generation),
        )
        try:
            self.codes.decide(code, decided)
        except AlreadyUsed:
            return self._form(visit, person, code.user_code, problem="device.invalid", status=422)
        if decision == "deny":
            return self.pages.done("device.denied", visit.request)
        return self.pages.done("device.allowed", visit.request, good=True)

    def _form(self, visit: Visit, person: Person, user_code: str, *, problem: str = "", status: int = 200) -> Response:
        values = {
            "user_code": _shown(normalized(user_code)) or user_code[:40],
            "problem": self.pages.text(problem, visit.request) if problem else "",
            "login": person.user.login,
            "fields": {"csrf": visit.guest.csrf("activate")},
        }
        return self.pages.show("device.html", visit.request, values, status=status)

    def _question(
        self, visit: Visit, code: DeviceCode, client: Client, server: AuthorizationServer, person: Person
    ) -> Response:
        shown = view_of(client)
        names = {resource.uri: resource.name for resource in server.resources}
        wanted = [scope for scope in server.scopes if scope.name in code.scopes and scope.name != "openid"]
        values = {
            "client": shown,
            "user_code": _shown(code.user_code),
            "scopes": views(wanted, choice=False),
            "resources": [(names.get(uri, ""), uri) for uri in code.resources],
            "login": person.user.login,
            "fields": {"user_code": code.user_code, "csrf": visit.guest.csrf("decide", code.user_code)},
        }
        return self.pages.show("device_confirm.html", visit.request, values, images=shown.images)


def _usable(code: DeviceCode, client: Client, server: AuthorizationServer, now: int) -> bool:
    try:
        check_client(client, code.generations)
        check_server(server)
    except NotAlive:
        return False
    return code.status == "PENDING" and code.expires_at > now


def _shown(user_code: str) -> str:
    """With the hyphen that devices show."""
    return f"{user_code[:4]}-{user_code[4:]}" if len(user_code) == 8 else user_code
