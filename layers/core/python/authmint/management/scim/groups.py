"""``/scim/v2/Groups`` (docs/protocol.md §41.4)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...storage.errors import AlreadyExists, Conflict, NotFound
from ...storage.groups import Group
from ...storage.users import User
from ..directory.group_body import read_group
from ..directory.people import PeopleRecords, group_party, user_party
from ..directory.rule_runs import apply_rules, leave_alone
from ..http.call import Call
from ..http.filters import Condition
from . import listing
from .filters import condition_of, matches, wanted
from .messages import ScimError, answer, missing, taken
from .patch import Change, changes_of
from .vocabulary import GROUP, canonical

PATH: Final = "/scim/v2/Groups"
_PAGE: Final = 200
#: Members that are shown, or replaced, at once.
MOST_MEMBERS: Final = 10_000
_LONGEST_NAME: Final = 256


@dataclass(frozen=True)
class _Wish:
    """What a change wants of a group. ``members``: ids of users; ``None``: they stay."""

    name: str
    external_id: str | None
    join: frozenset[str] = frozenset()
    leave: frozenset[str] = frozenset()


class ScimGroups:
    """Groups as directories see them, without ``Everyone``. Whose role it is to administer is left alone."""

    def __init__(self, people: PeopleRecords, ids: Ids) -> None:
        self._people = people
        self._ids = ids

    def list(self, call: Call) -> Response:
        return self.find(call).response()

    def find(self, call: Call, *, before: listing.Found | None = None) -> listing.Found:
        """Groups that a filter means."""

        def shown(group: Group, condition: Condition | None) -> Mapping[str, Any] | None:
            named = condition is not None and _asks_for_members(call)
            found = self._json(group, call, members=named)
            if condition is not None and not matches(condition, found):
                return None
            return found if named else self._json(group, call)

        return listing.find(call, self._candidates, shown, before=before)

    def get(self, call: Call) -> Response:
        return answer(200, listing.projected(self._json(self._found(call), call), call))

    def create(self, call: Call) -> Response:
        """201, with its members."""
        resource = canonical(call.json())
        name, external_id = _name(resource), _external_id(resource)
        group = Group(self._ids.object_id("00g"), name, call.now, call.now, call.now, external_id=external_id)
        self._check_name(group.name)
        members = _ids(resource.get("members"))
        self._check_users(members)
        event = call.recorder.event("group.lifecycle.create", group_party(group))
        try:
            call.retrying(lambda: self._people.groups.add(group, [event]))
        except AlreadyExists:
            raise taken("displayName") from None
        self._move(group, members, frozenset(), call)
        shown = self._json(group, call, known=members)
        return answer(201, listing.projected(shown, call), (("location", shown["meta"]["location"]),))

    def replace(self, call: Call) -> Response:
        """200: who is not among ``members`` is no member any more."""
        resource = canonical(call.json())
        members = _ids(resource.get("members"))

        def wish(group: Group) -> _Wish:
            known = self._members(group)
            return _Wish(_name(resource), _external_id(resource), members - known, known - members)

        return self._changed(call, wish)

    def patch(self, call: Call) -> Response:
        """200 with the whole resource; of members only those are looked at that it names, where it names any."""
        changes = list(changes_of(call.json()))
        return self._changed(call, lambda group: self._wish(group, changes))

    def delete(self, call: Call) -> Response:
        """204."""

        def attempt() -> None:
            group = self._changeable(call)
            book = self._people.super_admins.group_going(group.id)
            event = call.recorder.event("group.lifecycle.delete", group_party(group))
            self._people.groups.delete(group, [event], book=book)

        call.retrying(attempt)
        return Response(204)

    def _wish(self, group: Group, changes: Iterable[Change]) -> _Wish:
        name, external_id = group.name, group.external_id
        join: frozenset[str] = frozenset()
        leave: frozenset[str] = frozenset()
        members = cache(lambda: self._members(group))
        for change in changes:
            place, value = change.place, change.value
            if place.attribute == "members" and place.extension is None:
                named = _condition_id(place.condition) | _ids(value)
                if change.verb == "add":
                    join, leave = join | named, leave - named
                elif change.verb == "remove" and named:
                    join, leave = join - named, leave | named
                else:
                    kept = named if change.verb == "replace" else frozenset()
                    join, leave = kept, (members() | leave) - kept
            elif place.attribute == "displayName":
                name = _name({"displayName": value})
            elif place.attribute == "externalId":
                external_id = None if change.verb == "remove" else _external_id({"externalId": value})
            elif place.attribute == "id" and value != group.id:
                raise ScimError(400, "An id does not change.", "mutability")
            elif place.attribute not in {"id", "schemas", "meta"}:
                raise ScimError(400, f"Groups have no {place.attribute[:100]}.", "invalidPath")
        return _Wish(name, external_id, join, leave)

    def _changed(self, call: Call, wish: Callable[[Group], _Wish]) -> Response:
        def attempt() -> tuple[Group, _Wish]:
            group = self._changeable(call)
            wanted_now = wish(group)
            self._check_name(wanted_now.name)
            self._check_users(wanted_now.join)
            after = replace(group, name=wanted_now.name, external_id=wanted_now.external_id)
            if after != group:
                after = replace(after, updated_at=call.now)
                event = call.recorder.event("group.profile.update", group_party(after))
                self._people.groups.save(group, after, [event])
            return after, wanted_now

        try:
            group, wanted_now = call.retrying(attempt)
        except AlreadyExists:
            raise taken("displayName") from None
        self._move(group, wanted_now.join, wanted_now.leave, call)
        return answer(200, listing.projected(self._json(self._people.groups.get(group.id), call), call))

    def _move(self, group: Group, join: Iterable[str], leave: Iterable[str], call: Call) -> None:
        """Make users members, and no members any more; it can be done again."""
        for verb, user_ids in (("add", join), ("remove", leave)):
            for user in self._people.users.many(sorted(user_ids)):
                if verb == "remove":
                    leave_alone(self._people, group.id, user.id, call)
                with suppress(NotFound):
                    call.retrying(partial(self._moved, group, user, verb, call), on=(Conflict,))
                    apply_rules(self._people, user.id, call)

    def _moved(self, group: Group, user: User, verb: str, call: Call) -> None:
        groups, at = self._people.groups, call.now
        self._check_powerless(group)  # it may have been given a role meanwhile
        events = [call.recorder.event(f"group.user_membership.{verb}", user_party(user), group_party(group))]
        if verb == "add":
            groups.join(group.id, user.id, events, at=at)
        else:
            groups.leave(group.id, user.id, events, at=at, book=self._people.super_admins.leaving(group.id, user.id))

    def _found(self, call: Call) -> Group:
        try:
            return self._people.groups.get(call.params["id"])
        except NotFound:
            raise missing(call.params["id"]) from None

    def _changeable(self, call: Call) -> Group:
        """Raises ScimError (403): the group has a role."""
        group = self._found(call)
        self._check_powerless(group)
        return group

    def _check_powerless(self, group: Group) -> None:
        if self._people.roles.get().of("GROUP", group.id):
            raise ScimError(403, "The group administers: it is changed by administrators.")

    def _candidates(self, condition: Condition | None) -> Iterator[Group]:
        groups = self._people.groups
        if (name := wanted(condition, "displayName")) is not None:
            with suppress(NotFound):
                yield groups.by_name(name)
        elif (external_id := wanted(condition, "externalId")) is not None:
            yield from groups.by_external_id(external_id)
        elif (group_id := wanted(condition, "id")) is not None:
            yield from groups.many([group_id])
        else:
            yield from listing.walk(lambda after: groups.list(after=after, limit=_PAGE), lambda group: group.id, _PAGE)

    def _members(self, group: Group) -> frozenset[str]:
        found = self._people.groups.members(group.id, limit=MOST_MEMBERS + 1)
        if len(found) > MOST_MEMBERS:
            raise ScimError(400, f"The group has more than {MOST_MEMBERS} members: exclude them.", "tooMany")
        return frozenset(found)

    def _json(
        self, group: Group, call: Call, *, members: bool = False, known: frozenset[str] | None = None
    ) -> dict[str, Any]:
        """The resource. ``known``: its members, where they need not be read."""
        shown: dict[str, Any] = {
            "schemas": [GROUP],
            "id": group.id,
            "externalId": group.external_id,
            "displayName": group.name,
        }
        if members or listing.wants(call, "members"):
            base = f"{call.request.base_url}/scim/v2/Users"
            ids = sorted(self._members(group) if known is None else known)
            shown["members"] = [{"value": one, "$ref": f"{base}/{one}", "type": "User"} for one in ids] or None
        shown["meta"] = {
            "resourceType": "Group",
            "created": timestamp(group.created_at),
            "lastModified": timestamp(max(group.updated_at, group.members_at)),
            "location": f"{call.request.base_url}{PATH}/{group.id}",
        }
        return {name: value for name, value in shown.items() if value is not None}

    def _check_name(self, name: str) -> None:
        """Raises ApiError (E0000001)."""
        read_group({"profile": {"name": name}}, self._people.group_schemas.get())

    def _check_users(self, user_ids: frozenset[str]) -> None:
        known = {user.id for user in self._people.users.many(sorted(user_ids))}
        if gone := sorted(user_ids - known):
            raise ScimError(400, f"There is no user {gone[0][:100]}.", "invalidValue")


def _asks_for_members(call: Call) -> bool:
    return "members" in (call.request.query_value("filter") or "").lower()


def _condition_id(condition: str) -> frozenset[str]:
    """Of ``members[value eq "…"]``."""
    if not condition:
        return frozenset()
    user_id = wanted(condition_of(condition), "value")
    if user_id is None:
        raise ScimError(400, 'Members are named by value: members[value eq "…"].', "invalidFilter")
    return frozenset({user_id})


def _ids(value: Any) -> frozenset[str]:
    """Of members, as they are sent."""
    if value is None:
        return frozenset()
    values = value if isinstance(value, list) else [value]
    ids: list[Any] = [one.get("value") if isinstance(one, Mapping) else one for one in values]
    if not all(isinstance(one, str) and one for one in ids):
        raise ScimError(400, "A member has a value: the id of a user.", "invalidValue")
    if len(ids) > MOST_MEMBERS:
        raise ScimError(400, f"At most {MOST_MEMBERS} members at once.", "tooMany")
    return frozenset(ids)


def _name(resource: Mapping[str, Any]) -> str:
    name = resource.get("displayName")
    if not isinstance(name, str) or not name.strip():
        raise ScimError(400, "displayName is needed.", "invalidValue")
    return name


def _external_id(resource: Mapping[str, Any]) -> str | None:
    value = resource.get("externalId")
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST_NAME):
        raise ScimError(400, f"externalId is a text of at most {_LONGEST_NAME} characters.", "invalidValue")
    return value or None
