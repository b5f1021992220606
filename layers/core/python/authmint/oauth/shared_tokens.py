"""Access tokens that requests of one machine share (docs/protocol.md §9.5): fewer signatures, fewer lines.

What a warm instance minted it gives again, as long as the client allows it, to who proves to be the client and asks for
the very same. Client, server and what was revoked are looked at each time as for a new one.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..storage.revocations import Revocations
from .grants.base import Answer
from .issuance import Entitlement

if TYPE_CHECKING:
    from .endpoint import Call
    from .issuance import Draft

_GRANT: Final = "client_credentials"
#: Tokens that an instance keeps.
_MOST: Final = 1_000


@dataclass(frozen=True, repr=False)
class _Shared:
    """A token that was minted. Without ``repr``: it holds it."""

    answer: dict[str, Any]
    jti: str
    minted_at: int
    expires_at: int


@dataclass(frozen=True)
class SharedTokens:
    """Those of one warm instance, the ones that were used last."""

    revocations: Revocations
    _kept: "OrderedDict[Hashable, _Shared]" = field(default_factory=OrderedDict)

    def find(self, call: "Call", entitlement: Entitlement) -> Answer | None:
        """The answer with a token that is there already; ``None``: there is none to share.

        Raises:
            Unavailable: It cannot be told whether the token was revoked.
        """
        if not _may_share(call, entitlement):
            return None
        key = _key(call, entitlement)
        shared = self._kept.get(key)
        if shared is None:
            return None
        left, lifetime = shared.expires_at - call.now, shared.expires_at - shared.minted_at
        fresh = call.now - shared.minted_at < call.client.shares_seconds and left * 2 >= lifetime
        if not fresh or self.revocations.has(call.server.id, shared.jti):
            self._kept.pop(key, None)
            return None
        self._kept.move_to_end(key)
        return Answer(msgspec.json.encode(shared.answer | {"expires_in": left}))

    def keep(self, call: "Call", entitlement: Entitlement, draft: "Draft", answer: Answer) -> None:
        """Share a token from here on, where its client allows it."""
        if not _may_share(call, entitlement):
            return
        payload = draft.access_token
        told = msgspec.json.decode(answer.body)
        self._kept[_key(call, entitlement)] = _Shared(told, payload["jti"], payload["iat"], payload["exp"])
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)


def _may_share(call: "Call", entitlement: Entitlement) -> bool:
    return call.client.shares_seconds > 0 and entitlement.grant_type == _GRANT and entitlement.sign_in is None


def _key(call: "Call", entitlement: Entitlement) -> Hashable:
    """Everything that a token depends on but the time: any change of client or server makes another one."""
    resource = None if entitlement.resource is None else entitlement.resource.uri
    return (
        call.issuer,
        call.server.id,
        call.server.version,
        call.client.id,
        call.client.version,
        entitlement.scopes,
        entitlement.defaulted,
        resource,
        entitlement.jkt,
    )
