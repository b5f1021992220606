"""``/api/v1/idps``: identity providers (docs/protocol.md §37.2)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from ...directory.uniqueness import identifies
from ...http import Response
from ...ids import Ids
from ...storage.identity_providers import IdentityProvider, Linking, Upstream
from ...storage.servers import Status
from ..directory.people import TAKEN, PeopleRecords
from ..http.call import NO_CONTENT, Call
from ..http.errors import ApiError, invalid_field, not_found
from ..http.paging import id_after, limit_of, page, whole
from .idp_body import IdpBody, read_idp, read_type
from .idp_keys import IdpKeys
from .idp_view import PATH, idp_json
from .records import FederationRecords, lifecycle_event

MOST: Final = 100
#: Of a provider that has no secret yet.
_NEW: Final = Upstream("", "", "", "", "", "")
_NO_IDENTIFIER: Final = (
    "must be a text of the user profile, unique among users, that people cannot write themselves (READ_ONLY or HIDE)."
)
#: Which of a provider's secrets this is: it has one.
_SECRET: Final = "client_secret"


class IdentityProvidersResource:
    """Identity providers and their lifecycle."""

    def __init__(self, records: FederationRecords, people: PeopleRecords, keys: IdpKeys, ids: Ids) -> None:
        self._records = records
        self._people = people
        self._keys = keys
        self._ids = ids

    def list(self, call: Call) -> Response:
        """A page in ascending id. ``q``: how the name begins; ``type``: of which."""
        limit, after = limit_of(call.request, default=20, most=200), id_after(call.request)
        extra = {name: value for name in ("q", "type") if (value := call.request.query_value(name))}
        begins = extra.get("q", "").casefold()
        found = [
            one
            for one in self._records.providers.all().providers
            if one.name.casefold().startswith(begins)
            and extra.get("type") in {None, one.type}
            and (after is None or one.id > after)
        ]
        following = found[limit - 1].id if len(found) > limit else None
        shown = self._shown(found[:limit], call)
        return page(call.request, PATH, shown, limit=limit, following=following, extra=extra)

    def create(self, call: Call) -> Response:
        """200. ACTIVE, whatever the body says."""
        body = read_idp(call.body(), self._records, has_secret=False)
        self._check_linking(body.linking)
        blank = IdentityProvider(self._ids.object_id("0oa"), body.type, body.name, call.now, call.now, _NEW)
        made = self._keys.signing(self._sealed(blank, body), body.upstream.signing_kid, self._keys.maker(blank, call))

        # Nothing is read once it is there: a refusal then would leave a provider that the same request meets again.
        shown = body.secret if self._shows_secrets(call) else None
        verbs = ["create"] if shown is None else ["create", "read_client_secret"]

        def attempt() -> None:
            listed = self._records.providers.all()
            if len(listed.providers) >= MOST:
                raise invalid_field("name", f"There can be at most {MOST} identity providers.")
            self._check_name(made)
            self._records.providers.save(None, made, [lifecycle_event(verb, made, call) for verb in verbs], seen=listed)

        call.retrying(attempt)
        return Response.json(200, idp_json(made, call, shown))

    def get(self, call: Call) -> Response:
        return self._answer(self._records.provider(call), call)

    def replace(self, call: Call) -> Response:
        """200: the whole of it; ``type`` and ``status`` stay, and so does the secret where none is sent."""
        known = self._records.provider(call)
        sent = call.body()
        if read_type(sent) != known.type:
            raise invalid_field("type", "The type of an identity provider cannot be changed.")
        body = read_idp(sent, self._records, has_secret=bool(known.upstream.secret))
        self._check_linking(body.linking)
        fresh = self._keys.maker(known, call)

        def change(before: IdentityProvider) -> IdentityProvider:
            return self._keys.signing(self._sealed(before, body), body.upstream.signing_kid, fresh)

        return self._changed(call, change, "update")

    def delete(self, call: Call) -> Response:
        """204, whatever its status: whom it knew is linked to it no more."""

        def attempt() -> None:
            listed = self._records.providers.all()
            provider = self._records.provider(call)
            self._records.providers.save(provider, None, [lifecycle_event("delete", provider, call)], seen=listed)

        call.retrying(attempt)
        return NO_CONTENT

    def activate(self, call: Call) -> Response:
        return self._status(call, "ACTIVE", "activate")

    def deactivate(self, call: Call) -> Response:
        return self._status(call, "INACTIVE", "deactivate")

    def _status(self, call: Call, status: Status, verb: str) -> Response:
        return self._changed(call, lambda before: replace(before, status=status), verb)

    def _changed(self, call: Call, change: Callable[[IdentityProvider], IdentityProvider], verb: str) -> Response:
        def attempt() -> IdentityProvider:
            listed = self._records.providers.all()
            before = self._records.provider(call)
            after = change(before)
            if after == before:
                return before
            self._check_name(after)
            after = replace(after, updated_at=call.now)
            self._records.providers.save(before, after, [lifecycle_event(verb, after, call)], seen=listed)
            return after

        return self._answer(call.retrying(attempt), call)

    def _sealed(self, before: IdentityProvider, body: IdpBody) -> IdentityProvider:
        secret = before.upstream.secret
        if body.secret is not None:
            secret = self._records.seals.seal(before.id, _SECRET, body.secret)
        known = before.upstream
        upstream = replace(body.upstream, secret=secret, keys=known.keys, signing_kid=known.signing_kid)
        if (upstream.issuer, upstream.authorization) == (known.issuer, known.authorization):
            upstream = replace(upstream, names_issuer=upstream.names_issuer or known.names_issuer)  # it said so once
        return replace(before, name=body.name, upstream=upstream, linking=body.linking, shown=body.shown)

    def _check_name(self, made: IdentityProvider) -> None:
        if any(one.name == made.name and one.id != made.id for one in self._records.providers.all().providers):
            raise invalid_field("name", TAKEN)

    def _check_linking(self, linking: Linking) -> None:
        """Whether there is all that a provider's people are matched by and put into.

        Raises:
            ApiError: E0000007, a group that people shall join is not there; E0000001, it has a role, or the attribute
                does not tell people apart.
        """
        attribute = linking.match_attribute
        if attribute is not None and not identifies(attribute, self._people.schemas.get()):
            raise ApiError("E0000001", "matchAttribute", [f"policy.subject.matchAttribute: {_NO_IDENTIFIER}"])
        wanted = (*linking.groups, *linking.group_filter)
        known = {group.id for group in self._people.groups.many(wanted)}
        if missing := [group for group in wanted if group not in known]:
            raise not_found(missing[0], "UserGroup")
        book = self._people.roles.get()
        if any(book.of("GROUP", group) for group in wanted):
            text = "A group that has a role is joined by what administrators do, and by nothing else."
            raise ApiError("E0000001", "groups", [f"policy.provisioning.groups: {text}"])

    def shown(self, providers: Sequence[IdentityProvider], call: Call) -> Response:
        """All of these, in one piece."""
        return whole(call.request, self._shown(providers, call))

    def _answer(self, provider: IdentityProvider, call: Call) -> Response:
        return Response.json(200, self._shown([provider], call)[0])

    def _shown(self, providers: Sequence[IdentityProvider], call: Call) -> Sequence[dict[str, Any]]:
        """The objects. Secrets are shown to whoever may set them, and that they were is written down first."""
        if not self._shows_secrets(call):
            return [idp_json(one, call, None) for one in providers]
        events = [lifecycle_event("read_client_secret", one, call) for one in providers if one.upstream.secret]
        if events and not call.looking:
            self._records.log.record(events)
        return [idp_json(one, call, self._opened(one)) for one in providers]

    def _shows_secrets(self, call: Call) -> bool:
        return bool(call.caller.access.reach("idps", "W")) and call.caller.may("okta.idps.manage")

    def _opened(self, provider: IdentityProvider) -> str | None:
        secret = provider.upstream.secret
        return self._records.seals.open(provider.id, _SECRET, secret) if secret else None
