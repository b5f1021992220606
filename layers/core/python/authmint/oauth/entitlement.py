"""What a grant entitles its client to ask for, and what the policies made of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..storage.servers import Lifetimes

if TYPE_CHECKING:  # it brings the directory along, of which a token for a machine needs nothing
    from .sign_in import SignIn


@dataclass(frozen=True)
class Approved:
    """What the policies granted. A code carries it: it stands until the code's end, whatever becomes of the rule.

    Attributes:
        granted: Scopes.
        policy_id, rule_id: Which decided.
    """

    granted: tuple[str, ...]
    lifetimes: Lifetimes
    policy_id: str
    rule_id: str


@dataclass(frozen=True)
class Entitlement:
    """What a grant entitles its client to ask for.

    Attributes:
        grant_type: What rules call it: of a refresh, the grant type that the tokens began with.
        scopes: In request order, without repetitions.
        defaulted: No scope was requested; these are the server's default scopes.
        sign_in: Whose tokens; ``None``: the client's own.
        family_id: Of the family that the tokens will belong to.
        approved: What the policies answered before, where they are not asked again.
        refreshing: Rules that name ``refresh_token`` match too.
    """

    grant_type: str
    scopes: tuple[str, ...]
    defaulted: bool = False
    sign_in: "SignIn | None" = None
    family_id: str | None = None
    approved: "Approved | None" = None
    refreshing: bool = False
