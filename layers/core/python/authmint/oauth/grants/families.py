"""What the grants that start a family of tokens share."""

from dataclasses import dataclass

from ...ids import Ids
from ...storage.families import TokenFamily
from ..refresh_tokens import FAMILY, Minted, mint
from .base import Entitlement, GrantRequest, Issued


@dataclass(frozen=True)
class Start:
    """A new family and, where there is one, its first refresh token."""

    family: TokenFamily
    refresh_token: Minted | None


def new_family_id(ids: Ids) -> str:
    """Management contract §1.1."""
    return ids.object_id(FAMILY)


def start(
    request: GrantRequest, entitlement: Entitlement, issued: Issued, ids: Ids, *, policy_grant: str, session: str | None
) -> Start:
    """The family of what is being issued; its refresh token is in the answer from here on."""
    sign_in, rule, now = entitlement.sign_in, issued.draft.rule, request.now
    if sign_in is None or entitlement.family_id is None:
        raise ValueError("only tokens of people have families")
    refresh_token = mint(entitlement.family_id, rule, ids, now) if issued.draft.refreshable else None
    lifetime = rule.refresh_token_lifetime if refresh_token is not None else rule.access_token_lifetime
    if refresh_token is not None:
        issued.answer["refresh_token"] = issued.refresh_token = refresh_token.text
    family = TokenFamily(
        id=entitlement.family_id,
        server_id=request.server.id,
        client_id=request.client.id,
        user_id=sign_in.person.user.id,
        scopes=issued.draft.scopes,
        created_at=now,
        updated_at=now,
        auth_time=sign_in.at,
        amr=sign_in.amr,
        acr=sign_in.acr,
        policy_grant=policy_grant,
        session_id=session,
        expires_at=now + lifetime if lifetime else None,
        holds_refresh_token=refresh_token is not None,
    )
    return Start(family, refresh_token)
