"""Authorization codes (RFC 6749 §4.1.2): five minutes, one use."""

from dataclasses import dataclass
from typing import Protocol

from .generations import FIRST, Generations
from .lifetimes import Lifetimes
from .token_families import RefreshToken, TokenFamily


@dataclass(frozen=True)
class AuthorizationCode:
    """A code. ``digest`` is SHA-256 of it, base64url.

    Attributes:
        redirect_uri: As sent to the authorization endpoint.
        code_challenge: S256; ``None``: none was sent, and no verifier may come.
        scopes: Granted; policies were evaluated when the code was made, and are not again.
        policy_id, rule_id: Which decided, for the log: neither needs to exist any more.
        idp: Id of the identity provider that said who it is; ``None``: this service itself.
        inline_hook: Id of the hook that the rule has asked about tokens; ``None``: none is.
        lifetimes: What the rule gave. It counts until the code's end, whatever becomes of the rule.
        resources: URIs of what its tokens can be for, as they were registered.
        family_id: Of the tokens that the code gives: made with the code, so that a replay knows what to revoke.
        names_session: Its ID tokens name the session, whose end the client is told of.
        spent_at: When it was redeemed.
        dpop_jkt: Thumbprint of the key that has to be proven where it is redeemed (RFC 9449 §10).
        generations: Of client and user when it was made.
    """

    digest: str
    server_id: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    auth_time: int
    created_at: int
    expires_at: int
    family_id: str
    policy_id: str
    rule_id: str
    lifetimes: Lifetimes
    amr: tuple[str, ...]
    acr: str | None = None
    idp: str | None = None
    nonce: str | None = None
    code_challenge: str | None = None
    session_id: str | None = None
    names_session: bool = False
    spent_at: int | None = None
    dpop_jkt: str | None = None
    inline_hook: str | None = None
    generations: Generations = FIRST
    resources: tuple[str, ...] = ()


class AuthorizationCodes(Protocol):
    """All codes of a deployment."""

    def add(self, code: AuthorizationCode) -> None:
        """Store a new code. Raises AlreadyExists: a call before this one did."""

    def get(self, digest: str) -> AuthorizationCode:
        """A consistent read. Expired and spent ones are found too, for a while. Raises NotFound."""

    def redeem(self, digest: str, family: TokenFamily, refresh_token: RefreshToken | None, *, at: int) -> None:
        """Use a code up and store what it gives, all or nothing, exactly once even under concurrent calls.

        Raises:
            AlreadyUsed: A call before this one used it, or it is gone.
        """
