"""What token hooks are to the endpoints that mint: asked once, after everything is decided and before it is signed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from ..http import Request
from ..storage.events import Party
from ..storage.servers import endpoints_of
from .endpoint import Call
from .issuance import Approved, Draft, Entitlement, Trace

if TYPE_CHECKING:
    from .authorization.approval import Grants
    from .authorization.rules import Wish


@dataclass(frozen=True)
class Occasion:
    """For what request tokens are minted.

    Attributes:
        source: URL of the endpoint.
        parameters: Of the request, those that are no secrets.
        approved: What the policies granted: it names the hook.
        actor: Who asks, for the log.
        minted: Which tokens: ``access``, ``identity``.
        session_id: Of the browser; ``None``: it is not known.
    """

    request: Request
    source: str
    approved: Approved
    entitlement: Entitlement
    actor: Party
    minted: frozenset[str]
    parameters: Mapping[str, str] = field(default_factory=dict)
    session_id: str | None = None


class TokenHooks(Protocol):
    """Asks the hook of a rule."""

    def changed(self, draft: Draft, occasion: Occasion) -> Draft:
        """The tokens as the hook of the rule wants them; as they were where it failed.

        Raises:
            OAuthError: The hook says that there shall be none.
            Outage: The hook cannot be read, or its secret not be opened.
        """


#: Parameters that say nothing that only its sender may know.
SHOWN: Final = ("scope", "state", "redirect_uri", "response_mode", "response_type", "client_id", "grant_type")


def shown(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters that a hook may see."""
    return {name: parameters[name] for name in SHOWN if name in parameters}


def of_token_request(request: Request, call: Call, approved: Approved, trace: Trace, draft: Draft) -> Occasion:
    """Tokens of the token endpoint: always an access token, and an ID token where the draft has one."""
    client = call.client
    return Occasion(
        request=request,
        source=f"{endpoints_of(call.server, request.base_url)}/v1/token",
        approved=approved,
        entitlement=_decided(trace),
        actor=Party(client.id, "PublicClientApp", client.id, client.label),
        minted=frozenset({"access"} if draft.id_claims is None else {"access", "identity"}),
        parameters=shown({**call.form, "client_id": client.id}),
    )


def of_authorization(request: Request, wish: "Wish", grants: "Grants", approved: Approved, trace: Trace) -> Occasion:
    """Tokens for a browser: those of the response type."""
    arrival, user = wish.arrival, grants.person.user
    minted = {"token": "access", "id_token": "identity"}
    return Occasion(
        request=request,
        source=f"{endpoints_of(arrival.server, request.base_url)}/v1/authorize",
        approved=approved,
        entitlement=_decided(trace),
        actor=Party(user.id, "User", user.login),
        minted=frozenset(minted[kind] for kind in wish.response_types if kind in minted),
        parameters=shown({**arrival.parameters.values, "client_id": arrival.client.id}),
        session_id=grants.session.id,
    )


def _decided(trace: Trace) -> Entitlement:
    if trace.entitlement is None:
        raise ValueError("nothing was decided")
    return trace.entitlement
