"""From an entitlement to what the tokens say, unsigned: one way for every endpoint that mints, and for the preview."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from ..claims.compiled import WarmClaims
from ..claims.errors import ClaimFailed
from ..expressions.facts import THIS_ORG, AppFacts, Facts
from ..expressions.values import Json
from ..ids import Ids
from ..policy.access.evaluate import NOBODY, Decision, PolicyIndex, Subject, TokenRequest
from ..storage.client_registration import class_of
from ..storage.clients import Client
from ..storage.lifetimes import Lifetimes
from ..storage.liveness import generations_of
from ..storage.servers import AuthorizationServer, Resource
from ..tokens.access_token import SignedIn, access_token_payload
from ..tokens.id_token import id_token_payload, with_hashes
from .claim_failures import claim_refusal
from .errors import OAuthError

if TYPE_CHECKING:  # it brings the directory along, of which a token for a machine needs nothing
    from ..storage.lineages import Ancestor
    from .delegation import Delegation, Given
    from .sign_in import SignIn


@dataclass(frozen=True)
class Approved:
    """What the policies granted. A code carries it: it stands until the code's end, whatever becomes of the rule.

    Attributes:
        granted: Scopes.
        policy_id, rule_id: Which decided.
        inline_hook: Id of the hook that is asked about the tokens; ``None``: none is.
    """

    granted: tuple[str, ...]
    lifetimes: Lifetimes
    policy_id: str
    rule_id: str
    inline_hook: str | None = None


@dataclass(frozen=True)
class Assertion:
    """What another server is to be told of whom a client asks for, in the place of a token for here.

    Attributes:
        given: What was sent in.
        claims: Beside those that say who asserts it, of whom, and when.
    """

    given: "Given"
    claims: Mapping[str, Any]


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
        resource: What the access token is for; ``None``: the server's audience.
        resources: URIs of what later tokens of the same authorization can be for.
        jkt: Thumbprint of the key that the access token is bound to (RFC 9449).
        unlisted: Families that the tokens end with, and whose records do not say yet that they are in status lists.
        lineage: Tokens that they are given for, the first of them first.
        delegation: What the token says of whom it is given for; ``None``: the client does not act for others.
        assertion: What there is instead of an access token; ``None``: an access token.
    """

    grant_type: str
    scopes: tuple[str, ...]
    defaulted: bool = False
    sign_in: "SignIn | None" = None
    family_id: str | None = None
    approved: "Approved | None" = None
    refreshing: bool = False
    resource: Resource | None = None
    resources: tuple[str, ...] = ()
    jkt: str | None = None
    delegation: "Delegation | None" = None
    assertion: Assertion | None = None
    unlisted: tuple[str, ...] = ()
    lineage: "tuple[Ancestor, ...]" = ()

    @property
    def asks_for(self) -> Subject | None:
        """Whom policies look at. Conditions about people are not consulted for a client that acts for itself alone."""
        if self.sign_in is not None:
            return self.sign_in.subject
        return None if self.delegation is None else NOBODY


_CODE: Final = "authorization_code"
_REFRESH: Final = "refresh_token"


@dataclass(frozen=True)
class Recipient:
    """For whom: the server as it is addressed, and the client.

    Attributes:
        certificate: Thumbprint of the certificate that the access token is bound to (RFC 8705); ``None``: to none.
    """

    server: AuthorizationServer
    issuer: str
    client: Client
    certificate: str | None = None

    def confirmation(self, jkt: str | None) -> dict[str, str]:
        """``cnf``: what whoever uses the token has to prove, a key (RFC 9449), a certificate, or both."""
        if jkt is None and self.certificate is None:  # as nearly always
            return {}
        bound = {"jkt": jkt, "x5t#S256": self.certificate}
        return {name: value for name, value in bound.items() if value is not None}


@dataclass(frozen=True)
class Draft:
    """What would be issued.

    Attributes:
        lifetimes: Of the tokens.
        granted: Scopes of the authorization: what later tokens can have.
        scopes: Of these tokens: where they are for a resource, only its own.
        access_token: Payload; of an assertion, where that is what there is.
        id_claims: Of the ID token beside those of the protocol; ``None``: there is no ID token.
        refreshable: ``offline_access`` was granted, and the client may refresh.
        identity: Payload of the ID token, where a hook was asked about it; ``None``: it is made when it is signed.
        longest: Seconds that the access token can live, whoever wishes it longer; ``None``: no other token bounds it.
        typ: Of the header of what is no access token.
    """

    recipient: Recipient
    lifetimes: Lifetimes
    granted: tuple[str, ...]
    scopes: tuple[str, ...]
    access_token: Mapping[str, Any]
    id_claims: Mapping[str, Json] | None = None
    sign_in: "SignIn | None" = None
    refreshable: bool = False
    identity: Mapping[str, Any] | None = None
    longest: int | None = None
    typ: str | None = None

    @property
    def token_type(self) -> str:
        """How the access token has to be sent."""
        return "DPoP" if "jkt" in self.access_token.get("cnf", ()) else "Bearer"

    def id_token(self, ids: Ids, now: int, *, access_token: str | None, code: str | None = None) -> dict[str, Any]:
        """Payload of the ID token that goes with an access token, a code, or neither."""
        if self.identity is not None:
            algorithm = self.recipient.server.active_key.algorithm
            return with_hashes(self.identity, algorithm, access_token=access_token, code=code)
        if self.sign_in is None or self.id_claims is None:
            raise ValueError("no ID token goes with this")
        return id_token_payload(
            issuer=self.recipient.issuer,
            client_id=self.recipient.client.id,
            user=SignedIn(self.sign_in.person.user.id, self.sign_in.at),
            amr=self.sign_in.amr,
            idp=self.sign_in.idp or THIS_ORG.id,
            now=now,
            ids=ids,
            claims=self.id_claims,
            algorithm=self.recipient.server.active_key.algorithm,
            nonce=self.sign_in.nonce,
            access_token=access_token,
            code=code,
            acr=self.sign_in.acr,
            sid=self.sign_in.session_id,
            generations=generations_of(self.recipient.client, self.sign_in.person.user),
        )


@dataclass
class Trace:
    """What is known of a request so far, for its event and its explanation.

    Attributes:
        decision: Of the policies, with every comparison; ``None``: they were not asked (yet).
        approved: What they granted, now or before.
    """

    entitlement: Entitlement | None = None
    decision: Decision | None = None
    approved: Approved | None = None
    facts: Facts | None = None
    debug: dict[str, str] = field(default_factory=dict)


def app_facts(client: Client) -> AppFacts:
    """The client as claims see it."""
    return AppFacts(
        id=client.id,
        client_id=client.id,
        label=client.label,
        profile=client.profile,
        groups_claim=client.groups_claim,
        user_mapping=client.user_mapping,
    )


class Issuance:
    """Decides and drafts. Reads nothing, writes nothing."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._policies = PolicyIndex()
        self._claims = WarmClaims()

    def draft(
        self,
        recipient: Recipient,
        entitlement: Entitlement,
        *,
        trace: Trace,
        now: int,
        fat: bool = False,
    ) -> Draft:
        """What the entitlement gives.

        Args:
            recipient: For whom.
            entitlement: Proven by the grant.
            trace: Is filled on the way, so that a refusal can be explained.
            now: Unix seconds.
            fat: All claims of the ID token, not only those that are always included.

        Raises:
            OAuthError: The user is not assigned, no rule matches, no scope is left for the resource, or a claim fails.
        """
        if entitlement.assertion is not None:
            return self._asserted(recipient, entitlement, entitlement.assertion, trace=trace, now=now)
        approved = self.decide(recipient, entitlement, trace=trace)
        server, client, sign_in = recipient.server, recipient.client, entitlement.sign_in
        scopes, resource = approved.granted, entitlement.resource
        if resource is not None:
            from .resources import narrowed

            scopes = narrowed(scopes, (resource,))
        lifetimes, delegation, longest = approved.lifetimes, entitlement.delegation, None
        if delegation is not None:
            if delegation.bound and not recipient.confirmation(
                entitlement.jkt
            ):  # whoever has the token then could use it
                raise OAuthError("invalid_dpop_proof_missing_header", reason="the subject token is bound to a key")
            if delegation.ends_at is not None:
                longest = delegation.ends_at - now
                lifetimes = replace(lifetimes, access_token=min(lifetimes.access_token, longest))
        facts = trace.facts = self._facts(client, scopes, entitlement, now)
        claims = self._claims.of(server)
        try:
            own = claims.access_token(facts)
            wants_id_token = sign_in is not None and "openid" in scopes
            id_claims = claims.id_token(facts, everything=fat) if wants_id_token else None
        except ClaimFailed as failed:
            raise claim_refusal(failed) from None
        payload = access_token_payload(
            server,
            issuer=recipient.issuer,
            client_id=client.id,
            scopes=scopes,
            lifetime=lifetimes.access_token,
            now=now,
            ids=self._ids,
            claims=own,
            user=None if sign_in is None else SignedIn(sign_in.person.user.id, sign_in.at),
            acr=None if sign_in is None else sign_in.acr,
            amr=sign_in.amr if sign_in is not None and server.tells_methods else (),
            family_id=entitlement.family_id,
            generations=generations_of(client, None if sign_in is None else sign_in.person.user),
            audience=None if resource is None else resource.uri,
        )
        if bound := recipient.confirmation(entitlement.jkt):
            payload["cnf"] = bound
        if delegation is not None:
            payload |= {"sub": delegation.subject or payload["sub"], **delegation.more}
            if delegation.act is not None:
                payload["act"] = delegation.act
        refreshable = "offline_access" in approved.granted and "refresh_token" in client.grant_types
        return Draft(
            recipient=recipient,
            lifetimes=lifetimes,
            granted=approved.granted,
            scopes=scopes,
            access_token=payload,
            id_claims=id_claims,
            sign_in=sign_in,
            refreshable=refreshable,
            longest=longest,
        )

    def decide(self, recipient: Recipient, entitlement: Entitlement, *, trace: Trace) -> Approved:
        """The policies' answer alone: what an authorization code is made from.

        Raises:
            OAuthError: The user is not assigned, or no rule matches.
        """
        trace.entitlement = entitlement
        server, client = recipient.server, recipient.client
        sign_in = entitlement.sign_in
        # Who is acted for is not a user of the service that acts.
        if sign_in is not None and entitlement.delegation is None and not sign_in.may_use(client):
            raise OAuthError("user_not_assigned")
        if entitlement.approved is not None:
            trace.approved = entitlement.approved
            return entitlement.approved
        asked = TokenRequest(
            client_id=client.id,
            grant_type=entitlement.grant_type,
            scopes=entitlement.scopes,
            defaulted=entitlement.defaulted,
            user=entitlement.asks_for,
            or_grant_type=_REFRESH if entitlement.refreshing else None,
        )
        decision = trace.decision = self._policies.decide(server, asked)
        policy, rule = decision.policy, decision.rule
        if policy is None or rule is None:
            raise OAuthError(decision.refusal or "no_matching_policy")
        lifetimes = rule.lifetimes
        if class_of(client.id) != "REGISTERED":
            lifetimes = server.registration.capped(lifetimes)
        trace.approved = Approved(
            decision.granted, lifetimes, policy_id=policy.id, rule_id=rule.id, inline_hook=rule.inline_hook
        )
        return trace.approved

    def _asserted(
        self, recipient: Recipient, entitlement: Entitlement, assertion: Assertion, *, trace: Trace, now: int
    ) -> Draft:
        """What is said of somebody to another server: by that server's policies tokens are given for it."""
        from ..tokens.id_jag import ID_JAG_TYPE, LONGEST, id_jag_payload  # few clients ever ask

        trace.entitlement = entitlement
        if entitlement.sign_in is None:
            raise ValueError("there is nobody to speak of")
        payload = id_jag_payload(
            issuer=recipient.issuer,
            subject=entitlement.sign_in.person.user.id,
            ids=self._ids,
            now=now,
            claims=assertion.claims,
        )
        return Draft(
            recipient=recipient,
            lifetimes=Lifetimes(access_token=LONGEST),
            granted=entitlement.scopes,
            scopes=entitlement.scopes,
            access_token=payload,
            sign_in=entitlement.sign_in,
            typ=ID_JAG_TYPE,
        )

    def _facts(self, client: Client, scopes: tuple[str, ...], entitlement: Entitlement, now: int) -> Facts:
        sign_in = entitlement.sign_in
        if sign_in is None:
            return Facts(app_facts(client), scopes, now)
        return Facts(
            app_facts(client),
            scopes,
            now,
            user=sign_in.user_facts(),
            app_user=sign_in.app_user_facts(client),
            amr=sign_in.amr,
            code_flow=entitlement.grant_type == _CODE,
        )
