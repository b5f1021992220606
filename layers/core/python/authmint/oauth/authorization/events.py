"""Events of the authorization endpoint (docs/protocol.md §21): one for each thing given, one for each refusal."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ...audit.builder import EventBuilder
from ...clock import Clock
from ...http import Request, Response
from ...ids import Ids
from ...sign_on.requirement import Demanded, Outcome
from ...storage.events import Event, Party
from ..claim_failures import CLAIM_FAILURES
from ..errors import OAuthError
from ..issuance import Trace
from ..token_events import client_class, steps_shown, token_hash
from .interaction import Visitor
from .parameters import ReturnTo
from .request import Arrival
from .rules import Wish

_AUTHORIZE: Final = "app.oauth2.as.authorize"
_ORG_AUTHORIZE: Final = "app.oauth2.authorize"
_CLAIM: Final = "app.oauth2.as.evaluate.claim"
_TYPES: Final = {"code": "code", "access_token": "implicit.access_token", "id_token": "implicit.id_token"}


@dataclass
class Record:
    """What is known of a request so far, and the events that it becomes.

    Attributes:
        visitor: Whose cookies every answer carries from here on.
        return_to: The client's redirect URI, once it may get an answer.
        minted: Codes and tokens by their kind.
        pushed: Whether a client calls, not a browser.
        judgement: What the app's policy decided, once it was asked.
    """

    request: Request
    clock: Clock
    ids: Ids
    arrival: Arrival | None = None
    visitor: Visitor | None = None
    return_to: ReturnTo | None = None
    wish: Wish | None = None
    trace: Trace = field(default_factory=Trace)
    minted: dict[str, str] = field(default_factory=dict)
    pushed: bool = False
    judgement: Event | None = None

    def judge(self, demanded: Demanded, outcome: Outcome, detail: str = "") -> None:
        """``Judged``. Where nobody wrote a policy there is nothing to say."""
        verdict = demanded.verdict
        if verdict is not None:
            builder, targets = EventBuilder(self.request, self.clock, self.ids), (*verdict.targets, *self._targets())
            self.judgement = builder.decision(self._actor(), targets, outcome, verdict.debug, detail=detail)

    def judgements(self, *, allowed: bool = True) -> Iterator[Event]:
        """What the app's policy decided; what it ``allowed`` is told once, with what came of it."""
        if self.judgement is not None and (allowed or self.judgement.outcome != "ALLOW"):
            yield self.judgement

    def with_cookies(self, answer: Response) -> Response:
        """The answer, with what the browser has to remember."""
        return answer if self.visitor is None else answer.with_headers(*self.visitor.cookies)

    def grants(self) -> Iterator[Event]:
        """What policies decided, and one event for each code and token (docs/protocol.md §21)."""
        yield from self.judgements()
        for kind, value in self.minted.items():
            detail = {"hash": token_hash(value), "scope": " ".join(self._granted())}
            targets = (Party(token_hash(value), kind, detail=detail), *self._targets())
            yield self._event(f"{self._type()}.{_TYPES[kind]}", targets, self._debug())

    def refusals(self, error: OAuthError) -> Iterator[Event]:
        """The event of a refusal, with the reason that nobody else was told."""
        yield from self.judgements()
        debug = error.about | self._debug() | {"error": error.code, "error_description": error.description}
        if error.reason is not None:
            debug["reason_detail"] = error.reason
        if error.id in CLAIM_FAILURES:
            yield self._event(_CLAIM, self._targets(), debug, error)
        yield self._event(self._type(), self._targets(), debug, error)

    def _type(self) -> str:
        return _ORG_AUTHORIZE if self.arrival is not None and self.arrival.server.is_org else _AUTHORIZE

    def _actor(self) -> Party:
        """The user; of a pushed request the client."""
        if self.pushed:
            return next(iter(self._targets()), Party("unknown", "PublicClientApp"))
        person = None if self.visitor is None else self.visitor.person
        return Party("unknown", "User") if person is None else Party(person.user.id, "User", person.user.login)

    def _granted(self) -> tuple[str, ...]:
        return () if self.trace.approved is None else self.trace.approved.granted

    def _targets(self) -> tuple[Party, ...]:
        """The client. The user is the actor."""
        if self.arrival is None:
            return ()
        client = self.arrival.client
        return (Party(client.id, "PublicClientApp", client.id, client.label),)

    def _debug(self) -> dict[str, Any]:
        """Nothing but what was checked: what else a browser sends may be a secret, and is not ours to keep."""
        arrival, decision, approved = self.arrival, self.trace.decision, self.trace.approved
        if arrival is None:
            return {"authorization_server": self.request.path_parameters.get("authServerId", "")[:64]}
        debug: dict[str, Any] = {
            "authorization_server": arrival.server.id,
            "authorization_server_name": arrival.server.name,
            "client_id": arrival.client.id,
            "client_class": client_class(arrival.client.id),
            "response_mode": arrival.return_to.mode + (".jwt" if arrival.return_to.signed else ""),
        }
        if self.wish is not None:
            debug["response_type"] = " ".join(sorted(self.wish.response_types))
            debug["requested_scopes"] = ", ".join(self.wish.scopes)
            if self.wish.resources:
                debug["resource"] = ", ".join(resource.uri for resource in self.wish.resources)
        if approved is not None:
            debug |= {"policy": approved.policy_id, "rule": approved.rule_id}
            debug["granted_scopes"] = ", ".join(approved.granted)
        elif decision is not None:
            debug["steps"] = steps_shown(decision)
        if "code" in self.minted:
            debug["auth_code"] = token_hash(self.minted["code"])
        return debug

    def _event(
        self, event_type: str, targets: tuple[Party, ...], debug: dict[str, Any], refusal: OAuthError | None = None
    ) -> Event:
        return EventBuilder(self.request, self.clock, self.ids).event(
            event_type,
            actor=self._actor(),
            targets=targets,
            reason=None if refusal is None else refusal.id,
            debug=debug,
        )
