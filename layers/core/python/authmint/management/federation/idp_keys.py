"""``/api/v1/idps/{idpId}/credentials/keys``: keys by which providers know this service (docs/protocol.md §37.2)."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Final

from ...clock import timestamp
from ...http import Response
from ...ids import Ids
from ...keys.birth import new_key
from ...keys.vault import KeyPairs
from ...storage.identity_providers import IdentityProvider, UpstreamKey
from ..http.call import Call
from ..http.errors import invalid_field, not_found
from ..http.paging import whole
from .records import FederationRecords, lifecycle_event

#: Of one provider: the one that signs, and the one that is to.
_MOST: Final = 2
_NO_SUCH_KEY: Final = "The provider has no such key: make one at credentials/keys/generate, or leave it out."


class IdpKeys:
    """Shows and makes keys. Each is for one provider: what it signs is worth nothing at another."""

    def __init__(self, records: FederationRecords, pairs: KeyPairs, ids: Ids) -> None:
        self._records = records
        self._pairs = pairs
        self._ids = ids

    def list(self, call: Call) -> Response:
        """The public halves, the oldest first."""
        return whole(call.request, [_json(key) for key in self._records.provider(call).upstream.keys])

    def get(self, call: Call) -> Response:
        kid = call.params["keyId"]
        for key in self._records.provider(call).upstream.keys:
            if key.kid == kid:
                return Response.json(200, _json(key))
        raise not_found(kid, "JsonWebKey")

    def generate(self, call: Call) -> Response:
        """200 with a new key, in the place of one that never signed. It signs once the provider is saved with it."""
        fresh = self.maker(self._records.provider(call), call)

        def attempt() -> UpstreamKey:
            listed = self._records.providers.all()
            before = self._records.provider(call)
            upstream = before.upstream
            kept = tuple(key for key in upstream.keys if key.kid == upstream.signing_kid)
            made = fresh()
            keys = (*kept, made)[-_MOST:]
            after = replace(before, upstream=replace(upstream, keys=keys), updated_at=call.now)
            self._records.providers.save(before, after, [lifecycle_event("update", after, call)], seen=listed)
            return made

        return Response.json(200, _json(call.retrying(attempt)))

    def maker(self, provider: IdentityProvider, call: Call) -> Callable[[], UpstreamKey]:
        """Makes one key, once: also when the change that it is for has to be repeated."""

        @cache
        def made() -> UpstreamKey:
            key = new_key(provider.id, "RS256", self._pairs, self._ids, call.now)
            return UpstreamKey(key.kid, key.algorithm, key.jwk, key.wrapped, call.now)

        return made

    def signing(
        self, provider: IdentityProvider, kid: str | None, fresh: Callable[[], UpstreamKey]
    ) -> IdentityProvider:
        """The provider with the key that signs: the named one, the one that does already, or a fresh one.

        Raises:
            ApiError: E0000001: it has no key of this name.
            VaultUnavailable: There is none, and none could be made.
        """
        upstream = provider.upstream
        kid = kid or upstream.signing_kid
        if kid is None and upstream.auth_method == "private_key_jwt":
            made = fresh()
            upstream = replace(upstream, keys=(*upstream.keys, made)[-_MOST:])
            kid = made.kid
        if kid is not None and all(key.kid != kid for key in upstream.keys):
            raise invalid_field("protocol.credentials.signing.kid", _NO_SUCH_KEY)
        return replace(provider, upstream=replace(upstream, signing_kid=kid))


def _json(key: UpstreamKey) -> dict[str, Any]:
    members = {name: value for name, value in key.jwk.items() if name != "kty"}
    made = timestamp(key.created_at)
    return {
        "kty": key.jwk["kty"],
        "created": made,
        "lastUpdated": made,
        "kid": key.kid,
        "alg": key.algorithm,
        "use": "sig",
        **members,
    }
