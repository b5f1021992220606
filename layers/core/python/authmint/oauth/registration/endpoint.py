"""POST ``/oauth2/{authServerId}/v1/register``: open registration (RFC 7591 §3, docs/protocol.md §7.6).

Everything that costs nothing comes first. Who is known already is answered before anything is counted or written: most
registrations are repetitions, and a flood of one body is a flood of reads.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from ...api_errors import ApiError
from ...audit.builder import EventBuilder
from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...outage import Outage
from ...rate_limit import RateLimit, network_of
from ...storage.clients import secret_digest
from ...storage.configuration import Configuration
from ...storage.dynamic_clients import DynamicClient, DynamicClients, TooMany
from ...storage.errors import AlreadyUsed, NotFound
from ...storage.events import Event, Party
from ...storage.servers import AuthorizationServer, server_named
from .. import bearer
from ..endpoint import live_server
from ..errors import NO_STORE, OAuthError, TooManyRequests, unavailable
from ..scopes import open_scopes
from .identity import client_id_of
from .metadata import LARGEST, BadRegistration, Registration, Rules, read

#: Seconds that a client lives which nobody has used.
UNUSED: Final = 86_400
_RETRY_AFTER: Final = "3600"
_CREATED: Final = "app.oauth2.client.lifecycle.create"


class RegistrationLog(Protocol):
    """Where registrations are told, and refusals counted."""

    def emit(self, event: Event) -> None: ...

    def refused(self, metric: str, reason: str) -> None: ...


class RegistrationEndpoint:
    """Registers clients at servers that let them."""

    def __init__(
        self,
        configuration: Configuration,
        clients: DynamicClients,
        addresses: Callable[[], RateLimit],
        clock: Clock,
        ids: Ids,
        log: RegistrationLog,
    ) -> None:
        """``addresses``: makes what counts new clients by server and address."""
        self._configuration = configuration
        self._clients = clients
        self._addresses = addresses
        self._clock = clock
        self._ids = ids
        self._log = log

    def __call__(self, request: Request) -> Response:
        """201 with the client; 404 where the server has no such endpoint."""
        try:
            server = live_server(self._configuration.read(server_named(request.path_parameters.get("authServerId"))))
            if server.registration.dynamic == "OFF":
                return ApiError("E0000008").response(self._ids).with_headers(*NO_STORE)
            registration, client = self._register(request, server)
        except OAuthError as error:
            self._log.refused("RegistrationsRefused", error.id)
            return _refusal(error, request)
        except Outage as error:
            return unavailable(error).response(request.base_url)
        return Response.json(201, _shown(registration, client), NO_STORE)

    def _register(self, request: Request, server: AuthorizationServer) -> tuple[Registration, DynamicClient]:
        now, rules = self._clock.now(), server.registration
        registration = _read(request, server)
        client_id = client_id_of(server.id, registration)
        known = self._known(server, client_id, now)
        if known is not None:
            return registration, known
        allowance = self._addresses().take(f"{server.id} {network_of(request.source_ip)}", now=now)
        if not allowance.allowed:
            raise TooManyRequests("too_many_registrations", allowance)
        new = DynamicClient(
            server_id=server.id,
            id=client_id,
            name=registration.name,
            redirect_uris=registration.places,
            grant_types=registration.grant_types,
            scopes=registration.scopes,
            client_uri=registration.client_uri,
            created_at=now,
            expires_at=now + UNUSED,
        )
        try:
            client = self._clients.register(
                new,
                most=rules.max_dynamic_clients,
                at=now,
                token=_token_of(request) if rules.dynamic == "TOKEN" else None,
            )
        except TooMany:
            raise OAuthError("too_many_dynamic_clients", str(rules.max_dynamic_clients)) from None
        except AlreadyUsed:
            raise OAuthError("registration_token_invalid") from None
        _check(client)
        if client == new:
            self._log.emit(self._created(request, server, client))
        return registration, client

    def _known(self, server: AuthorizationServer, client_id: str, now: int) -> DynamicClient | None:
        try:
            client = self._clients.get(server.id, client_id)
        except NotFound:
            return None
        _check(client)
        return client if client.expires_at > now else None

    def _created(self, request: Request, server: AuthorizationServer, client: DynamicClient) -> Event:
        party = Party(client.id, "PublicClientApp", client.id, client.name)
        debug = {
            "authorization_server": server.id,
            "redirect_uris": ", ".join(client.redirect_uris),
            "granted_scopes": ", ".join(client.scopes),
        }
        return EventBuilder(request, self._clock, self._ids).event(_CREATED, actor=party, targets=[party], debug=debug)


def _read(request: Request, server: AuthorizationServer) -> Registration:
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if len(request.body) > LARGEST:
        raise OAuthError("registration_too_large", str(LARGEST))
    if media_type != "application/json":
        raise OAuthError("registration_invalid", "The body must be 'application/json'.")
    rules = server.registration
    try:
        return read(request.body, Rules(open_scopes(server), rules.private_schemes, rules.https_redirect_hosts))
    except BadRegistration as bad:
        refusal = "registration_redirect_uris" if bad.error == "invalid_redirect_uri" else "registration_invalid"
        raise OAuthError(refusal, str(bad)) from None


def _check(client: DynamicClient) -> None:
    if client.status == "BLOCKED":
        raise OAuthError("registration_blocked")


def _token_of(request: Request) -> str:
    """The digest of the registration token (RFC 7591 §3)."""
    presented = bearer.from_header(request.header("authorization") or "")
    if presented is None or presented.scheme != "bearer":
        raise OAuthError("registration_token_invalid")
    return secret_digest(presented.token)


def _shown(registration: Registration, client: DynamicClient) -> dict[str, Any]:
    """RFC 7591 §3.2.1. Nothing of it is a secret, and nothing is for managing the client."""
    shown = {
        "client_id": client.id,
        "client_id_issued_at": client.created_at,
        "client_name": client.name,
        "redirect_uris": list(registration.redirect_uris),
        "token_endpoint_auth_method": "none",
        "grant_types": list(client.grant_types),
        "response_types": ["code"],
        "scope": " ".join(client.scopes),
    }
    return shown | {"client_uri": client.client_uri} if client.client_uri else shown


def _refusal(error: OAuthError, request: Request) -> Response:
    answer = error.response(request.base_url)
    if error.id == "registration_token_invalid":
        # RFC 6750 §3.1: who brought none is not told more than what is asked for.
        named = request.header("authorization") is not None
        return answer.with_headers(("www-authenticate", 'Bearer error="invalid_token"' if named else "Bearer"))
    return answer.with_headers(("retry-after", _RETRY_AFTER)) if error.id == "too_many_dynamic_clients" else answer
