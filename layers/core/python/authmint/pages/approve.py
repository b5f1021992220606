"""``/oauth2/{authServerId}/v1/bc/approve``: a user decides what a program asked without a browser (CIBA Core)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..clock import timestamp
from ..http import Request, Response
from ..storage.backchannel_requests import BackchannelRequest, BackchannelRequests
from ..storage.clients import Client, Clients
from ..storage.directory import Person, is_assigned
from ..storage.errors import AlreadyUsed, NotFound
from ..storage.liveness import NotAlive, check_client, check_server
from ..storage.servers import AuthorizationServer, Scope, Servers, server_named
from ..storage.sessions import Session
from ..web.forms import BadForm
from .app_sign_on import AppSignOn, Wanted
from .client_view import view_of
from .documents import HostedPages
from .scope_view import views
from .sign_on_events import SignOnEvents
from .visit import Onward, Visit, see_other

_PURPOSE = "approve"


@dataclass(frozen=True)
class WaitingRequest:
    """A request that its user can decide now."""

    request: BackchannelRequest
    client: Client
    server: AuthorizationServer

    @property
    def onward(self) -> Onward:
        """To its page."""
        return Onward(approval=("" if self.server.is_org else self.server.path_id, self.request.handle))

    @property
    def asked_at(self) -> str:
        """As pages show it."""
        at = timestamp(self.request.created_at)
        return f"{at[:10]} {at[11:19]} UTC"


@dataclass(frozen=True)
class WaitingRequests:
    """What users have to decide."""

    requests: BackchannelRequests
    clients: Clients
    servers: Servers

    def of(self, person: Person, *, now: int) -> Iterator[WaitingRequest]:
        """Those that wait for somebody, oldest first."""
        for request in self.requests.waiting_for(person.user.id):
            if request.expires_at <= now:
                continue
            try:
                client = check_client(self.clients.get(request.client_id), request.generations)
                server = check_server(self.servers.get(request.server_id))
            except (NotFound, NotAlive):
                continue
            yield WaitingRequest(request, client, server)


@dataclass(frozen=True)
class ApprovePage:
    """Says who asks for what, and takes the answer of the user whom it is about, and of nobody else."""

    pages: HostedPages
    waiting: WaitingRequests
    apps: AppSignOn
    journal: SignOnEvents

    def get(self, visit: Visit) -> Response:
        """The question; who is not signed in signs in first."""
        handle = visit.request.query_value("request") or ""
        session, person = visit.guest.session, visit.guest.person
        if session is None or person is None or visit.step.name != "done":
            return see_other(_onward(visit.request, handle).sign_in_uri)
        found = self._found(visit, person, handle)
        return self._over(visit) if found is None else self._question(visit, person, found)

    def post(self, visit: Visit) -> Response:
        """The answer."""
        handle, decision = visit.form.text("request"), visit.form.text("decision")
        session, person = visit.guest.session, visit.guest.person
        if session is None or person is None or visit.step.name != "done":
            return see_other(_onward(visit.request, handle).sign_in_uri)
        visit.check(_PURPOSE, handle)
        if decision not in {"allow", "deny"}:
            raise BadForm("no decision")
        found = self._found(visit, person, handle)
        if found is None:
            return self._over(visit)
        if decision == "deny":  # whoever says no has nothing to prove
            return self._decided(visit, session, person, found, replace(found.request, status="DENIED"))
        if not is_assigned(person, found.client):
            return self.pages.problem("not_assigned", visit.request, status=403, code="access_denied")
        request = found.request
        wanted = Wanted(found.client, request.created_at, found.onward, request.context_classes)
        first, acr = self.apps.first(visit, session, person, wanted)
        if first is not None:
            return first
        return self._decided(visit, session, person, found, replace(request, status="APPROVED", acr=acr))

    def _found(self, visit: Visit, person: Person, handle: str) -> WaitingRequest | None:
        """Only among those of the person who is there: a link that was sent on leads nowhere."""
        server_id = server_named(visit.request.path_parameters.get("authServerId"))
        for found in self.waiting.of(person, now=visit.now):
            if found.request.handle == handle and server_id in {found.server.id, found.server.path_id}:
                return found
        return None

    def _decided(
        self, visit: Visit, session: Session, person: Person, found: WaitingRequest, decided: BackchannelRequest
    ) -> Response:
        decided = replace(
            decided,
            auth_time=session.auth_time,
            amr=session.amr,
            idp=session.idp,
            session_id=session.id,
            generations=replace(decided.generations, user=person.user.token_generation),
        )
        try:
            self.waiting.requests.decide(found.request, decided)
        except AlreadyUsed:
            return self._over(visit)
        allowed = decided.status == "APPROVED"
        self.journal.decided(visit.request, person.user, found.client, found.server, decided.scopes, allowed=allowed)
        return self.pages.done("approve.allowed" if allowed else "approve.denied", visit.request, good=allowed)

    def _over(self, visit: Visit) -> Response:
        return self.pages.problem("approval", visit.request, status=404)

    def _question(self, visit: Visit, person: Person, found: WaitingRequest) -> Response:
        request, server, shown = found.request, found.server, view_of(found.client)
        names = {resource.uri: resource.name for resource in server.resources}
        known = {scope.name: scope for scope in server.scopes}
        # Scopes of the management API are no server's: whoever gives these away has to see it, too.
        wanted = [known.get(name) or Scope(name, name) for name in request.scopes if name != "openid"]
        values = {
            "client": shown,
            "message": request.binding_message,
            "asked_at": found.asked_at,
            "address": request.address,
            "scopes": views(wanted, choice=False),
            "resources": [(names.get(uri, ""), uri) for uri in request.resources],
            "login": person.user.login,
            "action": found.onward.uri(None).partition("?")[0],
            "fields": {"request": request.handle, "csrf": visit.guest.csrf(_PURPOSE, request.handle)},
        }
        return self.pages.show("approve.html", visit.request, values, images=shown.images)


def _onward(request: Request, handle: str) -> Onward:
    """Back to the page; what is malformed is not kept."""
    return Onward.of(None, None, approve=f"{request.path_parameters.get('authServerId', '')}.{handle}")
