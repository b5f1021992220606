"""``/scim/v2/Users`` (docs/protocol.md §41.3)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ...http import Response
from ...ids import Ids
from ...outage import Outage
from ...storage.errors import AlreadyExists, NotFound
from ...storage.events import Event
from ...storage.schemas import ProfileSchema
from ...storage.users import User, UserStatus
from ..directory.people import PeopleRecords, user_party
from ..directory.rule_runs import apply_rules
from ..directory.user_body import new_password, with_profile
from ..directory.user_lifecycle import moved
from ..http.call import Call
from ..http.errors import ApiError
from ..http.filters import Condition
from . import listing
from .filters import matches, wanted
from .messages import ScimError, answer, missing, taken
from .patch import patched
from .people import is_active, profile_of, user_json
from .vocabulary import canonical, truth

PATH = "/scim/v2/Users"
_LONGEST_NAME = 256
_PAGE = 200


class ScimUsers:
    """Users as directories see them. Who administers is seen, and changed by nobody here."""

    def __init__(self, people: PeopleRecords, ids: Ids) -> None:
        self._people = people
        self._ids = ids

    def list(self, call: Call) -> Response:
        return self.find(call).response()

    def find(self, call: Call) -> listing.Found:
        """Users whom a filter means."""
        return listing.find(call, self._candidates, self._shown(call))

    def get(self, call: Call) -> Response:
        return answer(200, listing.projected(self._json(self._found(call), call), call))

    def create(self, call: Call) -> Response:
        """201. Without a password the user signs in by an identity provider, or asks for a password by mail."""
        resource = canonical(call.json())
        schema = self._people.schemas.get()
        status: UserStatus = "ACTIVE" if _active(resource, default=True) else "STAGED"
        user = User(
            self._ids.object_id("00u"),
            call.now,
            call.now,
            status,
            {},
            activated_at=call.now if status == "ACTIVE" else None,
            status_changed_at=call.now,
            external_id=_external_id(resource),
        )
        profile = {name: value for name, value in profile_of(resource, schema).items() if value is not None}
        user = self._with_password(with_profile(user, profile, schema), resource, call)
        events = [call.recorder.event("user.lifecycle.create", user_party(user))]
        if status == "ACTIVE":
            events.append(call.recorder.event("user.lifecycle.activate", user_party(user)))

        def attempt() -> User:
            added = with_profile(user, user.profile, self._people.schemas.get())
            self._people.users.add(added, events)
            return added

        try:
            added = call.retrying(attempt)
        except AlreadyExists as error:
            raise self._taken(error) from None
        with suppress(Outage):  # who asked again would hear that the name is taken: the daily run finds it
            apply_rules(self._people, added.id, call)
        # Nothing is read that has to succeed, once the user is there: the same request would meet it.
        shown = user_json(added, schema, call.request.base_url)
        return answer(201, listing.projected(shown, call), (("location", shown["meta"]["location"]),))

    def replace(self, call: Call) -> Response:
        """200: attributes that SCIM has a name for and that are left out are emptied."""
        resource = canonical(call.json())
        return self._changed(call, lambda _: resource)

    def patch(self, call: Call) -> Response:
        """200 with the whole resource."""
        body = call.json()
        return self._changed(call, lambda before: patched(self._json(before, call), body))

    def delete(self, call: Call) -> Response:
        """204: the user is deactivated, then removed for good."""
        people = self._people

        def attempt() -> None:
            user = self._changeable(call)
            if user.status != "DEPROVISIONED":
                event = call.recorder.event("user.lifecycle.deactivate", user_party(user))
                book = people.super_admins.ending(user.id)
                people.users.save(user, moved(user, "DEPROVISIONED", call.now), [event], book=book)
                user = people.users.get(user.id)
            event = call.recorder.event("user.lifecycle.delete.initiated", user_party(user))
            people.users.delete(user, [event], book=people.super_admins.ending(user.id, gone=True))

        call.retrying(attempt)
        return Response(204)

    def _changed(self, call: Call, change: Callable[[User], Mapping[str, Any]]) -> Response:
        people = self._people

        def attempt() -> User:
            before = self._changeable(call)
            resource = change(before)
            after, events = self._applied(before, resource, call)
            if after != before:
                book = people.super_admins.ending(before.id) if is_active(before) and not is_active(after) else None
                people.users.save(before, replace(after, updated_at=call.now), events, book=book)
                return replace(after, updated_at=call.now)
            return before

        try:
            changed = call.retrying(attempt)
        except AlreadyExists as error:
            raise self._taken(error) from None
        apply_rules(people, changed.id, call)
        return answer(200, listing.projected(self._json(changed, call), call))

    def _applied(self, before: User, resource: Mapping[str, Any], call: Call) -> tuple[User, Sequence[Event]]:
        """The user as a resource says, and what is recorded of that."""
        schema = self._people.schema_of(before.type_id)
        profile = {**before.profile, **profile_of(resource, schema)}
        profile = {name: value for name, value in profile.items() if value is not None}
        after = with_profile(before, profile, schema) if profile != before.profile else before
        after = replace(after, external_id=_external_id(resource))
        event, party = call.recorder.event, user_party(after)
        events = [event("user.account.update_profile", party)] if after != before else []
        if resource.get("password") is not None:
            after = self._with_password(after, resource, call)
            events.append(event("user.account.update_password", party))
        active = _active(resource, default=is_active(before))
        if is_active(before) and not active:
            after = replace(moved(after, "DEPROVISIONED", call.now), ticket=None)
            events.append(event("user.lifecycle.deactivate", party))
        elif active and not is_active(before):
            after = moved(after, "ACTIVE", call.now)
            events.append(event("user.lifecycle.activate", party))
        return after, events

    def _with_password(self, user: User, resource: Mapping[str, Any], call: Call) -> User:
        password = resource.get("password")
        if password is None:
            return user
        if not isinstance(password, str):
            raise ScimError(400, "password is a text.", "invalidValue")
        return replace(user, password=new_password(user, password, self._people, call), ticket=None)

    def _found(self, call: Call) -> User:
        try:
            return self._people.users.get(call.params["id"])
        except NotFound:
            raise missing(call.params["id"]) from None

    def _changeable(self, call: Call) -> User:
        """Raises ScimError (403): the user has a role, directly or by a group."""
        user = self._found(call)
        groups = [group.id for group in self._people.directory.person(user.id).groups]
        if self._people.roles.get().of_user(user.id, groups):
            raise ScimError(403, "The user administers: administrators are changed by administrators.")
        return user

    def _candidates(self, condition: Condition | None) -> Iterator[User]:
        """Users among whom those are that a condition means: as few as can be told."""
        users = self._people.users
        if (login := wanted(condition, "userName")) is not None:
            with suppress(NotFound):
                yield users.by_login(login)
        elif (external_id := wanted(condition, "externalId")) is not None:
            yield from users.by_external_id(external_id)
        elif (user_id := wanted(condition, "id")) is not None:
            yield from users.many([user_id])
        elif (email := wanted(condition, "emails.value") or wanted(condition, "emails")) is not None:
            yield from users.by_email(email)
        else:
            yield from listing.walk(lambda after: users.list(after=after, limit=_PAGE), lambda user: user.id, _PAGE)

    def _shown(self, call: Call) -> Callable[[User, Condition | None], Mapping[str, Any] | None]:
        schemas: dict[str | None, ProfileSchema] = {None: self._people.schemas.get()}

        def shown(user: User, condition: Condition | None) -> Mapping[str, Any] | None:
            if user.type_id not in schemas:
                schemas[user.type_id] = self._people.schema_of(user.type_id)
            found = user_json(user, schemas[user.type_id], call.request.base_url)
            return found if condition is None or matches(condition, found) else None

        return shown

    def _json(self, user: User, call: Call) -> dict[str, Any]:
        return user_json(user, self._people.schema_of(user.type_id), call.request.base_url)

    def _taken(self, error: AlreadyExists) -> ScimError:
        refusal: ApiError = self._people.taken(error)
        return taken("userName" if error.field == "login" else refusal.summary.rpartition(": ")[2])


def _active(resource: Mapping[str, Any], *, default: bool) -> bool:
    value = truth(resource.get("active"))
    if value is None:
        return default
    if not isinstance(value, bool):
        raise ScimError(400, "active is a boolean.", "invalidValue")
    return value


def _external_id(resource: Mapping[str, Any]) -> str | None:
    value = resource.get("externalId")
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST_NAME):
        raise ScimError(400, f"externalId is a text of at most {_LONGEST_NAME} characters.", "invalidValue")
    return value or None
