"""``/api/v1/apps``: OpenID Connect apps."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from ...http import Response
from ...ids import Ids
from ...storage.clients import Client
from ...storage.directory import is_assigned
from ...storage.errors import AlreadyExists, NotFound
from ...storage.events import Event
from ...storage.servers import Status
from ..directory.people import PeopleRecords
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, invalid_field
from ..http.fields import Fields
from ..http.filters import equality, parse_filter
from ..http.paging import id_after, limit_of, page, scan
from .app_settings import read_app_settings
from .app_view import AppView
from .client_body import KEPT_URIS, client_id_of, read_client
from .client_changes import ClientChanges, app_party
from .client_secrets import SECRET_METHODS, SecretVault

PATH: Final = "/api/v1/apps"
_KINDS: Final = (
    "this service has OpenID Connect apps ('signOnMode': 'OPENID_CONNECT', 'name': 'oidc_client') of the types web, "
    "native, browser and service, and no bookmark, SAML, SWA or catalogue apps."
)
_EXPAND: Final = re.compile(r"user/[A-Za-z0-9]{1,64}")
#: Bytes of JSON that claims can read as ``app.profile``.
_MAX_PROFILE: Final = 16_384


class Apps:
    """Apps. Each is a client; ``dynamic_clients`` is another view of the same records."""

    def __init__(
        self, changes: ClientChanges, view: AppView, vault: SecretVault, ids: Ids, people: PeopleRecords
    ) -> None:
        self._changes = changes
        self._view = view
        self._vault = vault
        self._ids = ids
        self._people = people

    def list(self, call: Call) -> Response:
        """A page in ascending id. ``q`` is a prefix of the label, ``filter`` compares members; both hold."""
        if call.request.query_value("expand"):
            _check_expand(call.request.query_value("expand") or "")
        limit, after = limit_of(call.request, default=20, most=200), self._after(call)
        q, condition = call.request.query_value("q") or "", call.request.query_value("filter") or ""
        named, fitting = _by_name(q), self._wanted(condition) if condition else _any
        reach = call.caller.access.reach("apps")
        clients, following = scan(
            lambda after, size: self._changes.clients.list(after=after, limit=size),
            lambda client: client.id,
            lambda client: reach.has_app(client.id) and named(client) and fitting(client),
            after=after,
            limit=limit,
            size=limit + 1 if not q and not condition and reach.has_all_apps else 200,
            in_time=call.retrying.in_time,
        )
        extra = {name: value for name, value in (("q", q), ("filter", condition)) if value}
        items = self._view.many(clients, call)
        return page(call.request, PATH, items, limit=limit, following=following, extra=extra)

    def _after(self, call: Call) -> str | None:
        """The cursor: an id of ours, or one that a caller chose and that is there."""
        after = id_after(call.request)
        if after is not None and not after.startswith("0oa") and not self._changes.clients.many([after]):
            raise ApiError("E0000029", causes=["Invalid cursor."])
        return after

    def _wanted(self, text: str) -> Callable[[Client], bool]:
        """What a filter is about: members of an app, ``user.id`` and ``group.id`` of who is assigned."""
        condition = parse_filter(text)
        user_id = equality(condition, "user.id")
        try:
            person = None if user_id is None else self._people.directory.person(user_id)
        except NotFound:
            person = None

        def wanted(client: Client) -> bool:
            record = {"id": client.id, "status": client.status, "name": "oidc_client", "label": client.label}
            assigned = person is not None and is_assigned(person, client)
            people = {"user": {"id": user_id if assigned else None}, "group": {"id": client.groups}}
            return condition.matches(record | people)

        return wanted

    def create(self, call: Call) -> Response:
        """**200**, with the secret."""
        body = call.body()
        _check_kind(body)
        _, credentials = _members(body)
        show = self._view.prepared(call)
        client_id = client_id_of(credentials) or self._ids.object_id("0oa")
        status: Status = "INACTIVE" if call.request.query_value("activate") == "false" else "ACTIVE"
        client = self._read(body, Client(client_id, "", call.now, call.now, status), call, new=True)
        secret = None
        if client.auth_method in SECRET_METHODS:
            kept = self._vault.make(client.id, credentials.text("client_secret", longest=100), call.now)
            client, secret = replace(client, secrets=(kept,)), self._vault.show(client, kept)
        try:
            self._changes.add(call, client, [_event("create", client, call)])
        except AlreadyExists as error:
            raise _taken(error) from None
        return Response.json(200, show(client, secret=secret))

    def get(self, call: Call) -> Response:
        return Response.json(200, self._view.prepared(call)(self._changes.load(call)))

    def replace(self, call: Call) -> Response:
        """200, with the secret. Secrets go where the method has none; one is made where there was none."""
        self._changes.load(call)
        body = call.body()
        _check_kind(body)
        _, credentials = _members(body)
        given = credentials.text("client_secret", longest=10_000)
        show = self._view.prepared(call)

        def change(before: Client) -> tuple[Client, str | None, Sequence[Event]]:
            if client_id_of(credentials) not in {None, before.id}:
                raise ApiError("E0000078", "client_id")
            after = self._read(body, replace(before, updated_at=call.now), call, new=False)
            after, secret = with_secret(before, after, given, self._vault, call.now)
            return after, secret, [_event("update", after, call)]

        try:
            client, secret = self._changes.change(call, change)
        except AlreadyExists as error:
            raise _taken(error) from None
        return Response.json(200, show(client, secret=secret))

    def _read(self, body: Fields, base: Client, call: Call, *, new: bool) -> Client:
        settings, credentials = _members(body)
        label = body.text("label", required=True, longest=100) or ""
        body.choice("signOnMode", ("OPENID_CONNECT",), "OPENID_CONNECT", required=new)
        kept = read_app_settings(body)
        client = read_client(
            base,
            settings,
            credentials,
            self._ids,
            base_url=call.request.base_url,
            now=call.now,
            new=new,
            able=self._changes.able,
        )
        profile = body.free("profile", longest=_MAX_PROFILE)
        implicit = body.below("settings").flag("implicitAssignment", default=False)
        body.check()
        uris = {name: value for name, value in client.settings.items() if name in KEPT_URIS}
        return replace(
            client,
            label=label,
            reserves_label=base.reserves_label or label != base.label,
            profile=profile,
            implicit_assignment=implicit,
            settings=uris | kept,
        )

    def delete(self, call: Call) -> Response:
        """204; only an INACTIVE one."""

        def doomed(client: Client) -> Sequence[Event]:
            if client.status == "ACTIVE":
                raise ApiError("E0000056", causes=["The application must be deactivated before deletion."])
            return [_event("delete", client, call)]

        self._changes.delete(call, doomed)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        """200 ``{}``. Tokens issued before are dead for good."""
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        def change(before: Client) -> tuple[Client, None, Sequence[Event]]:
            if before.status == status:
                return before, None, ()
            generation = before.token_generation + (status == "INACTIVE")
            after = replace(before, status=status, updated_at=call.now, token_generation=generation)
            return after, None, [_event(verb, after, call)]

        self._changes.change(call, change)
        return Response.json(200, {})

    def upload_logo(self, call: Call) -> Response:
        """Refused with what to do instead."""
        self._changes.load(call)
        raise invalid_field("logo", "Logos cannot be uploaded here. Set settings.oauthClient.logo_uri.")


def with_secret(
    before: Client, after: Client, given: str | None, vault: SecretVault, now: int
) -> tuple[Client, str | None]:
    """The client with the secrets that its authentication method asks for, and the newest of them to show."""
    if after.auth_method not in SECRET_METHODS:
        return replace(after, secrets=()), None
    newest = vault.newest(before)
    if newest is not None and given in {None, "", newest}:
        return after, newest
    made = vault.make(after.id, given, now)
    return replace(after, secrets=(*before.secrets[:-1], made)), vault.show(after, made)


def _by_name(q: str) -> Callable[[Client], bool]:
    return lambda client: client.label.casefold().startswith(q.casefold()) or bool(q and "oidc_client".startswith(q))


def _any(_: Client) -> bool:
    return True


def _check_kind(body: Fields) -> None:
    """Refuse what is no OpenID Connect app before anything else is read of it."""
    for name, only in (("signOnMode", "OPENID_CONNECT"), ("name", "oidc_client")):
        value = body.text(name)
        if value is not None and value != only:
            raise invalid_field(name, f"'{value[:50]}' is not supported: {_KINDS}")


def _check_expand(expand: str) -> None:
    """``user/{id}``, which embeds nothing: whether the user is assigned is what a filter finds."""
    if not _EXPAND.fullmatch(expand):
        raise ApiError("E0000001", "RequestParams", ["Expand query is malformed."])


def _members(body: Fields) -> tuple[Fields, Fields]:
    return body.below("settings").below("oauthClient"), body.below("credentials").below("oauthClient")


def _taken(error: AlreadyExists) -> ApiError:
    if error.field == "label":
        return ApiError("E0000040")
    return invalid_field("client_id", "An object with this field already exists in the current organization")


def _event(verb: str, client: Client, call: Call) -> Event:
    return call.recorder.event(f"application.lifecycle.{verb}", app_party(client))
