"""``/api/v1/users`` (docs/protocol.md §27.1)."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from ...directory.profile import unknown_attributes
from ...http import Response
from ...outage import Outage
from ...storage.clients import Client, Clients
from ...storage.errors import AlreadyExists
from ...storage.events import Event
from ...storage.users import Password, User, UserStatus
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, not_found
from ..http.paging import whole
from .group_view import group_json
from .people import PeopleRecords, group_party, user_party
from .rule_runs import apply_rules
from .user_body import UserBody, new_password, read_user, recovery_question, with_profile
from .user_lifecycle import activation, moved
from .user_search import list_users
from .user_view import DEFAULT_TYPE, user_json

#: Setting a password ends these: the user has what was missing.
_WAITING: Final = frozenset({"PROVISIONED", "RECOVERY", "PASSWORD_EXPIRED"})


class Users:
    """``/api/v1/users``: made, read, listed, changed and deleted."""

    def __init__(self, records: PeopleRecords, clients: Clients) -> None:
        self._records = records
        self._clients = clients

    def list(self, call: Call) -> Response:
        return list_users(self._records.users, self._records.groups, self._records.directory, call)

    def create(self, call: Call) -> Response:
        """**200**. With a password ACTIVE at once, without one PROVISIONED, with ``activate=false`` STAGED."""
        body = read_user(call.json())
        type_id = None if body.type_id in DEFAULT_TYPE else body.type_id
        self._records.types_version(type_id)
        activate = call.request.query_value("activate") != "false"
        expire = call.request.query_value("nextLogin") == "changePassword"
        if expire and not body.has_password:
            raise ApiError("E0000124")
        if expire and not activate:
            raise ApiError("E0000125")
        status: UserStatus = "STAGED"
        if activate:
            status = "PROVISIONED" if not body.has_password else "PASSWORD_EXPIRED" if expire else "ACTIVE"
        changed = call.now if activate else None
        user = User(
            self._records.ids.object_id("00u"),
            call.now,
            call.now,
            status,
            body.profile or {},
            activated_at=changed,
            status_changed_at=changed,
            type_id=type_id,
        )
        user = with_profile(user, user.profile, self._records.schema_of(type_id))
        user = self._with_credentials(user, body, call)
        return Response.json(200, user_json(self._added(user, body.group_ids, call, activate=activate), call))

    def _added(self, user: User, group_ids: Sequence[str], call: Call, *, activate: bool) -> User:
        event = call.recorder.event
        self._records.check_joining(call, group_ids)

        def attempt() -> User:
            groups = self._records.groups.many(group_ids)
            if missing := set(group_ids) - {group.id for group in groups}:
                raise not_found(min(missing, key=group_ids.index), "UserGroup")
            events = [event("user.lifecycle.create", user_party(user))]
            events += [event("user.lifecycle.activate", user_party(user))] if activate else []
            events += [event("group.user_membership.add", user_party(user), group_party(group)) for group in groups]
            version = self._records.types_version(user.type_id)
            added = with_profile(user, user.profile, self._records.schema_of(user.type_id))
            added, mails = activation(added, self._records, call) if added.status == "PROVISIONED" else (added, ())
            self._records.users.add(added, events, group_ids=group_ids, types_version=version, mails=mails)
            return added

        try:
            added = call.retrying(attempt)
        except AlreadyExists as error:
            raise self._records.taken(error) from None
        with suppress(Outage):  # who asked again would hear that the login is taken: the daily run finds it
            apply_rules(self._records, added.id, call)
        return added

    def get(self, call: Call) -> Response:
        return Response.json(200, user_json(self._records.user(call), call))

    def update(self, call: Call) -> Response:
        """POST: what is left out stays as it is."""
        return self._change(call, merge=True)

    def replace(self, call: Call) -> Response:
        """PUT: attributes that are left out of a profile are removed. A profile or credentials left out stay."""
        return self._change(call, merge=False)

    def _change(self, call: Call, *, merge: bool) -> Response:
        self._records.user(call)
        body = read_user(call.json())

        def change(before: User) -> tuple[User, Sequence[Event]]:
            if before.status == "DEPROVISIONED":
                raise ApiError("E0000038")
            after = self._with_profile(before, body, merge=merge)
            self._check_mastered(before, after)
            events = []
            if after != before:
                events.append(call.recorder.event("user.account.update_profile", user_party(after)))
            changed = self._with_credentials(after, body, call)
            if body.has_password:
                events.append(call.recorder.event("user.account.update_password", user_party(after)))
                if changed.status in _WAITING:
                    changed = moved(changed, "ACTIVE", call.now)
            return (before if changed == before else replace(changed, updated_at=call.now)), events

        return Response.json(200, user_json(self._records.change(call, change, repeatable=True), call))

    def _with_profile(self, before: User, body: UserBody, *, merge: bool) -> User:
        """The user with type and profile of a body. What neither the body nor the schema names is left behind."""
        type_id = before.type_id if body.type_id is None else None if body.type_id in DEFAULT_TYPE else body.type_id
        if body.profile is None and type_id == before.type_id:
            return before
        self._records.types_version(type_id)
        schema = self._records.schema_of(type_id)
        profile = body.profile or {}
        if merge or body.profile is None:
            gone = set(unknown_attributes(before.profile, schema))
            profile = {name: value for name, value in before.profile.items() if name not in gone} | dict(profile)
        return with_profile(replace(before, type_id=type_id), profile, schema)

    def _check_mastered(self, before: User, after: User) -> None:
        """Raises ApiError (E0000023): an identity provider says what this is, and would write it again."""
        if before.provider is None or not before.provider.mastered or before.profile == after.profile:
            return
        provider = self._records.identity_providers.all().get(before.provider.idp_id)
        if provider is None or not provider.linking.profile_master:
            return
        if any(before.profile.get(name) != after.profile.get(name) for name in before.provider.mastered):
            raise ApiError("E0000023")

    def _with_credentials(self, user: User, body: UserBody, call: Call) -> User:
        if body.password is not None:
            password = new_password(user, body.password, self._records, call)
            user = replace(user, password=password, ticket=None)
        elif body.hashed is not None:
            before = () if user.password is None else (user.password.hash, *user.password.history)
            user = replace(user, password=Password(body.hashed, call.now, before[:4]), ticket=None)
        if body.question is not None:
            user = replace(user, recovery=recovery_question(body.question, self._records))
        return user

    def delete(self, call: Call) -> Response:
        """204. The first call deactivates, the second one removes."""
        admins = self._records.super_admins

        def attempt() -> None:
            user = self._records.user(call)
            party = user_party(user)
            if user.status == "DEPROVISIONED":
                event = call.recorder.event("user.lifecycle.delete.initiated", party)
                self._records.users.delete(user, [event], book=admins.ending(user.id, gone=True))
            else:
                event = call.recorder.event("user.lifecycle.deactivate", party)
                book = admins.ending(user.id)
                self._records.users.save(user, moved(user, "DEPROVISIONED", call.now), [event], book=book)

        call.retrying(attempt)
        return NO_CONTENT

    def groups(self, call: Call) -> Response:
        """Groups of a user, ``Everyone`` among them."""
        return whole(call.request, [group_json(group, call) for group in self._records.person(call).groups])

    def app_links(self, call: Call) -> Response:
        """Apps that a user is assigned to directly or by a group."""
        person = self._records.person(call)
        ids = set(person.app_users)
        for group in person.groups:
            ids |= set(self._records.assignments.clients_of_group(group.id, limit=1_000))
        found = (client for client in self._clients.many(sorted(ids)) if client.status == "ACTIVE")
        return whole(call.request, [_link_json(client, number) for number, client in enumerate(found)])


def _link_json(client: Client, number: int) -> dict[str, Any]:
    return {
        "id": f"aln{client.id}",
        "label": client.label,
        "linkUrl": client.settings.get("initiate_login_uri") or client.settings.get("client_uri") or "",
        "logoUrl": client.settings.get("logo_uri"),
        "appName": "oidc_client",
        "appInstanceId": client.id,
        "appAssignmentId": client.id,
        "credentialsSetup": False,
        "hidden": False,
        "sortOrder": number,
    }
