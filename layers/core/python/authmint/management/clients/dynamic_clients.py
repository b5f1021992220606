"""``/oauth2/v1/clients``: dynamic client registration (RFC 7591 and 7592)."""

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from ...http import Response
from ...ids import Ids
from ...storage.clients import Client
from ...storage.events import Event
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, OAuthStyleError
from ..http.fields import Fields
from ..http.paging import after_of, limit_of, page, scan
from .app_connections import shown_connections
from .apps import with_secret
from .certificate_settings import shown_certificates
from .client_body import KEPT_URIS, read_client
from .client_changes import ClientChanges, app_party
from .client_secrets import SECRET_METHODS, SecretVault
from .client_uris import shown_logout
from .security_settings import shown_security
from .workload_bindings import shown_bindings

PATH: Final = "/oauth2/v1/clients"
_KIND: Final = "PublicClientApp"
#: Members of an answer that are not for the client to change.
_OURS: Final = frozenset({"client_id", "client_id_issued_at", "federated"})


class DynamicClients:
    """Clients as RFC 7591 sees them."""

    def __init__(self, changes: ClientChanges, vault: SecretVault, ids: Ids) -> None:
        self._changes = changes
        self._vault = vault
        self._ids = ids

    def list(self, call: Call) -> Response:
        limit, after = limit_of(call.request, default=20, most=200), after_of(call.request)
        q, reach = call.request.query_value("q") or "", call.caller.access.reach("clients")
        clients, following = scan(
            lambda after, size: self._changes.clients.list(after=after, limit=size),
            lambda client: client.id,
            lambda client: reach.has_app(client.id) and client.label.casefold().startswith(q.casefold()),
            after=after,
            limit=limit,
            in_time=call.retrying.in_time,
        )
        items = [client_json(client) for client in clients]
        extra = {"q": q} if q else {}
        return page(
            call.request,
            PATH,
            items,
            limit=limit,
            following=following,
            extra=extra,
            cursor=itemgetter("client_id"),
        )

    def create(self, call: Call) -> Response:
        """201, with the secret. The id is ours to choose."""
        body = call.body()
        client = self._read(body, Client(self._ids.object_id("0oa"), "", call.now, call.now), call, new=True)
        secret = None
        if client.auth_method in SECRET_METHODS:
            kept = self._vault.make(client.id, None, call.now)
            client, secret = replace(client, secrets=(kept,)), self._vault.show(client, kept)
        self._changes.add(call, client, [_event("create", client, call)])
        return Response.json(201, client_json(client, secret=secret))

    def get(self, call: Call) -> Response:
        return Response.json(200, client_json(self._changes.load(call, _KIND)))

    def replace(self, call: Call) -> Response:
        """200, with the secret. The whole object is sent (RFC 7592 §2.2); its id must be the one of the URL."""
        known = self._changes.load(call, _KIND)
        body = call.body()
        if body.text("client_id") not in {None, known.id}:
            raise OAuthStyleError("invalid_client_metadata", "client_id: cannot be changed")

        def change(before: Client) -> tuple[Client, str | None, Sequence[Event]]:
            _check_whole(body, before)
            after = self._read(body, replace(before, updated_at=call.now), call, new=False)
            after, secret = with_secret(before, after, None, self._vault, call.now)
            return after, secret, [_event("update", after, call)]

        client, secret = self._changes.change(call, change, _KIND)
        return Response.json(200, client_json(client, secret=secret))

    def _read(self, body: Fields, base: Client, call: Call, *, new: bool) -> Client:
        try:
            name = body.text("client_name", required=True, longest=100) or ""
            base_url = call.request.base_url
            client = read_client(
                base,
                body,
                body,
                self._ids,
                base_url=base_url,
                now=call.now,
                new=new,
                registered=True,
                able=self._changes.able,
            )
        except ApiError as error:
            if error.code not in {"E0000001", "E0000078"}:
                raise
            text = error.causes[0] if error.causes else error.summary
            about_redirects = text.startswith(("redirect_uris", "post_logout_redirect_uris"))
            code = "invalid_redirect_uri" if about_redirects else "invalid_client_metadata"
            raise OAuthStyleError(code, text) from None
        reserves = base.reserves_label and not new and name == base.label
        return replace(client, label=name, reserves_label=reserves)

    def delete(self, call: Call) -> Response:
        self._changes.delete(call, lambda client: [_event("delete", client, call)], _KIND)
        return NO_CONTENT

    def new_secret(self, call: Call) -> Response:
        """200 with a new secret; the ones before it stop working."""
        client = self._changes.load(call, _KIND)
        if client.auth_method not in SECRET_METHODS:
            raise OAuthStyleError("invalid_client_metadata", "client_secret: the client's method uses no secret")
        secret = self._vault.make(client.id, None, call.now)
        text = self._vault.show(client, secret)

        def change(before: Client) -> tuple[Client, None, Sequence[Event]]:
            after = replace(before, secrets=(secret,), updated_at=call.now)
            event = call.recorder.event("app.oauth2.client.lifecycle.secret.rotate", app_party(after))
            return after, None, [event]

        client, _ = self._changes.change(call, change, _KIND)
        return Response.json(200, client_json(client, secret=text))


def client_json(client: Client, *, secret: str | None = None) -> dict[str, Any]:
    """RFC 7591 §3.2.1; the secret only in answers that make or replace it."""
    shown: dict[str, Any] = {"client_id": client.id}
    if secret is not None:
        shown |= {"client_secret": secret, "client_secret_expires_at": 0}
    shown |= {
        "client_id_issued_at": client.created_at,
        "client_name": client.label,
        "client_uri": client.settings.get("client_uri"),
        "logo_uri": client.settings.get("logo_uri"),
        "redirect_uris": list(client.redirect_uris),
        "response_types": list(client.response_types),
        "grant_types": list(client.grant_types),
        "token_endpoint_auth_method": client.auth_method,
        "application_type": client.application_type,
        **shown_security(client),
        **shown_bindings(client),
        **shown_connections(client),
        **shown_certificates(client),
    }
    shown |= {name: client.settings[name] for name in KEPT_URIS if name in client.settings}
    if client.post_logout_redirect_uris:
        shown["post_logout_redirect_uris"] = list(client.post_logout_redirect_uris)
    shown |= shown_logout(client)
    if client.shares_seconds:
        shown["token_sharing_seconds"] = client.shares_seconds
    if client.jwks_uri is not None:
        shown["jwks_uri"] = client.jwks_uri
    if client.keys:
        shown["jwks"] = {"keys": [{**key.jwk, **key.spelling} for key in client.keys]}
    return shown


def _check_whole(body: Fields, client: Client) -> None:
    """Refuse an update that leaves out what the client has: it would lose it without a word."""
    sent = set(body.names())
    for name, value in client_json(client).items():
        if name not in sent | _OURS and value not in (None, [], ""):
            text = "must be sent, because an update replaces the whole client. To remove it, send null."
            raise OAuthStyleError("invalid_client_metadata", f"{name}: {text}")


def _event(verb: str, client: Client, call: Call) -> Event:
    return call.recorder.event(f"application.lifecycle.{verb}", app_party(client))
