"""From an HTTP request to an authorization request with a way back. What fails here never redirects.

A request comes whole, or names one that is stored: pushed by its client (``PUSHED``), or waiting for its user
(``WAITING``). The parameters beside such a name do not count (RFC 9126 §4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from ...http import Request
from ...storage.authorization_requests import StoredRequest, StoredRequests
from ...storage.client_registration import class_of
from ...storage.clients import Client, secret_digest
from ...storage.codes import AuthorizationCode
from ...storage.configuration import Configuration, Snapshot
from ...storage.errors import NotFound
from ...storage.servers import AuthorizationServer, issuer_of, server_named
from ...storage.token_families import TokenFamily
from ..endpoint import live_client, live_server
from ..errors import OAuthError
from ..security_profile import needs_push, profile_of
from .interaction import PUSHED, WAITING, Visitor
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
class Asked:
    """A request whose server stands; its client may be an id that nothing is known of yet.

    Attributes:
        session_token: From the browser; never of a stored request.
        reference: ``request_uri`` as it was sent.
        waiting: The stored request that the browser came back with, and its handle.
        pushed: Digest of the pushed request that this is.
        client_since: Since when the client was who it was as it pushed the request.
        signed: Whether its client signed it (RFC 9101).
        spend_object: Uses up the request object that it came as, where that counts once.
        refusal: Why the request object that it came as is none; for the client, through its redirect URI.
    """

    server: AuthorizationServer
    issuer: str
    client: Client
    parameters: Parameters
    session_token: str | None = None
    reference: str | None = None
    waiting: StoredRequest | None = None
    handle: str | None = None
    pushed: str | None = None
    client_since: int | None = None
    signed: bool = False
    spend_object: "Spend | None" = None
    refusal: OAuthError | None = None

    def stored_parameters(self) -> Mapping[str, str]:
        """The parameters as they are kept while the user is busy. Session tokens are secrets, and for now only."""
        kept = {name: value for name, value in self.parameters.values.items() if name != "sessionToken"}
        return kept if self.pushed is None else kept | {"request_uri": _FROM_PUSHED + self.pushed}

    def by(self, client: Client) -> "Arrival":
        """The request as one of this client's.

        Raises:
            OAuthError: Its redirect URI is not one of the client's.
        """
        way_back = match_redirect_uri(client, self.parameters, self.issuer, profile_of(self.server, client))
        own = {field.name: getattr(self, field.name) for field in fields(Asked)}
        return Arrival(**(own | {"client": client}), return_to=way_back)


class SignInFirst(Exception):
    """Only a signed-in user can have the document of this request's client fetched (docs/protocol.md §7.5)."""

    def __init__(self, asked: Asked) -> None:
        super().__init__("the client's document was never fetched, and nobody is signed in")
        self.asked = asked


class Newcomers(Protocol):
    """Finds clients that this service may never have heard of."""

    def found(self, server: AuthorizationServer, client_id: str, *, signed_in: bool, issuer: str | None) -> Client:
        """The client. Raises OAuthError, NotFetchedYet, Unavailable."""


@dataclass(frozen=True, kw_only=True)
class Arrival(Asked):
    """A request whose server, client and redirect URI stand; nothing else of it was looked at."""

    return_to: ReturnTo

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
    """Finds server, client and stored request, and matches the redirect URI.

    Args:
        configuration: Knows servers and clients.
        requests: Stored ones.
        objects: Makes what opens request objects, when one comes.
        newcomers: Makes what finds clients by their metadata documents, when one first asks.
    """

    def __init__(
        self,
        configuration: Configuration,
        requests: StoredRequests,
        objects: Callable[[], "RequestObjects"],
        newcomers: Callable[[], Newcomers] | None = None,
    ) -> None:
        self._configuration = configuration
        self._requests = requests
        self._objects = objects
        self._newcomers = None if newcomers is None else cache(newcomers)

    def arrive(self, request: Request, *, now: int, signed_in: Callable[[], bool] = lambda: False) -> Arrival:
        """What a browser brings. ``signed_in``: whether somebody is, at this browser.

        Raises:
            SignInFirst: Whose request it is can be found out for a signed-in user alone.
            OAuthError: For a page of ours.
            Unavailable: Storage could not answer.
        """
        sent = read(request)
        sent.refuse_repeated(_IDENTIFYING)
        client_id = sent.get("client_id")
        comes_anew = self._newcomers is not None and client_id is not None and class_of(client_id) == "METADATA"
        server_id = server_named(request.path_parameters.get("authServerId"))
        snapshot = self._configuration.read(server_id, None if comes_anew else client_id)
        server = live_server(snapshot)
        issuer = issuer_of(server, request.base_url)
        reference = sent.get("request_uri")
        if reference is not None and sent.get("request") is not None:
            raise OAuthError("authorize_request_object_and_request_uri_provided")
        if reference is None or not reference.startswith((WAITING, PUSHED)):
            # A reference that is not ours is refused like any parameter: through the redirect URI (``rules.check``).
            asked = Asked(
                server=server,
                issuer=issuer,
                client=unknown_client(client_id or ""),
                parameters=sent,
                session_token=sent.get("sessionToken"),
            )
        else:
            stored, handle = self._referred(reference, now)
            if stored.server_id != server.id:
                raise OAuthError("authorize_request_uri_mismatched_authorization_server")
            if stored.client_id != client_id:
                raise OAuthError("authorize_request_uri_mismatched_client")
            asked = replace(_asked(server, issuer, stored, handle), reference=reference)
            if asked.waiting is None:
                asked = replace(asked, session_token=sent.get("sessionToken"))
        client = self._newcomer(asked, signed_in()) if comes_anew else _client_of(snapshot)
        return _still_theirs(self._by(asked, client, now))

    def waiting(self, handle: str, *, now: int) -> StoredRequest:
        """A request that waits for its user, as it is stored.

        Raises:
            OAuthError: There is none, or its time is over.
            Unavailable: Storage could not answer.
        """
        return self._live(handle, "interaction", now)

    def resume(self, request: Request, handle: str, *, now: int) -> Arrival:
        """A waiting request, for a page that was called with its handle.

        Raises:
            SignInFirst: Whose request it is was not found out yet.
            OAuthError: For a page of ours.
            Unavailable: Storage could not answer.
        """
        stored = self.waiting(handle, now=now)
        snapshot = self._configuration.read(stored.server_id, stored.client_id)
        server = live_server(snapshot)
        asked = _asked(server, issuer_of(server, request.base_url), stored, handle)
        if snapshot.client is None and class_of(stored.client_id) == "METADATA":
            raise SignInFirst(asked)  # or the client is not let in any more, which the endpoint says
        return self._by(asked, _client_of(snapshot), now)

    def _by(self, asked: Asked, client: Client, now: int) -> Arrival:
        """The request as one of this client's. What the client signed counts then, and nothing beside it.

        Raises:
            OAuthError: There is no way back to the client: what is wrong is for the user to see.
        """
        text = asked.parameters.get("request")
        if text is None:
            return asked.by(client)
        try:
            if needs_push(asked.server, client):
                raise OAuthError("pushed_request_required")
            profile = profile_of(asked.server, client)
            opened = self._objects().open(text, client, profile, issuer=asked.issuer, now=now)
        except OAuthError as error:
            refused = replace(asked, parameters=beside_request_object(asked.parameters), refusal=error)
            try:
                return refused.by(client)
            except OAuthError:
                raise error from None
        return replace(asked, parameters=opened.parameters, signed=True, spend_object=opened.spend).by(client)

    def _newcomer(self, asked: Asked, signed_in: bool) -> Client:
        from ..document_clients import NotFetchedYet  # few clients are known by documents

        if self._newcomers is None:
            raise OAuthError("invalid_client_id")
        try:
            return self._newcomers().found(asked.server, asked.client.id, signed_in=signed_in, issuer=asked.issuer)
        except NotFetchedYet:
            raise SignInFirst(asked) from None

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


def check_browser(arrival: Asked, visitor: Visitor) -> None:
    """Whether a waiting request is this browser's: else somebody could have a victim go on with a request of theirs.

    Raises:
        OAuthError: For a page of ours.
    """
    if arrival.waiting is not None and arrival.waiting.browser != visitor.browser:
        raise OAuthError("request_expired", reason="begun by another browser")


def unknown_client(client_id: str) -> Client:
    """An id as a client that may do nothing: what pages show before it is known whose id it is."""
    return Client(client_id, urlsplit(client_id).hostname or client_id, 0, 0, "INACTIVE", grant_types=())


def _asked(server: AuthorizationServer, issuer: str, stored: StoredRequest, handle: str) -> Asked:
    values = dict(stored.parameters)
    origin = values.pop("request_uri", "")
    asked = Asked(
        server=server,
        issuer=issuer,
        client=unknown_client(stored.client_id),
        parameters=Parameters(values, resources=stored.resources),
        client_since=stored.client_since,
        signed=stored.signed,
    )
    if stored.kind == "pushed":
        return replace(asked, pushed=stored.digest)
    pushed = origin.removeprefix(_FROM_PUSHED) if origin.startswith(_FROM_PUSHED) else None
    return replace(asked, waiting=stored, handle=handle, pushed=pushed)


def _still_theirs(arrival: Arrival) -> Arrival:
    """A request that its client pushed is dead when the client became another one."""
    if arrival.client_since not in {None, arrival.client.since}:
        raise OAuthError("invalid_request_uri", reason="the client became another one since")
    return arrival


def _client_of(snapshot: Snapshot) -> Client:
    client = live_client(snapshot)
    if client.application_type == "service":
        raise OAuthError("invalid_client_application_type", "authorize")
    return client
