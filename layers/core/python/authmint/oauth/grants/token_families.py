"""What the grants that start a family of tokens share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...ids import Ids
from ...storage.liveness import generations_of
from ...storage.token_families import RefreshToken, TokenFamily
from ..issuance import Entitlement
from ..refresh_tokens import mint
from .base import GrantRequest

if TYPE_CHECKING:
    from ..issuance import Draft


@dataclass(frozen=True, repr=False)
class Start:
    """A new family and, where there is one, its first refresh token. Without ``repr``: it holds the token.

    Attributes:
        record: What is stored of the refresh token.
        text: What the client gets.
    """

    family: TokenFamily
    record: RefreshToken | None = None
    text: str | None = None


def start(
    request: GrantRequest,
    entitlement: Entitlement,
    draft: "Draft",
    ids: Ids,
    *,
    session_id: str | None = None,
    names_session: bool = False,
) -> Start:
    """The family of what is being issued, and its first refresh token where the client may refresh.

    Raises:
        ValueError: The tokens are nobody's but the client's.
    """
    sign_in, lifetimes, now = entitlement.sign_in, draft.lifetimes, request.now
    if sign_in is None or entitlement.family_id is None:
        raise ValueError("only tokens of people have families")
    minted = mint(entitlement.family_id, lifetimes, ids, now) if draft.refreshable else None
    lifetime = lifetimes.access_token if minted is None else lifetimes.refresh_token
    family = TokenFamily(
        id=entitlement.family_id,
        server_id=request.server.id,
        client_id=request.client.id,
        user_id=sign_in.person.user.id,
        scopes=draft.granted,
        created_at=now,
        updated_at=now,
        auth_time=now if sign_in.at is None else sign_in.at,  # of no token: a refresh alone would say it
        amr=sign_in.amr,
        acr=sign_in.acr,
        idp=sign_in.idp,
        policy_grant=entitlement.grant_type,
        session_id=session_id,
        names_session=names_session,
        expires_at=now + lifetime if lifetime else None,
        generations=generations_of(request.client, sign_in.person.user),
        resources=entitlement.resources,
        dpop_jkt=request.jkt,
        certificate=request.certificate,
        listed=request.server.status_list,
    )
    return Start(family) if minted is None else Start(family, minted.record, minted.text)
