"""``/api/v1/trustedOrigins``: sites whose scripts may sign people in here, and to which people may be sent."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...storage.events import Event, Party
from ...storage.servers import Status
from ...storage.trusted_origins import OriginList, OriginScope, TrustedOrigin, TrustedOrigins, serialized
from ..directory.people import TAKEN
from ..http.call import NO_CONTENT, Call, lifecycle, link
from ..http.errors import ApiError, invalid_field, not_found
from ..http.fields import Fields
from ..http.filters import parse_filter
from ..http.paging import id_after, limit_of, page

PATH: Final = "/api/v1/trustedOrigins"
#: All of them are one item of storage.
MOST: Final = 300
_SCOPES: Final = ("CORS", "REDIRECT")


class TrustedOriginsResource:
    """Trusted origins and their lifecycle."""

    def __init__(self, records: TrustedOrigins, ids: Ids) -> None:
        self._records = records
        self._ids = ids

    def list(self, call: Call) -> Response:
        """A page in ascending id. ``q`` is a part of name or origin; ``filter`` and ``q`` both hold."""
        limit, after = limit_of(call.request, default=200, most=200), id_after(call.request)
        query = {name: call.request.query_value(name) or "" for name in ("q", "filter")}
        condition = parse_filter(query["filter"]) if query["filter"] else None
        q = query["q"].casefold()
        shown = [_json(one, call) for one in self._records.get().origins if after is None or one.id > after]
        shown = [one for one in shown if q in one["name"].casefold() or q in one["origin"].casefold()]
        shown = [one for one in shown if condition is None or condition.matches(one)]
        following = shown[limit - 1]["id"] if len(shown) > limit else None
        extra = {name: value for name, value in query.items() if value}
        return page(call.request, PATH, shown[:limit], limit=limit, following=following, extra=extra)

    def create(self, call: Call) -> Response:
        """200 (not 201) with the new origin."""
        name, origin, scopes, status = _read(call.body())
        by = _who(call)
        made = TrustedOrigin(
            self._ids.object_id("tos"), name, origin, scopes, call.now, by, call.now, by, status or "ACTIVE"
        )

        def change(before: OriginList) -> tuple[TrustedOrigin, OriginList, str]:
            if len(before.origins) >= MOST:
                raise invalid_field("origin", f"There can be at most {MOST} trusted origins.")
            _check_free(made, before)
            return made, replace(before, origins=(*before.origins, made)), "create"

        return Response.json(200, _json(self._change(call, change), call))

    def get(self, call: Call) -> Response:
        return Response.json(200, _json(_found(self._records.get(), call), call))

    def replace(self, call: Call) -> Response:
        """200 with the origin as it is now."""
        _found(self._records.get(), call)
        name, origin, scopes, status = _read(call.body())

        def changed(before: TrustedOrigin) -> TrustedOrigin:
            return replace(before, name=name, origin=origin, scopes=scopes, status=status or before.status)

        return self._changed(call, changed, "update")

    def delete(self, call: Call) -> Response:
        """204. Its scripts are strangers from here on."""

        def change(before: OriginList) -> tuple[TrustedOrigin, OriginList, str]:
            gone = _found(before, call)
            return gone, replace(before, origins=tuple(one for one in before.origins if one.id != gone.id)), "delete"

        self._change(call, change)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._changed(call, lambda before: replace(before, status="ACTIVE"), "activate")

    def deactivate(self, call: Call) -> Response:
        return self._changed(call, lambda before: replace(before, status="INACTIVE"), "deactivate")

    def _changed(self, call: Call, changed: Callable[[TrustedOrigin], TrustedOrigin], verb: str) -> Response:
        def change(before: OriginList) -> tuple[TrustedOrigin, OriginList, str]:
            known = _found(before, call)
            after = changed(known)
            if after == known:
                return known, before, verb
            after = replace(after, updated_at=call.now, updated_by=_who(call))
            _check_free(after, before)
            return after, replace(before, origins=tuple(after if one == known else one for one in before.origins)), verb

        return Response.json(200, _json(self._change(call, change), call))

    def _change(
        self, call: Call, change: Callable[[OriginList], tuple[TrustedOrigin, OriginList, str]]
    ) -> TrustedOrigin:
        def attempt() -> TrustedOrigin:
            before = self._records.get()
            about, after, verb = change(before)
            if after != before:
                self._records.save(before, after, [_event(verb, about, call)])
            return about

        return call.retrying(attempt)


def _read(body: Fields) -> tuple[str, str, tuple[OriginScope, ...], Status | None]:
    name = body.text("name", required=True) or ""
    origin = body.text("origin", required=True) or ""
    if origin.strip() and ("*" in origin or serialized(origin) is None):
        body.problem("origin", "must be http or https, a host and perhaps a port, and nothing else.")
    status: Status | None = body.choice("status", ("ACTIVE", "INACTIVE"), "") or None
    sent = body.raw("scopes")
    if sent is None:
        sent = []
    if not isinstance(sent, list) or not all(isinstance(one, dict) for one in sent):
        raise ApiError("E0000003")
    for one in sent:
        if one.get("type") not in _SCOPES:
            body.problem("scopes", "'type' must be one of [CORS, REDIRECT].")
        if one.get("allowedOktaApps"):
            body.problem("scopes", "'allowedOktaApps' is not supported.")
    if not sent:
        body.problem("scopes", "The field cannot be left blank")
    body.check()
    return name, origin, tuple(dict.fromkeys(one["type"] for one in sent)), status


def _check_free(made: TrustedOrigin, listed: OriginList) -> None:
    """Names and origins are unique. Raises ApiError (E0000001)."""
    for other in listed.origins:
        if other.id == made.id:
            continue
        if other.name == made.name:
            raise invalid_field("name", TAKEN)
        if serialized(other.origin) == serialized(made.origin):
            raise invalid_field("origin", TAKEN)


def _found(listed: OriginList, call: Call) -> TrustedOrigin:
    identifier = call.params["trustedOriginId"]
    found = next((one for one in listed.origins if one.id == identifier), None)
    if found is None:
        raise not_found(identifier, "TrustedOrigin")
    return found


def _who(call: Call) -> str:
    return call.caller.user_id or call.caller.id


def _event(verb: str, about: TrustedOrigin, call: Call) -> Event:
    party = Party(about.id, "TrustedOrigin", alternate_id=about.origin, display_name=about.name)
    return call.recorder.event(f"security.trusted_origin.{verb}", party)


def _json(one: TrustedOrigin, call: Call) -> dict[str, Any]:
    href = call.url(f"{PATH}/{one.id}")
    return {
        "id": one.id,
        "name": one.name,
        "origin": one.origin,
        "scopes": [{"type": scope} for scope in one.scopes],
        "status": one.status,
        "created": timestamp(one.created_at),
        "createdBy": one.created_by,
        "lastUpdated": timestamp(one.updated_at),
        "lastUpdatedBy": one.updated_by,
        "_links": {"self": link(href, "GET", "PUT", "DELETE"), **lifecycle(href, one.status)},
    }
