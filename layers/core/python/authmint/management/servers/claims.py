"""``…/claims`` of a server (docs/protocol.md §25.3)."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from ...claims.names import RESERVED, TAKEN_SINCE
from ...expressions.check import check
from ...expressions.errors import ExpressionError
from ...expressions.limits import MAX_LENGTH
from ...expressions.regexes import BadPattern, compiled, without_slashes
from ...http import Response
from ...ids import Ids
from ...storage.events import Event, Party
from ...storage.profile import STANDARD_ATTRIBUTES
from ...storage.servers import AuthorizationServer, Claim
from ..clients.fixed_settings import refuse_unknown
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import invalid_field, not_found, read_only
from ..http.fields import Fields
from ..http.paging import whole
from .scopes import TAKEN
from .server_changes import ServerChanges, find, path_of, replaced, server_party, without

MOST: Final = 1_000
FILTERS: Final = ("STARTS_WITH", "EQUALS", "CONTAINS", "REGEX")
Changed = tuple[AuthorizationServer, Claim, Sequence[Event]]


class Claims:
    """Claims of one server, system ones included."""

    def __init__(
        self, changes: ServerChanges, ids: Ids, attributes: Callable[[], Collection[str]] = lambda: STANDARD_ATTRIBUTES
    ) -> None:
        """``attributes`` gives the names that ``user.`` may be followed by: the org's whole user profile."""
        self._changes = changes
        self._ids = ids
        self._attributes = attributes

    def list(self, call: Call) -> Response:
        """All of them, in ascending id."""
        server = self._changes.load(call)
        ordered = sorted(server.claims, key=lambda claim: claim.id)
        return whole(call.request, [claim_json(claim, server, call) for claim in ordered])

    def create(self, call: Call) -> Response:
        self._changes.load(call)
        body = call.body()

        def change(server: AuthorizationServer) -> Changed:
            claim = _read(
                body, Claim(self._ids.object_id("ocl"), "", "RESOURCE", "EXPRESSION"), server, self._attributes()
            )
            if len(server.claims) >= MOST:
                raise invalid_field("name", f"A server can have at most {MOST} claims.")
            return replace(server, claims=(*server.claims, claim)), claim, [_event("created", claim, server, call)]

        return _answer(201, *self._changes.change(call, change), call)

    def get(self, call: Call) -> Response:
        server = self._changes.load(call)
        return Response.json(200, claim_json(_found(server, call), server, call))

    def replace(self, call: Call) -> Response:
        """200. A system claim keeps its name and types (docs/protocol.md §11.5)."""
        _found(self._changes.load(call), call)
        body = call.body()

        def change(server: AuthorizationServer) -> Changed:
            before = _found(server, call)
            after = (
                _read_system(body, before, self._attributes())
                if before.system
                else _read(body, Claim(before.id, "", "RESOURCE", "EXPRESSION"), server, self._attributes())
            )
            changed = replace(server, claims=replaced(server.claims, after))
            return changed, after, [_event("updated", after, server, call)]

        return _answer(200, *self._changes.change(call, change), call)

    def delete(self, call: Call) -> Response:
        def change(server: AuthorizationServer) -> Changed:
            claim = _found(server, call)
            if claim.system:
                raise read_only("OAuth2Claim")
            changed = replace(server, claims=without(server.claims, claim.id))
            return changed, claim, [_event("deleted", claim, server, call)]

        self._changes.change(call, change)
        return NO_CONTENT


def claim_json(claim: Claim, server: AuthorizationServer, call: Call) -> dict[str, Any]:
    """A claim as it is shown (docs/protocol.md §25.3).

    ``value`` is absent on SYSTEM claims, ``group_filter_type`` on all but GROUPS claims.
    """
    shown: dict[str, Any] = {
        "id": claim.id,
        "name": claim.name,
        "status": claim.status,
        "claimType": claim.claim_type,
        "valueType": claim.value_type,
    }
    if claim.value_type != "SYSTEM":
        shown["value"] = claim.value
    shown |= {
        "conditions": {"scopes": list(claim.scopes)},
        "system": claim.system,
        "alwaysIncludeInToken": claim.always_include,
        "apiResourceId": None,
    }
    if claim.group_filter_type is not None:
        shown["group_filter_type"] = claim.group_filter_type
    href = call.url(f"{path_of(server)}/claims/{claim.id}")
    return shown | {"_links": {"self": link(href, "GET", "PUT", "DELETE")}}


def _read(body: Fields, base: Claim, server: AuthorizationServer, attributes: Collection[str]) -> Claim:
    fields = Fields({name: body.raw(name) for name in _MEMBERS})
    refuse_unknown(fields.below("conditions"), frozenset({"scopes"}))
    name = fields.text("name", required=True) or ""
    claim_type = fields.choice("claimType", ("RESOURCE", "IDENTITY"), "RESOURCE", required=True)
    value_type = fields.choice("valueType", ("EXPRESSION", "GROUPS"), "EXPRESSION", required=True)
    value = fields.text("value", required=True, longest=MAX_LENGTH)
    claim = replace(
        base,
        name=name,
        claim_type=claim_type,
        value_type=value_type,
        value=value,
        status=fields.choice("status", ("ACTIVE", "INACTIVE"), "ACTIVE"),
        scopes=fields.below("conditions").texts("scopes") or (),
        always_include=claim_type == "RESOURCE" or fields.flag("alwaysIncludeInToken", default=False),
        group_filter_type=fields.choice("group_filter_type", FILTERS, "STARTS_WITH")
        if value_type == "GROUPS"
        else None,
    )
    is_its_own = any((known.id, known.name) == (base.id, name) for known in server.claims)
    if name in RESERVED[claim_type] or (claim_type == "RESOURCE" and name in TAKEN_SINCE and not is_its_own):
        fields.problem("name", f"'{name}' is reserved.")
    elif any(known.name == name and known.claim_type == claim_type and known.id != base.id for known in server.claims):
        fields.problem("name", TAKEN)
    check_value(fields, claim, attributes)
    _check_scopes(fields, claim, server)
    fields.check()
    return claim


_MEMBERS: Final = [
    "name",
    "claimType",
    "valueType",
    "value",
    "status",
    "conditions",
    "alwaysIncludeInToken",
    "group_filter_type",
]


def check_value(fields: Fields, claim: Claim, attributes: Collection[str]) -> None:
    """Stored verbatim, so what is wrong is said now and not by the first token."""
    value = claim.value or ""
    if not value.strip() or len(value) > MAX_LENGTH:
        return
    if claim.value_type == "EXPRESSION":
        try:
            check(value, attributes)
        except ExpressionError as error:
            fields.problem("value", f"{error.problem}, at position {error.at + 1}.")
    elif claim.group_filter_type == "REGEX":
        try:
            compiled(without_slashes(value))
        except BadPattern as error:
            fields.problem("value", f"{error}.")


def _check_scopes(fields: Fields, claim: Claim, server: AuthorizationServer) -> None:
    known = {scope.name for scope in server.scopes}
    unknown = [name for name in claim.scopes if name not in known]
    if unknown:
        fields.problem("conditions.scopes", f"The server has no scope '{unknown[0]}'.")


def _read_system(body: Fields, before: Claim, attributes: Collection[str]) -> Claim:
    fields = Fields({name: body.raw(name) for name in _MEMBERS})
    for member, kept in (("name", before.name), ("claimType", before.claim_type), ("valueType", before.value_type)):
        if fields.has(member) and fields.text(member) != kept:
            raise read_only("OAuth2Claim")
    value = before.value
    if before.value_type == "EXPRESSION":
        value = fields.text("value", longest=MAX_LENGTH) or before.value
        check_value(fields, replace(before, value=value), attributes)
    always = before.claim_type == "RESOURCE" or fields.flag("alwaysIncludeInToken", default=before.always_include)
    fields.check()
    return replace(before, value=value, always_include=always)


def _found(server: AuthorizationServer, call: Call) -> Claim:
    claim: Claim | None = find(server.claims, call.params["claimId"])
    if claim is None:
        raise not_found(call.params["claimId"], "OAuth2Claim")
    return claim


def _event(verb: str, claim: Claim, server: AuthorizationServer, call: Call) -> Event:
    party = Party(claim.id, "OAuth2Claim", display_name=claim.name)
    return call.recorder.event(f"oauth2.claim.{verb}", party, server_party(server))


def _answer(status: int, server: AuthorizationServer, claim: Claim, call: Call) -> Response:
    return Response.json(status, claim_json(claim, server, call))
