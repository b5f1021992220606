"""The hook of a rule in a preview: what it would be sent, and, where that is wished, what it answers (§39.5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...hooks.tokens import AskedTokenHooks, Consulted
from ...http import Request
from ...oauth.errors import OAuthError
from ...oauth.preview import Preview, Wish
from ...oauth.token_hooks import Occasion
from ...storage.events import Party
from ...storage.servers import endpoints_of

_TOKENS = {"access": "access_token", "identity": "id_token"}


@dataclass(frozen=True)
class PreviewedHook:
    """What came of a hook in a preview."""

    consulted: Consulted
    asked: bool

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The hook as the preview shows it. Where it was asked, what it changed is written into the tokens there."""
        consulted, hook = self.consulted, self.consulted.hook
        about = {"id": None if hook is None else hook.id, "name": None if hook is None else hook.name}
        if consulted.changed is not None:
            for token, names in consulted.changed.items():
                _mark(answer[_TOKENS[token]], names, about, _payload(consulted, token))
        if consulted.denied is not None:
            answer["error"] = _denial(consulted.denied)
            answer["decision"]["outcome"] = "DENY"
        outcome = "NOT_CALLED" if not self.asked else "DENIED" if consulted.denied is not None else "FAILED"
        if self.asked and consulted.denied is None and not (consulted.failure or consulted.refused):
            outcome = "NOTHING_TO_SAY" if consulted.answer is None else "APPLIED"
        return {
            **about,
            "status": None if hook is None else hook.status,
            "outcome": outcome,
            "request": consulted.question,
            "response": consulted.answer,
            "reason": consulted.failure or consulted.refused or None,
            "changed": {_TOKENS[token]: list(names) for token, names in (consulted.changed or {}).items()},
        }


class PreviewedHooks:
    """Makes them. ``make``: makes what asks hooks, which emits nothing for a preview."""

    def __init__(self, make: Callable[[], AskedTokenHooks]) -> None:
        self._make = make

    def of(self, request: Request, wish: Wish, preview: Preview, *, ask: bool) -> PreviewedHook | None:
        """The hook of the rule that decided; ``None``: it has none, or there would be no tokens."""
        approved, entitlement, draft = preview.trace.approved, preview.trace.entitlement, preview.draft
        if draft is None or approved is None or approved.inline_hook is None or entitlement is None:
            return None
        front = wish.grant_type == "implicit"
        wanted = wish.response_type.split() if front else ["token", "id_token"]
        identity = "id_token" in wanted and draft.id_claims is not None
        minted = frozenset((["access"] if "token" in wanted else []) + (["identity"] if identity else []))
        endpoint = "/v1/authorize" if front else "/v1/token"
        told = {"grant_type": wish.grant_type, "client_id": wish.client.id, "scope": wish.scope}
        told |= {"response_type": wish.response_type, "redirect_uri": wish.redirect_uri}
        occasion = Occasion(
            request=request,
            source=f"{endpoints_of(draft.recipient.server, request.base_url)}{endpoint}",
            approved=approved,
            entitlement=entitlement,
            actor=Party(wish.client.id, "PublicClientApp"),
            minted=minted,
            parameters={name: value for name, value in told.items() if value},
        )
        return PreviewedHook(self._make().consult(draft, occasion, ask=ask), ask)


def _payload(consulted: Consulted, token: str) -> Mapping[str, Any]:
    return consulted.draft.access_token if token == "access" else consulted.draft.identity or {}


def _mark(token: dict[str, Any], names: tuple[str, ...], hook: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
    """Show a token as the hook left it, and name the hook beside each claim that it changed."""
    token["payload"] = payload
    known = {claim["name"]: claim for claim in token["claims"]}
    for name in names:
        claim = known.get(name)
        if claim is None:
            claim = {"name": name, "id": None, "definition": None, "leftOut": None, "inputs": {}, "failure": None}
            token["claims"].append(claim)
        claim |= {"included": name in payload, "value": payload.get(name), "hook": dict(hook)}


def _denial(summary: str) -> dict[str, Any]:
    error = OAuthError("inline_hook_denied", summary)
    return {**error.body(), "reason": error.id, "detail": None}
