"""From an entitlement to what the tokens say, unsigned: one way for every endpoint that mints, and for the preview."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ..claims.errors import ClaimFailed
from ..claims.facts import THIS_ORG, Facts
from ..claims.values import Json
from ..ids import Ids
from ..policy.evaluate import Decision, TokenRequest
from ..policy.index import PolicyIndex
from ..storage.clients import Client
from ..storage.servers import AuthorizationServer, Policy, Rule
from ..tokens.access_token import SignedIn, access_token_payload
from ..tokens.id_token import id_token_payload
from .errors import OAuthError
from .grants.base import Entitlement
from .minting import WarmClaims, app_facts, claim_refusal

if TYPE_CHECKING:  # it brings the directory along, of which a token for a machine needs nothing
    from .sign_in import SignIn

_CODE: Final = "authorization_code"


@dataclass(frozen=True)
class Audience:
    """For whom: the server as it is addressed, and the client."""

    server: AuthorizationServer
    issuer: str
    client: Client


@dataclass(frozen=True)
class Draft:
    """What would be issued.

    Attributes:
        access_token: Payload.
        id_claims: Of the ID token beside those of the protocol; ``None``: there is no ID token.
        refreshable: ``offline_access`` was granted, and the client may refresh.
    """

    audience: Audience
    rule: Rule
    scopes: tuple[str, ...]
    access_token: Mapping[str, Any]
    id_claims: Mapping[str, Json] | None = None
    sign_in: "SignIn | None" = None
    refreshable: bool = False

    def id_token(self, ids: Ids, now: int, *, access_token: str | None, code: str | None = None) -> dict[str, Any]:
        """Payload of the ID token that goes with an access token, a code, or neither."""
        if self.sign_in is None or self.id_claims is None:
            raise ValueError("no ID token goes with this")
        return id_token_payload(
            issuer=self.audience.issuer,
            client_id=self.audience.client.id,
            user=SignedIn(self.sign_in.person.user.id, self.sign_in.at),
            amr=self.sign_in.amr,
            idp=THIS_ORG.id,
            now=now,
            ids=ids,
            claims=self.id_claims,
            algorithm=self.audience.server.active_key.algorithm,
            nonce=self.sign_in.nonce,
            access_token=access_token,
            code=code,
            acr=self.sign_in.acr,
        )


@dataclass(frozen=True)
class Decided:
    """A decision in which a rule matched."""

    decision: Decision
    policy: Policy
    rule: Rule

    @property
    def granted(self) -> tuple[str, ...]:
        """Scopes."""
        return self.decision.granted


@dataclass
class Trace:
    """What is known of a request so far, for its event and its explanation."""

    entitlement: Entitlement | None = None
    decision: Decision | None = None
    facts: Facts | None = None
    debug: dict[str, str] = field(default_factory=dict)


class Issuance:
    """Decides and drafts. Reads nothing, writes nothing."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._policies = PolicyIndex()
        self._claims = WarmClaims()

    def draft(
        self,
        audience: Audience,
        grant_type: str,
        entitlement: Entitlement,
        now: int,
        trace: Trace,
        *,
        fat: bool = False,
    ) -> Draft:
        """What the entitlement gives (runtime contract §18.2, §17, §15).

        Args:
            audience: For whom.
            grant_type: As rules name it.
            entitlement: Proven by the grant.
            now: Unix seconds.
            trace: Is filled on the way, so that a refusal can be explained.
            fat: All claims of the ID token, not only those that are always included (§15.4).

        Raises:
            OAuthError: The user is not assigned, no rule matches, or a claim fails.
        """
        decided = self.decide(audience, grant_type, entitlement, trace)
        decision, rule = decided.decision, decided.rule
        server, client, sign_in = audience.server, audience.client, entitlement.sign_in
        code_flow = _CODE in {grant_type, entitlement.policy_grant}
        facts = trace.facts = self._facts(client, decision.granted, sign_in, now, code_flow=code_flow)
        claims = self._claims.of(server)
        try:
            own = claims.access_token(facts)
            wants_id_token = sign_in is not None and "openid" in decision.granted
            id_claims = claims.id_token(facts, everything=fat) if wants_id_token else None
        except ClaimFailed as failed:
            raise claim_refusal(failed) from None
        payload = access_token_payload(
            server,
            issuer=audience.issuer,
            client_id=client.id,
            scopes=decision.granted,
            lifetime=rule.access_token_lifetime,
            now=now,
            ids=self._ids,
            claims=own,
            user=None if sign_in is None else SignedIn(sign_in.person.user.id, sign_in.at),
            acr=None if sign_in is None else sign_in.acr,
            family_id=entitlement.family_id,
        )
        refreshable = "offline_access" in decision.granted and "refresh_token" in client.grant_types
        return Draft(audience, rule, decision.granted, payload, id_claims, sign_in, refreshable)

    def decide(self, audience: Audience, grant_type: str, entitlement: Entitlement, trace: Trace) -> Decided:
        """The policies' answer alone (runtime contract §18.2): what an authorization code is made from.

        Raises:
            OAuthError: The user is not assigned, or no rule matches.
        """
        trace.entitlement = entitlement
        server, client = audience.server, audience.client
        sign_in = entitlement.sign_in
        if sign_in is not None and not sign_in.may_use(client):
            raise OAuthError("user_not_assigned")
        subject = None if sign_in is None else sign_in.subject
        asked = TokenRequest(
            client.id,
            entitlement.policy_grant or grant_type,
            entitlement.scopes,
            entitlement.defaulted,
            subject,
            None if entitlement.policy_grant is None else grant_type,
        )
        decision = trace.decision = _decided(server, entitlement) or self._policies.decide(server, asked)
        if decision.rule is None or decision.policy is None:
            raise OAuthError(decision.refusal or "no_matching_policy")
        return Decided(decision, decision.policy, decision.rule)

    def _facts(
        self, client: Client, scopes: tuple[str, ...], sign_in: "SignIn | None", now: int, *, code_flow: bool
    ) -> Facts:
        if sign_in is None:
            return Facts(app_facts(client), scopes, now)
        return Facts(
            app_facts(client),
            scopes,
            now,
            user=sign_in.user_facts(),
            app_user=sign_in.app_user_facts(client),
            amr=sign_in.amr,
            code_flow=code_flow,
        )


def _decided(server: AuthorizationServer, entitlement: Entitlement) -> Decision | None:
    """The rule that was found when the code was made, while it is in force (runtime contract §5.3)."""
    if entitlement.decided is None:
        return None
    policy_id, rule_id = entitlement.decided
    for policy in server.policies:
        for rule in policy.rules:
            if policy.id == policy_id and rule.id == rule_id and policy.status == rule.status == "ACTIVE":
                return Decision(policy, rule, entitlement.scopes)
    return None
