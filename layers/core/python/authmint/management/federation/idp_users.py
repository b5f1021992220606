"""``/api/v1/idps/{idpId}/users``, ``/api/v1/users/{userId}/idps``: whom a provider knows (docs/protocol.md §37.3)."""

from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...storage.errors import AlreadyExists, NotFound
from ...storage.identity_providers import MOST_LINKS, IdentityProvider, IdpLink
from ..directory.people import PeopleRecords, user_party
from ..directory.user_view import user_json
from ..http.call import NO_CONTENT, Call, link
from ..http.errors import invalid_field, not_found
from ..http.paging import id_after, limit_of, page, whole
from .idp_view import PATH
from .idps import IdentityProvidersResource
from .records import FederationRecords, idp_party

_LONGEST: Final = 512


class IdpUsers:
    """Links between providers and users."""

    def __init__(self, records: FederationRecords, people: PeopleRecords, providers: IdentityProvidersResource) -> None:
        self._records = records
        self._people = people
        self._providers = providers

    def list(self, call: Call) -> Response:
        """A page in ascending id of the user. ``expand=user``: with the user, and what the provider said."""
        provider = self._records.provider(call)
        limit, after = limit_of(call.request, default=20, most=200), id_after(call.request)
        found = self._records.links.of_idp(provider.id, after=after, limit=limit + 1)
        following = found[limit - 1].user_id if len(found) > limit else None
        expanded = call.request.query_value("expand") == "user"
        users = {user.id: user for user in self._people.users.many([one.user_id for one in found])} if expanded else {}
        shown = []
        for one in found[:limit]:
            item = _link_json(one, call, with_profile=expanded)
            if one.user_id in users:
                item["_embedded"] = {"user": user_json(users[one.user_id], call, listed=True)}
            shown.append(item)
        extra = {"expand": "user"} if expanded else {}
        path = f"{PATH}/{provider.id}/users"
        return page(call.request, path, shown, limit=limit, following=following, extra=extra)

    def get(self, call: Call) -> Response:
        return Response.json(200, _link_json(self._found(call)[1], call, with_profile=True))

    def add(self, call: Call) -> Response:
        """200. The user is one that the provider calls ``externalId``."""
        provider = self._records.provider(call)
        user = self._people.user(call)
        body = call.body()
        external_id = body.text("externalId", required=True, longest=_LONGEST) or ""
        body.check()
        made = IdpLink(provider.id, user.id, external_id, call.now, call.now, pinned=provider.upstream.fingerprint)
        event = call.recorder.event("user.idp.link.create", user_party(user), idp_party(provider))

        def attempt() -> None:
            if len(self._records.links.of_user(user.id)) >= MOST_LINKS:
                raise invalid_field("userId", f"There can be at most {MOST_LINKS} identity providers of a user.")
            self._records.links.add(made, [event])

        try:
            call.retrying(attempt)
        except AlreadyExists:
            text = "The user is linked to the identity provider already, or somebody else is by this externalId."
            raise invalid_field("externalId", text) from None
        except NotFound:
            raise not_found(user.id, "User") from None
        return Response.json(200, _link_json(made, call, with_profile=False))

    def remove(self, call: Call) -> Response:
        """204."""
        provider, known = self._found(call)
        user = self._people.user(call)
        event = call.recorder.event("user.idp.link.delete", user_party(user), idp_party(provider))
        try:
            call.retrying(lambda: self._records.links.remove(known, [event]))
        except NotFound:
            raise not_found(user.id, "User") from None
        return NO_CONTENT

    def tokens(self, call: Call) -> Response:
        """Tokens of the provider: none is kept."""
        self._found(call)
        return whole(call.request, [])

    def of_user(self, call: Call) -> Response:
        """The providers that know a user."""
        user = self._people.user(call)
        listed = self._records.providers.all()
        known = [listed.get(one.idp_id) for one in self._records.links.of_user(user.id)]
        return self._providers.shown([one for one in known if one is not None], call)

    def _found(self, call: Call) -> tuple[IdentityProvider, IdpLink]:
        provider = self._records.provider(call)
        user = self._people.user(call)
        try:
            return provider, self._records.links.get(provider.id, user.id)
        except NotFound:
            raise not_found(user.id, "User") from None


def _link_json(known: IdpLink, call: Call, *, with_profile: bool) -> dict[str, Any]:
    href = call.url(f"{PATH}/{known.idp_id}/users/{known.user_id}")
    shown: dict[str, Any] = {
        "id": known.user_id,
        "externalId": known.external_id,
        "created": timestamp(known.created_at),
        "lastUpdated": timestamp(known.updated_at),
    }
    if with_profile:
        shown["profile"] = dict(known.profile)
    shown["_links"] = {
        "self": link(href, "GET", "DELETE"),
        "idp": {"href": call.url(f"{PATH}/{known.idp_id}")},
        "user": {"href": call.url(f"/api/v1/users/{known.user_id}")},
    }
    return shown
