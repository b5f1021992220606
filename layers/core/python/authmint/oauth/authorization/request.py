"""From an HTTP request to an authorization request with a way back. What fails here never redirects.

A request comes whole, or names one that is stored: pushed by its client (``PUSHED``), or waiting for its user
(``WAITING``). The parameters beside such a name do not count (RFC 9126 §4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ...http import Request
from ...storage.authorization_requests import StoredRequest, StoredRequests
from ...storage.clients import Client, secret_digest
from ...storage.codes import AuthorizationCode
from ...storage.configuration import Configuration, Snapshot
from ...storage.errors import NotFound
from ...storage.servers import AuthorizationServer, issuer_of, server_named
from ...storage.token_families import TokenFamily
from ..endpoint import live_client, live_server
from ..errors import OAuthError
from ..security_profile import needs_push, profile_of
from .interaction import PUSHED, WAITING
from .parameters import Parameters, ReturnTo, beside_request_object, match_redirect_uri, read

if TYPE_CHECKING:  # few requests are signed
    from ..client_auth.assertions import Spend
    from .request_objects import RequestObjects

#: How a waiting request remembers which pushed request it came from: by digest, and by no name that can be sent.
_FROM_PUSHED: Final = "urn:authmint:pushed:"
_MAX_HANDLE: Final = 100
#: Where a repetition leaves open who asks, or where the answer goes.
_IDENTIFYING: Final = ("client_id", "redirect_uri", "request", "request_uri")


@dataclass(frozen=True)
class Arrival:
    """A request whose server, client and redirect URI stand; nothing else of it was looked at.

    Attributes:
        session_token: From the browser; never of a stored request.
        signed: Whether its client signed it (RFC 9101).
        spend_object: Uses up the request object that it came as, where that counts once.
        refusal: Why the request object that it came as is none; for the client, through its redirect URI.
        reference: ``request_uri`` as it was sent.
        waiting: The stored request that the browser came back with, and its handle.
        pushed: Digest of the pushed request that this is.
    """

    server: AuthorizationServer
    issuer: str
    client: Client
    parameters: Parameters
    return_to: ReturnTo
    session_token: str | None = None
    reference: str | None = None
    waiting: StoredRequest | None = None
    handle: str | None = None
    pushed: str | None = None
    signed: bool = False
    spend_object: "Spend | None" = None
    refusal: OAuthError | None = None

    def confirm(self) -> None:
        """Use the request object up, once nothing can refuse the request that does not depend on the user.

        Raises:
            OAuthError: It was used before.
            Unavailable: Storage could not answer.
        """
        if self.spend_object is not None:
            self.spend_object()

    def with_parameter(self, name: str, value: str) -> "Arrival":
        """The same request with one parameter more."""
        return replace(self, parameters=replace(self.parameters, values={**self.parameters.values, name: value}))

    def stored_parameters(self) -> Mapping[str, str]:
        """The parameters as they are kept while the user is busy. Session tokens are secrets, and for now only."""
        kept = {name: value for name, value in self.parameters.values.items() if name != "sessionToken"}
        return kept if self.pushed is None else kept | {"request_uri": _FROM_PUSHED + self.pushed}

    @property
    def stored(self) -> tuple[str, ...]:
        """Digests of what is stored of this request: both, where a pushed request waits for its user."""
        digests = (self.pushed, None if self.waiting is None else self.waiting.digest)
        return tuple(digest for digest in digests if digest is not None)

    def spend(
        self, requests: StoredRequests, code: AuthorizationCode | None = None, family: TokenFamily | None = None
    ) -> None:
        """Use up what is stored of this request, and store what the answer gives: all or nothing.

        Raises:
            OAuthError: Another response was given to it already.
            Unavailable: Storage could not answer. The request can be answered later.
        """
        try:
            requests.answer(self.stored, code, family)
        except NotFound:
            raise OAuthError("request_expired", reason="answered already") from None


class Arrivals:
    """Finds server, client and stored request, and matches the redirect URI."""

    def __init__(
        self, configuration: Configuration, requests: StoredRequests, objects: Callable[[], "RequestObjects"]
    ) -> None:
        """``objects``: makes what opens request objects, when one comes."""
        self._configuration = configuration
        self._requests = requests
        self._objects = objects

    def arrive(self, request: Request, *, now: int) -> Arrival:
        """What a browser brings.

        Raises:
            OAuthError: For a page of ours.
            Unavailable: Storage could not answer.
        """
        sent = read(request)
        sent.refuse_repeated(_IDENTIFYING)
        server_id = server_named(request.path_parameters.get("authServerId"))
        snapshot = self._configuration.read(server_id, sent.get("client_id"))
        server = live_server(snapshot)
        reference = sent.get("request_uri")
        if reference is not None and sent.get("request") is not None:
            raise OAuthError("authorize_request_object_and_request_uri_provided")
        if reference is None or not reference.startswith((WAITING, PUSHED)):
            # A reference that is not ours is refused like any parameter: through the redirect URI (``rules.check``).
            return self._whole(request, sent, snapshot, now)
        stored, handle = self._referred(reference, now)
        if stored.server_id != server.id:
            raise OAuthError("authorize_request_uri_mismatched_authorization_server")
        if stored.client_id != sent.get("client_id"):
            raise OAuthError("authorize_request_uri_mismatched_client")
        arrival = replace(_resumed(request, snapshot, stored, handle), reference=reference)
        return arrival if arrival.waiting else replace(arrival, session_token=sent.get("sessionToken"))

    def _whole(self, request: Request, sent: Parameters, snapshot: Snapshot, now: int) -> Arrival:
        """A request that is not stored, signed or not."""
        server, client = live_server(snapshot), _client_of(snapshot)
        issuer, profile = issuer_of(server, request.base_url), profile_of(server, client)
        text, opened, refusal = sent.get("request"), None, None
        if text is not None and not needs_push(server, client):
            try:
                opened = self._objects().open(text, client, profile, issuer=issuer, now=now)
            except OAuthError as error:
                refusal = error
        asked = beside_request_object(sent) if opened is None else opened.parameters
        try:
            way_back = match_redirect_uri(client, asked, issuer, profile)
        except OAuthError as error:
            raise refusal or error from None
        return Arrival(
            server=server,
            issuer=issuer,
            client=client,
            parameters=asked,
            return_to=way_back,
            session_token=sent.get("sessionToken"),
            signed=opened is not None,
            spend_object=None if opened is None else opened.spend,
            refusal=refusal,
        )

    def resume(self, request: Request, handle: str, *, now: int) -> Arrival:
        """A waiting request, for a page that was called with its handle.

        Raises:
            OAuthError: For a page of ours.
            Unavailable: Storage could not answer.
        """
        stored = self._live(handle, "interaction", now)
        return _resumed(request, self._configuration.read(stored.server_id, stored.client_id), stored, handle)

    def _referred(self, reference: str, now: int) -> tuple[StoredRequest, str]:
        prefix, kind = (WAITING, "interaction") if reference.startswith(WAITING) else (PUSHED, "pushed")
        handle = reference.removeprefix(prefix)
        return self._live(handle, kind, now), handle

    def _live(self, handle: str, kind: str, now: int) -> StoredRequest:
        stored = self._found(handle)
        if stored is None or stored.kind != kind or stored.expires_at <= now:
            raise OAuthError("request_expired" if kind == "interaction" else "invalid_request_uri")
        return stored

    def _found(self, handle: str) -> StoredRequest | None:
        if not 0 < len(handle) <= _MAX_HANDLE:
            return None
        try:
            return self._requests.get(secret_digest(handle))
        except NotFound:
            return None


def _resumed(request: Request, snapshot: Snapshot, stored: StoredRequest, handle: str) -> Arrival:
    server, client = live_server(snapshot), _client_of(snapshot)
    values = dict(stored.parameters)
    origin = values.pop("request_uri", "")
    parameters = Parameters(values, resources=stored.resources)
    issuer = issuer_of(server, request.base_url)
    way_back = match_redirect_uri(client, parameters, issuer, profile_of(server, client))
    arrival = Arrival(
        server=server,
        issuer=issuer,
        client=client,
        parameters=parameters,
        return_to=way_back,
        signed=stored.signed,
    )
    if stored.kind == "pushed":
        return replace(arrival, pushed=stored.digest)
    pushed = origin.removeprefix(_FROM_PUSHED) if origin.startswith(_FROM_PUSHED) else None
    return replace(arrival, waiting=stored, handle=handle, pushed=pushed)


def _client_of(snapshot: Snapshot) -> Client:
    client = live_client(snapshot)
    if client.application_type == "service":
        raise OAuthError("invalid_client_application_type", "authorize")
    return client
