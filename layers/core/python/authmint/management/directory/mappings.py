"""``/api/v1/mappings`` (docs/protocol.md §38.2): what users' profiles and apps' profiles of users are made of."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, Final

import msgspec

from ...directory.profile import standard_attributes
from ...expressions.check import Dialect, check
from ...expressions.dialects import TO_APP, TO_USER
from ...expressions.errors import ExpressionError
from ...expressions.limits import MAX_LENGTH
from ...http import Response
from ...provisioning.mapping import MOST, Properties, Schema, typed
from ...provisioning.outgoing import standard_mapping
from ...storage.clients import MappedAttribute
from ...storage.errors import Conflict, NotFound
from ...storage.events import Event, Party
from ..http.call import Call, Operation
from ..http.errors import ApiError, invalid, not_found
from ..http.fields import BLANK, Fields
from ..http.paging import after_of, limit_of, page
from ..http.routes import Routes
from .mapping_ids import Direction, direction_of, mapping_id
from .people import PeopleRecords
from .profile_owners import Owner, Owners
from .user_view import USER_SCHEMA, USER_TYPE

PATH: Final = "/api/v1/mappings"
#: Bytes of JSON. What an app's profiles are made of stands on the app, which every token request reads.
LARGEST: Final = 48_000
_STATUS: Final = ("DONT_PUSH", "PUSH")
_KIND: Final = "updateMapping"
#: What the end that is users is called.
_USER: Final = frozenset({USER_TYPE, "user"})


@dataclass(frozen=True)
class Pair:
    """One mapping, as it is in effect."""

    owner: Owner
    direction: Direction
    properties: Properties

    @property
    def dialect(self) -> Dialect:
        """What its expressions may name."""
        return TO_USER if self.direction.to_user else TO_APP

    @property
    def way(self) -> str:
        """Which way it goes, as events say it."""
        if not self.direction.to_user:
            return "Okta to App"
        return "App to Okta" if self.owner.client else "IDP to Okta"


class MappingRecords:
    """Mappings wherever they are kept: those to users by themselves, those to apps on the apps."""

    def __init__(self, people: PeopleRecords, owners: Owners) -> None:
        self._people = people
        self.owners = owners

    def find(self, call: Call) -> Pair:
        """The mapping of the URL. Raises ApiError (E0000007)."""
        text = call.params["mappingId"]
        direction = direction_of(text)
        owner = None if direction is None else self.owners.find(direction.owner_id)
        if direction is None or owner is None or direction not in owner.directions:
            raise not_found(text, "ProfileMapping")
        return self.pair(owner, direction)

    def pair(self, owner: Owner, direction: Direction) -> Pair:
        """One of the mappings of an owner, as it is in effect."""
        if direction.to_user:
            kept = self._people.user_mappings.get(owner.id).properties
            return Pair(owner, direction, owner.starts if kept is None else kept)
        client = owner.client
        kept = None if client is None else client.user_mapping
        return Pair(owner, direction, standard_mapping(self.user_attributes) if kept is None else kept)

    def save(self, pair: Pair, properties: Properties, event: Event) -> None:
        """Store what somebody changed. Raises Conflict, or NotFound: it is another mapping by now."""
        if pair.direction.to_user:
            before = self._people.user_mappings.get(pair.owner.id)
            if (pair.owner.starts if before.properties is None else before.properties) != pair.properties:
                raise Conflict(pair.owner.id)
            after = replace(before, properties=properties)
            self._people.user_mappings.save(pair.owner.id, before, after, [event])
        elif pair.owner.client is not None:
            client = pair.owner.client
            self.owners.clients.save(client, replace(client, user_mapping=properties), [event])

    @property
    def user_attributes(self) -> Schema:
        """JSON schemas of every attribute that users can have: of the default type, and of the others."""
        schema = self._people.schemas.get()
        others = [one.schema.custom for one in self._people.user_types.get().types]
        return {
            **{name: definition for custom in others for name, definition in custom.items()},
            **standard_attributes(schema),
            **schema.custom,
        }

    def target(self, pair: Pair) -> Schema:
        """What its target's profiles may hold. What an app calls a user is said by the assignment."""
        if pair.direction.to_user:
            return self.user_attributes
        return {name: one for name, one in pair.owner.attributes.items() if name != "userName"}

    def source(self, pair: Pair) -> Collection[str]:
        """Names of attributes that its source can have."""
        return pair.owner.attributes if pair.direction.to_user else self.user_attributes


def add_mappings(routes: Routes[Operation], records: MappingRecords) -> None:
    """Their routes."""
    mappings = Mappings(records)
    routes.add("GET", PATH, mappings.list)
    routes.add("GET", f"{PATH}/{{mappingId}}", mappings.get)
    routes.add("POST", f"{PATH}/{{mappingId}}", mappings.update)


class Mappings:
    """Pairs of mappings. They come and go with apps and providers; only what they hold changes."""

    def __init__(self, records: MappingRecords) -> None:
        self._records = records

    def list(self, call: Call) -> Response:
        """A page, without ``properties``, in ascending id of the app or provider."""
        limit, after = limit_of(call.request, default=20, most=200), after_of(call.request)
        wanted = {name: call.request.query_value(name) or "" for name in ("sourceId", "targetId")}
        start = None if after is None else direction_of(after)
        if after is not None and start is None:
            raise ApiError("E0000029", causes=["Invalid cursor."])
        found = [*islice(self._matching(wanted, start), limit + 1)]
        items = [_ends(owner, direction, call) for owner, direction in found[:limit]]
        following = items[-1]["id"] if len(found) > limit else None
        extra = {name: value for name, value in wanted.items() if value}
        return page(call.request, PATH, items, limit=limit, following=following, extra=extra)

    def get(self, call: Call) -> Response:
        return Response.json(200, _json(self._records.find(call), call))

    def update(self, call: Call) -> Response:
        """200. Attributes that are sent are replaced, ``null`` removes one, the others stay."""
        pair = self._records.find(call)
        pair.owner.check(call, "W")
        sent = read_properties(call.body())

        def attempt() -> Pair:
            pair = self._records.find(call)
            properties = changed(pair, sent, self._records)
            if properties != pair.properties:
                self._records.save(pair, properties, _event(pair, properties, call))
            return replace(pair, properties=properties)

        changed(pair, sent, self._records)
        return Response.json(200, _json(call.retrying(attempt, on=(Conflict, NotFound)), call))

    def _matching(self, wanted: Mapping[str, str], start: Direction | None) -> Iterator[tuple[Owner, Direction]]:
        """Mappings whose ends are the wanted ones, after a place."""
        for owner in self._owners(wanted, start):
            for direction in owner.directions:
                if _fits(direction, wanted) and (start is None or _place(direction) > _place(start)):
                    yield owner, direction

    def _owners(self, wanted: Mapping[str, str], start: Direction | None) -> Iterator[Owner]:
        named = next((end for end in wanted.values() if end and end not in _USER), None)
        if named is None and start is None:
            return self._records.owners.all(after=None)
        first = self._records.owners.find(named or (start.owner_id if start else ""))
        others = self._records.owners.all(after=start.owner_id) if start and named is None else ()
        return chain(() if first is None else (first,), others)


def changed(pair: Pair, sent: Mapping[str, MappedAttribute | None], records: MappingRecords) -> Properties:
    """The mapping with what was sent. Raises ApiError (E0000001)."""
    target, known = records.target(pair), records.source(pair)
    properties = dict(pair.properties)
    for name, mapped in sent.items():
        if mapped is None:
            properties.pop(name, None)
            continue
        definition = target.get(name)
        if definition is None:
            raise invalid(_KIND, f"Invalid target field {name[:100]}")
        try:
            check(mapped.expression, known, pair.dialect)
        except ExpressionError as error:
            raise invalid(_KIND, f"Invalid property expression: {name[:100]}: {error}") from None
        properties[name] = typed(mapped, definition)
    if len(properties) > MOST or len(msgspec.json.encode(properties)) > LARGEST:
        raise invalid(_KIND, f"A mapping has at most {MOST} attributes, and {LARGEST} bytes of expressions.")
    return properties


def _fits(direction: Direction, wanted: Mapping[str, str]) -> bool:
    ends = [frozenset({direction.owner_id}), _USER]
    source, target = ends if direction.to_user else reversed(ends)
    return wanted["sourceId"] in {"", *source} and wanted["targetId"] in {"", *target}


def _place(direction: Direction) -> tuple[str, bool]:
    """Of a mapping in lists."""
    return direction.owner_id, not direction.to_user


def read_properties(body: Fields) -> Mapping[str, MappedAttribute | None]:
    """What a request says of attributes; ``None``: one is removed. Raises ApiError."""
    properties = body.below("properties")
    if not body.has("properties"):
        body.problem("properties", BLANK)
    sent: dict[str, MappedAttribute | None] = {}
    for name in properties.names():
        one = properties.below(name)
        if not properties.has(name):
            sent[name] = None
            continue
        expression = one.text("expression", required=True, longest=MAX_LENGTH) or ""
        sent[name] = MappedAttribute(expression, pushed=one.choice("pushStatus", _STATUS, "DONT_PUSH") == "PUSH")
    body.check()
    return sent


def _event(pair: Pair, after: Properties, call: Call) -> Event:
    before = pair.properties
    debug = {
        "direction": pair.way,
        "attributes_added": ", ".join(name for name in after if name not in before),
        "attributes_modified": ", ".join(name for name in after if name in before and after[name] != before[name]),
        "attributes_deleted": ", ".join(name for name in before if name not in after),
    }
    party = Party(mapping_id(pair.direction), "ProfileMapping", display_name=pair.owner.party.display_name)
    return call.recorder.event("directory.mapping.update", party, pair.owner.party, debug=debug)


def _json(pair: Pair, call: Call) -> dict[str, Any]:
    shown = _ends(pair.owner, pair.direction, call)
    links = shown.pop("_links")
    properties = {
        name: {"expression": mapped.expression, "pushStatus": _STATUS[mapped.pushed]}
        for name, mapped in pair.properties.items()
    }
    return {**shown, "properties": properties, "_links": links}


def _ends(owner: Owner, direction: Direction, call: Call) -> dict[str, Any]:
    own = _end(owner.id, owner.name, "appuser", f"apps/{owner.id}", f"apps/{owner.id}/default", call)
    user = _end(USER_TYPE, "user", "user", f"meta/types/user/{USER_TYPE}", f"user/{USER_SCHEMA}", call)
    source, target = (own, user) if direction.to_user else (user, own)
    own_id = mapping_id(direction)
    return {
        "id": own_id,
        "source": source,
        "target": target,
        "_links": {"self": {"href": call.url(f"{PATH}/{own_id}")}},
    }


def _end(end_id: str, name: str, kind: str, place: str, schema: str, call: Call) -> dict[str, Any]:
    links = {
        "self": {"href": call.url(f"/api/v1/{place}")},
        "schema": {"href": call.url(f"/api/v1/meta/schemas/{schema}")},
    }
    return {"id": end_id, "name": name, "type": kind, "_links": links}
