"""Events of the protocol endpoints (docs/protocol.md §21): one structured log line each, never a secret."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ..audit.builder import EventBuilder
from ..clock import Clock
from ..http import Pairs, Request
from ..ids import Ids
from ..jose.encoding import b64decode
from ..policy.access.evaluate import Decision
from ..storage.client_registration import class_of
from ..storage.events import Event, Party
from .claim_failures import CLAIM_FAILURES
from .endpoint import Call
from .errors import OAuthError, RefreshTokenReused
from .issuance import Draft, Trace

_CLAIM: Final = "app.oauth2.as.evaluate.claim"
_STEPS_SHOWN: Final = 50


class TokenEvents(Protocol):
    """Where token events go."""

    def emit(self, event: Event) -> None:
        """Write the event without waiting for anything."""


def token_hash(token: str) -> str:
    """How a token is named in the log: base64 of its SHA-256."""
    return base64.b64encode(hashlib.sha256(token.encode()).digest()).decode("ascii")


def _padded(digest: str | None) -> str | None:
    """The hash in the log of a token of which only our digest is known: the same bytes in the other alphabet."""
    return None if digest is None else base64.b64encode(b64decode(digest)).decode("ascii")


def client_class(client_id: str) -> str:
    """The class of a client that no administrator registered; of one that was there is nothing to say."""
    class_ = class_of(client_id)
    return "" if class_ == "REGISTERED" else class_


def steps_shown(decision: Decision) -> list[str]:
    """Why no rule matched, one comparison a line."""
    steps = decision.steps[:_STEPS_SHOWN]
    return [f"{step.policy_id}/{step.rule_id or '-'}: {step.mismatch}" for step in steps]


@dataclass
class Record:
    """What is known of a token request so far, and the events that it becomes.

    Attributes:
        cors: Headers that let a script of the client read the answer.
    """

    request: Request
    clock: Clock
    ids: Ids
    call: Call | None = None
    draft: Draft | None = None
    trace: Trace = field(default_factory=Trace)
    cors: Pairs = ()

    def grants(self, minted: Mapping[str, str]) -> Iterator[Event]:
        """One event for each new token, by its kind. An answer that was given before is no news."""
        for kind, token in minted.items():
            name = token_hash(token)
            targets = (Party(name, kind, detail=self._detail(name)), *self._subject())
            yield self._event(f"{self._type('token.grant')}.{kind}", targets, self._debug())

    def refusals(self, error: OAuthError) -> Iterator[Event]:
        """The events of a request that was refused, with the reason that the client was not told."""
        debug = self._debug() if self.call is not None else dict(error.about)
        debug |= {"error": error.code, "error_description": error.description}
        if error.reason is not None:
            debug["reason_detail"] = error.reason
        actor = None if self.call is not None else Party(error.about.get("client_id", "unknown"), "PublicClientApp")
        if error.id in CLAIM_FAILURES:
            yield self._event(_CLAIM, self._subject(), debug, refusal=error, actor=actor)
        if isinstance(error, RefreshTokenReused):
            reused = debug | {
                "current_refresh_token_hash": _padded(error.current),
                "old_refresh_token_hash": _padded(error.old),
            }
            yield self._event(self._type("token.detect_reuse"), self._subject(), reused, refusal=error, actor=actor)
        yield self._event(self._type("token.grant"), self._subject(), debug, refusal=error, actor=actor)

    def _type(self, what: str) -> str:
        org = self.call is not None and self.call.server.is_org
        return f"app.oauth2.{what}" if org else f"app.oauth2.as.{what}"

    def _detail(self, name: str) -> dict[str, Any]:
        if self.draft is None or self.call is None:
            return {}
        payload = self.draft.access_token
        return {
            "expires": payload["exp"],
            "hash": name,
            "subject": payload["sub"],
            "scope": " ".join(self.draft.scopes),
        }

    def _subject(self) -> tuple[Party, ...]:
        entitlement = self.trace.entitlement
        if entitlement is None or entitlement.sign_in is None:
            return ()
        user = entitlement.sign_in.person.user
        return (Party(user.id, "User", user.login),)

    def _debug(self) -> dict[str, Any]:
        call, decision, approved = self.call, self.trace.decision, self.trace.approved
        if call is None:
            return {}
        debug: dict[str, Any] = {
            "grant_type": call.form.get("grant_type", "")[:100],
            "client_auth_type": call.client.auth_method,
            "client_class": client_class(call.client.id),
            "authorization_server": call.server.id,
            "authorization_server_name": call.server.name,
            "requested_scopes": call.form.get("scope", "")[:4096].replace(" ", ", "),
        }
        entitlement, draft = self.trace.entitlement, self.draft
        if entitlement is not None and entitlement.resource is not None:
            debug["resource"] = entitlement.resource.uri
        elif call.resources:
            debug["resource"] = ", ".join(call.resources)[:4096]
        if entitlement is not None and entitlement.jkt is not None:
            debug["proof"] = entitlement.jkt
        if entitlement is not None and entitlement.delegation is not None:
            debug |= entitlement.delegation.debug()
        if entitlement is not None and entitlement.assertion is not None:
            told = entitlement.assertion
            debug |= told.given.debug() | {
                "audience": told.claims["aud"],
                "granted_scopes": ", ".join(entitlement.scopes),
            }
        if approved is not None:
            debug |= {"policy": approved.policy_id, "rule": approved.rule_id}
            debug["granted_scopes"] = ", ".join(approved.granted if draft is None else draft.scopes)
        elif decision is not None:
            debug["steps"] = steps_shown(decision)
        return debug

    def _event(
        self,
        event_type: str,
        targets: tuple[Party, ...],
        debug: Mapping[str, Any],
        *,
        refusal: OAuthError | None = None,
        actor: Party | None = None,
    ) -> Event:
        if actor is None and self.call is not None:
            client = self.call.client
            actor = Party(client.id, "PublicClientApp", client.id, client.label)
        return EventBuilder(self.request, self.clock, self.ids).event(
            event_type,
            actor=actor or Party("unknown", "PublicClientApp"),
            targets=targets,
            reason=None if refusal is None else refusal.id,
            challenged=refusal is not None and refusal.code == "use_dpop_nonce",
            debug=debug,
        )
