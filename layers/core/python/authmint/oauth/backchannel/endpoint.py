"""The backchannel authentication endpoint (OpenID CIBA Core 1.0 §7, docs/protocol.md §17.1), poll mode."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...outage import Outage
from ...storage.backchannel_requests import BackchannelRequest, BackchannelRequests, TooManyOpen
from ...storage.clients import secret_digest
from ...storage.directory import Directory, Person
from ...storage.errors import NotFound
from ...storage.liveness import NotAlive, check_user, generations_of
from ...storage.users import is_same_name, login_key
from .. import form as forms
from .. import scopes
from ..access_tokens import recognize_id_token
from ..endpoint import AuthenticatedEndpoint, Call
from ..errors import NO_STORE, OAuthError, unavailable
from ..grants.base import check_grant_type
from ..grants.polled import INTERVAL
from ..issuance import Entitlement, Issuance, Recipient, Trace
from ..resources import targets
from ..security_profile import needs_signature
from ..sign_in import SignIn
from ..token_events import TokenEvents
from .asked import Asked, asked, in_object
from .events import Record

if TYPE_CHECKING:  # few requests are signed
    from ..authorization.request_objects import RequestObjects
    from ..client_auth.assertions import Spend

#: An id that no user has: to look it up takes as long as to look up one that somebody has.
_NOBODY: Final = "00u00000000000000000"


class BackchannelEndpoint:
    """POST ``/oauth2/{authServerId}/v1/bc/authorize``.

    Whether there is a user of a hint, and whether the policies let them use the client, is not told: the request of who
    may not waits like any other, for nobody. Else any client could find out whose address is known here.
    """

    def __init__(
        self,
        endpoint: AuthenticatedEndpoint,
        requests: BackchannelRequests,
        directory: Directory,
        clock: Clock,
        ids: Ids,
        events: TokenEvents,
        *,
        objects: "Callable[[], RequestObjects]",
    ) -> None:
        """``objects`` makes what opens signed requests, when one comes."""
        self._endpoint = endpoint
        self._requests = requests
        self._directory = directory
        self._clock = clock
        self._ids = ids
        self._events = events
        self._objects = objects
        self._issuance = Issuance(ids)

    def __call__(self, request: Request) -> Response:
        """``auth_req_id`` for the client to ask about, or an error of §13. Each is one event, a fault is none."""
        record = Record(request, self._clock, self._ids)
        try:
            answer = self._answer(request, record)
        except OAuthError as error:
            self._events.emit(record.refused(error))
            return error.response(request.base_url)
        except Outage as error:
            return unavailable(error).response(request.base_url)
        return answer

    def _answer(self, request: Request, record: Record) -> Response:
        now = self._clock.now()
        call = record.call = self._endpoint.open(request, endpoint="/v1/bc/authorize", also=("/v1/token",), now=now)
        _check_client(call)
        form, spend = self._form(call)
        wish = record.asked = asked(form)
        named = scopes.for_user(call.server, call.client, wish.scopes)
        uris, named = targets(call.server, wish.resources, named)
        wish = record.asked = replace(wish, scopes=named, resources=uris)
        recipient = Recipient(call.server, call.issuer, call.client)
        # What nobody could get is refused at once: that tells of no user.
        self._issuance.decide(recipient, Entitlement(forms.CIBA, named), trace=record.trace)
        record.trace = Trace()
        person, meant = self._person(call, wish)
        record.person = person
        refusal = self._refusal(recipient, wish, record)
        text, handle = self._ids.opaque(32), self._ids.opaque(32)
        stored = replace(
            _stored(call, wish, person if refusal is None else None),
            digest=secret_digest(text),
            handle=handle,
            owner=meant if refusal is None else secret_digest(meant),
            address=request.source_ip,
        )
        if spend is not None:
            with _about_the_request():
                spend()
        call.confirm()
        try:
            self._requests.add(stored)
        except TooManyOpen:
            raise OAuthError("access_denied", reason="as many of its requests wait for the user as may") from None
        record.handle = handle if refusal is None else ""
        self._events.emit(record.stored() if refusal is None else record.refused(refusal))
        answer = {"auth_req_id": text, "expires_in": wish.lifetime, "interval": INTERVAL}
        return Response.json(200, answer, NO_STORE)

    def _form(self, call: Call) -> "tuple[forms.Form, Spend | None]":
        """The parameters, and what uses up the object that they came in."""
        sent, text = forms.Form(call.form, call.resources), call.form.get("request")
        algorithm = call.client.backchannel_algorithm
        if text is None:
            if algorithm is not None or needs_signature(call.server, call.client):
                raise OAuthError("signed_request_required")
            return sent, None
        if algorithm is None:
            raise OAuthError("ciba_request_signed_algo_not_configured")
        with _about_the_request():
            said = self._objects().read(
                text, call.client, call.profile, algorithm=algorithm, issuer=call.issuer, now=call.now
            )
            return in_object(said.payload, sent), said.spend

    def _person(self, call: Call, wish: Asked) -> tuple[Person | None, str]:
        """The user whom the hint means, if there is one, and what stands for whom it means.

        Raises:
            OAuthError: The hint is not this client's to give.
        """
        if wish.login_hint is not None:
            meant, find = login_key(wish.login_hint), partial(self._directory.by_login, wish.login_hint)
        else:
            hint = recognize_id_token(wish.id_token_hint or "", call.server, issuer=call.issuer)
            if hint is None or hint.client_id != call.client.id:
                raise OAuthError("ciba_request_invalid_id_token_hint")
            meant, find = hint.user_id, partial(self._directory.person, hint.user_id)
        try:
            person = find()
        except NotFound:
            with suppress(NotFound):  # as long as it takes for somebody
                self._directory.person(_NOBODY)
            return None, meant
        if wish.login_hint is not None and not is_same_name(wish.login_hint, person.user.login):
            return None, meant
        return person, person.user.id

    def _refusal(self, recipient: Recipient, wish: Asked, record: Record) -> OAuthError | None:
        """Why the request waits for nobody; ``None``: it waits for the user whom it names."""
        person = record.person
        try:
            if person is None:
                raise OAuthError("ciba_request_unknown_user_id")
            check_user(person.user)
            entitlement = Entitlement(forms.CIBA, wish.scopes, sign_in=SignIn(person, None, ()))
            self._issuance.decide(recipient, entitlement, trace=record.trace)
        except NotAlive as dead:
            return OAuthError("ciba_request_unknown_user_id", reason=str(dead))
        except OAuthError as error:
            return error
        return None


@contextmanager
def _about_the_request() -> Iterator[None]:
    """What is wrong with a signed request has no error of its own here (CIBA Core §13)."""
    try:
        yield
    except OAuthError as error:
        error.status, error.code = 400, "invalid_request"
        raise


def _check_client(call: Call) -> None:
    """Whether the client may ask at all. Raises OAuthError."""
    if forms.CIBA not in call.client.grant_types:
        raise OAuthError("ciba_request_grant_type_not_configured")
    check_grant_type(forms.CIBA, call.client, (forms.CIBA,), call.profile)
    if call.client.application_type != "web":
        raise OAuthError("ciba_feature_not_supported")
    if call.client.auth_method == "none":
        raise OAuthError("confidential_client_required")


def _stored(call: Call, wish: Asked, person: Person | None) -> BackchannelRequest:
    """What is kept of a request; ``person``: who may decide."""
    return BackchannelRequest(
        digest="",
        handle="",
        owner="",
        server_id=call.server.id,
        client_id=call.client.id,
        scopes=wish.scopes,
        created_at=call.now,
        expires_at=call.now + wish.lifetime,
        interval=INTERVAL,
        user_id=None if person is None else person.user.id,
        generations=generations_of(call.client),
        resources=wish.resources,
        binding_message=wish.binding_message,
        context_classes=wish.classes,
    )
