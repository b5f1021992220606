"""Pushed authorization requests (RFC 9126, docs/protocol.md §5)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...jose.encoding import strict_json
from ...outage import Outage
from ...storage.authorization_requests import StoredRequest, StoredRequests
from ...storage.clients import secret_digest
from .. import form as forms
from ..dpop.possession import Possession
from ..endpoint import AuthenticatedEndpoint, Call
from ..errors import NO_STORE, OAuthError, unavailable
from ..token_events import TokenEvents
from .events import Record
from .interaction import PUSHED
from .interactions import HANDLE_BYTES
from .parameters import match_redirect_uri, parameters
from .request import Arrival
from .rules import check
from .vocabulary import DPOP_JKT

if TYPE_CHECKING:  # few requests are signed
    from .request_objects import RequestObjects

#: What proves the client or the user now, and must not be kept.
_SECRETS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type", "sessionToken"})


class PushedRequestEndpoint:
    """POST ``/oauth2/{authServerId}/v1/par``."""

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        requests: StoredRequests,
        clock: Clock,
        ids: Ids,
        events: TokenEvents,
        *,
        possession: Callable[[], Possession],
        objects: Callable[[], "RequestObjects"],
    ) -> None:
        """``possession`` makes what reads proofs, when one comes; ``objects`` what opens request objects."""
        self._possession = possession
        self._objects = objects
        self._endpoint = endpoint
        self._requests = requests
        self._clock = clock
        self._ids = ids
        self._events = events

    def __call__(self, request: Request) -> Response:
        """A ``request_uri``, or the error that the authorization endpoint would have sent, as JSON."""
        record = Record(request, self._clock, self._ids, pushed=True)
        try:
            return self._push(request, record)
        except OAuthError as error:
            refusal = error
        except Outage as error:
            return unavailable(error).response(request.base_url)
        for event in record.refusals(refusal):
            self._events.emit(event)
        return refusal.response(request.base_url)

    def _push(self, request: Request, record: Record) -> Response:
        now = self._clock.now()
        call = self._endpoint.open(request, endpoint="/v1/par", also=("/v1/token",), now=now, read=_read)
        arrival = record.arrival = self._bound(self._arrival(call), request, now)
        record.wish = check(arrival, pushing=True)
        arrival.confirm()
        call.confirm()
        handle = self._ids.opaque(HANDLE_BYTES)
        lifetime = call.profile.pushed_lifetime(arrival.server.pushed_lifetime)
        self._requests.add(
            StoredRequest(
                digest=secret_digest(handle),
                kind="pushed",
                server_id=arrival.server.id,
                client_id=arrival.client.id,
                parameters=arrival.stored_parameters(),
                created_at=now,
                expires_at=now + lifetime,
                resources=arrival.parameters.resources,
                client_since=arrival.client.since,
                signed=arrival.signed,
            )
        )
        return Response.json(201, {"request_uri": PUSHED + handle, "expires_in": lifetime}, NO_STORE)

    def _bound(self, arrival: Arrival, request: Request, now: int) -> Arrival:
        """The request with the key of its proof in it (RFC 9449 §10.1)."""
        if "dpop" not in request.headers:
            return arrival
        asked = arrival.parameters.get(DPOP_JKT)
        jkt = self._possession().pushed(request, arrival.server, arrival.client, asked, now=now)
        return arrival if jkt is None else arrival.with_parameter(DPOP_JKT, jkt)

    def _arrival(self, call: Call) -> Arrival:
        """What is pushed: a signed request, whose parameters count and no others (RFC 9126 §3), or a form's."""
        if "request_uri" in call.form:
            raise OAuthError("pushed_authorization_request_uri_present")
        if call.client.application_type == "service":
            raise OAuthError("invalid_client_application_type", "par")
        text, spend = call.form.get("request"), None
        if text is None:
            pushed = {name: value for name, value in call.form.items() if name not in _SECRETS}
            resources = ((forms.RESOURCE, value) for value in call.resources)
            asked = parameters([*(pushed | {"client_id": call.client.id}).items(), *resources])
        else:
            opened = self._objects().open(text, call.client, call.profile, issuer=call.issuer, now=call.now)
            asked, spend = opened.parameters, opened.spend
        return Arrival(
            server=call.server,
            issuer=call.issuer,
            client=call.client,
            parameters=asked,
            return_to=match_redirect_uri(call.client, asked, call.issuer, call.profile),
            signed=text is not None,
            spend_object=spend,
        )


def _read(request: Request) -> forms.Form:
    """A form, or an object of texts (docs/protocol.md §5), of which ``resource`` alone may be a list of them.

    Raises:
        OAuthError: It is neither.
    """
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return forms.read(request)
    forms.refuse_credentials_in_query(request)
    if len(request.body) > forms.MAX_BODY:
        raise OAuthError("body_too_large", str(forms.MAX_BODY))
    try:
        body = strict_json(request.body)
    except (ValueError, RecursionError):
        raise OAuthError("invalid_request", reason="malformed JSON") from None
    if not isinstance(body, dict) or len(body) > forms.MAX_FIELDS:
        raise OAuthError("invalid_request", reason="not an object of parameters")
    values = {name: str(value) if type(value) is int else value for name, value in body.items()}
    resources = values.pop(forms.RESOURCE, [])
    resources = resources if isinstance(resources, list) else [resources]
    if not all(isinstance(value, str) for value in (*values.values(), *resources)):
        raise OAuthError("invalid_request", reason="a parameter is not a text")
    return forms.Form({name: value for name, value in values.items() if value}, tuple(filter(None, resources)))
