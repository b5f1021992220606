"""``/signin/idp`` and ``/oauth2/v1/authorize/callback``: to an identity provider, and back (docs/protocol.md §37.4)."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from ..api_errors import ApiError
from ..audit.builder import EventBuilder
from ..clock import Clock
from ..directory.authentication import AuthenticationFailed
from ..federation.asking import CALLBACK, Asking, Browser, Wanted
from ..federation.refusals import NotBelieved, Unreachable
from ..federation.signing_out import SIGNED_OUT, SigningOut
from ..http import Response
from ..ids import Ids
from ..oauth.errors import OAuthError
from ..policy.sign_on.facts import Facts
from ..policy.sign_on.routing import Route, route
from ..rate_limit import RateLimit, network_of
from ..self_service.refusals import NotDone
from ..sign_on.policies import AppliedPolicies
from ..storage.clients import secret_digest
from ..storage.errors import NotFound
from ..storage.events import Event, Party
from ..storage.federated_requests import FederatedRequest, FederatedRequests
from ..storage.identity_providers import IdentityProvider, IdentityProviders
from ..storage.sessions import Session
from ..storage.sign_on_transactions import Proof, Vouched
from ..storage.users import Users
from .steps import Steps
from .visit import Onward, Visit, see_other

if TYPE_CHECKING:
    from ..federation.people import FederatedPeople
    from ..federation.upstream import Upstream
    from ..oauth.token_events import TokenEvents
    from ..self_service.links import OwnLinks
    from .waiting import Waiting

START: Final = "/signin/idp"
#: What an answer of a provider says (RFC 6749 §4.1.2, RFC 9207 §2); each at most once.
_ANSWER: Final = ("state", "code", "error", "error_description", "iss")
_LONGEST: Final = {"state": 200, "code": 8_192, "error": 200, "error_description": 200, "iss": 1_024}
_LONGEST_ANSWER: Final = 8_192
_ACCOUNT: Final = "okta:acct:"
_LONGEST_LOGIN: Final = 320
#: For which session somebody was sent to be linked, and not to sign in.
_LINK: Final = "link"
#: A trusted ``auth_time`` is as far off as clocks are.
_SKEW: Final = 60


@dataclass(frozen=True)
class Answer:
    """What a provider answered, by a browser: nothing of it is to be believed."""

    values: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, visit: Visit) -> "Answer | None":
        """``None``: something comes twice, or is of absurd size."""
        pairs = [(name, value) for name, value in visit.request.query if name in _ANSWER and value]
        counts = Counter(name for name, _ in pairs)
        if any(count > 1 for count in counts.values()):
            return None
        values = dict(pairs)
        values["error_description"] = values.get("error_description", "")[: _LONGEST["error_description"]]
        return cls(values) if all(len(value) <= _LONGEST[name] for name, value in values.items()) else None

    def get(self, name: str) -> str:
        """Empty where it does not say."""
        return self.values.get(name, "")


@dataclass(frozen=True)
class Offered:
    """A provider as the sign-in page offers it."""

    id: str
    name: str


@dataclass(frozen=True)
class FederationPages:
    """Sends browsers to providers, and takes what comes back. Sessions are made where all are (``steps``)."""

    steps: Steps
    providers: IdentityProviders
    policies: AppliedPolicies
    users: Users
    looked_up: RateLimit
    requests: FederatedRequests
    upstream: "Callable[[], Upstream]"
    people: "Callable[[], FederatedPeople]"
    links: "Callable[[], OwnLinks]"
    events: "TokenEvents"
    clock: Clock
    ids: Ids

    def get(self, visit: Visit) -> Response:
        """``/signin/idp``: to the provider that somebody chose."""
        asked = visit.request.query_value
        onward = Onward.read(asked)
        waiting = None
        if onward.handle:
            waiting = self.steps.authorizations.waiting(visit.request, onward.handle, visit.guest, now=visit.now)
        return self.start(visit, onward, asked("idp") or "", waiting, login_hint=asked("login_hint"))

    def start(
        self, visit: Visit, onward: Onward, idp_id: str, waiting: "Waiting | None", *, login_hint: str | None = None
    ) -> Response:
        """To a provider.

        Args:
            visit: Of the browser.
            onward: Where it goes in the end.
            idp_id: Which.
            waiting: The request that it comes for.
            login_hint: Who it probably is; ``None``: as the request says.

        Raises:
            OAuthError: There is no such provider.
        """
        provider = self._provider(idp_id)
        if provider is None:
            raise OAuthError("unknown_idp")
        # Who is there already, or goes to the account, comes to prove it anew: a silent answer would prove nothing.
        anew = onward.account or visit.guest.session is not None
        wanted = Wanted(onward.fields, anew, login_hint)
        if waiting is not None:
            hint = login_hint or waiting.login_hint
            wanted = Wanted(
                onward.fields, waiting.again or anew, hint, waiting.idp_scopes if waiting.idp == idp_id else ""
            )
        asking = Asking(self.requests, self.ids)
        uri = asking.uri(provider, _browser(visit), wanted, base_url=visit.request.base_url, now=visit.now)
        return see_other(uri)

    def to_link(self, visit: Visit, provider: IdentityProvider, session: Session) -> Response:
        """To a provider, by which whoever is signed in shall be known from then on (``OwnLinks.offered``)."""
        wanted = Wanted({"account": "providers", _LINK: session.id}, again=True)
        asking = Asking(self.requests, self.ids)
        uri = asking.uri(provider, _browser(visit), wanted, base_url=visit.request.base_url, now=visit.now)
        return see_other(uri)

    def route(self, visit: Visit, client_id: str | None, identifier: str | None) -> tuple[Route, Sequence[Offered]]:
        """Where somebody signs in, and what the page offers for it.

        Args:
            visit: Of the browser.
            client_id: Of the app that they come for.
            identifier: The username, where it was asked for.
        """
        known = self.providers.all().active
        around = self.policies.circumstances(visit.request, device=None)
        facts = Facts(
            app_id=client_id,
            zones=self.policies.zones_of(around),
            platform=around.platform,
            profile=None if identifier is None else self._profile(identifier),
            now=visit.now,
            identifier=identifier,
        )
        found = route(self.policies.of_type("IDP_DISCOVERY"), facts, known)
        return found, [Offered(idp_id, known[idp_id]) for idp_id in found.others]

    def _profile(self, identifier: str) -> Mapping[str, Any] | None:
        try:
            return self.users.by_login(identifier).profile
        except NotFound:
            return None

    def webfinger(self, visit: Visit) -> Response:
        """``/.well-known/webfinger`` (RFC 7033): where somebody called so signs in. The same for who is unknown."""
        resource = visit.request.query_value("resource") or ""
        login = resource.removeprefix(_ACCOUNT)
        if login == resource or not login or len(login) > _LONGEST_LOGIN or not login.isprintable():
            raise ApiError("E0000001", "resource", ["The requested resource is malformed."])
        allowance = self.looked_up.take(network_of(visit.request.source_ip), now=visit.now)
        if not allowance.allowed:
            raise ApiError("E0000047", headers=allowance.headers())
        found, offered = self.route(visit, None, login)
        base_url = visit.request.base_url
        links = [_jrd_link(f"{base_url}/sso/idps/{one.id}", one.name, self._type(one.id), one.id) for one in offered]
        if found.ours or not links:
            issuer = "http://openid.net/specs/connect/1.0/issuer"
            links.append({"rel": issuer, "href": base_url, "properties": {"okta:idp:type": "OKTA"}})
        answer = Response.json(200, {"subject": resource, "links": links})
        headers = tuple(pair for pair in answer.headers if pair[0] != "content-type")
        return replace(answer, headers=(("content-type", "application/jrd+json"), *headers))

    def _type(self, idp_id: str) -> str:
        known = self.providers.all().get(idp_id)
        return "OIDC" if known is None else known.type

    def posted(self, visit: Visit) -> Response:
        """An answer that was posted (OAuth 2.0 Form Post Response Mode): cookies come with the GET after it.

        Nothing else is done: a POST from another site comes without the cookies that say whose it is.
        """
        pairs = [(name, visit.form.text(name)) for name in _ANSWER if visit.form.text(name)]
        query = urlencode(pairs)
        if len(query) > _LONGEST_ANSWER or any(len(visit.form.texts(name)) > 1 for name in _ANSWER):
            raise OAuthError("social_transaction_expired", reason="an absurd answer")
        return see_other(f"{CALLBACK}?{query}")

    def callback(self, visit: Visit) -> Response:
        """Signed in and onward; or the client, or a page, says why not."""
        answer = Answer.of(visit)
        asked = None if answer is None else self._asked(answer, visit)
        if answer is None or asked is None:
            raise OAuthError("social_transaction_expired")
        if SIGNED_OUT in asked.onward:
            return self._signed_out(visit, asked)
        onward = Onward.read(asked.onward.get)
        provider = self._provider(asked.idp_id)
        if provider is None or provider.upstream.fingerprint != asked.fingerprint:
            return self._refused(visit, onward, OAuthError("unknown_idp", reason="changed meanwhile"))
        try:
            return self._taken(visit, onward, asked, provider, answer)
        except NotBelieved as error:
            values = (answer.get("error_description") or answer.get("error"),)
            refusal = OAuthError(error.error_id, *values, reason=error.reason)
            self._note(visit, provider, error.reason)
            return self._refused(visit, onward, refusal)
        except AuthenticationFailed as error:
            self._note(visit, provider, str(error))
            return self._refused(visit, onward, OAuthError("access_denied", reason=str(error)))
        except Unreachable as error:
            self._note(visit, provider, str(error))
            return self._unreachable(visit, onward, provider)

    def sign_out(self, session: Session, browser: str, back: str, *, base_url: str, now: int) -> str | None:
        """Where to send a browser whose session ends (``SigningOut.uri``); ``None``: nowhere else."""
        signing_out = SigningOut(self.providers, self.requests, self.ids)
        return signing_out.uri(session, browser, back, base_url=base_url, now=now)

    def _signed_out(self, visit: Visit, asked: FederatedRequest) -> Response:
        """Back from signing out there. What the provider says of it changes nothing: here it is done."""
        try:
            self.requests.spend(asked.digest, at=visit.now)
        except NotFound:
            raise OAuthError("social_transaction_expired", reason="used by another call") from None
        return see_other(asked.onward[SIGNED_OUT])

    def _taken(
        self, visit: Visit, onward: Onward, asked: FederatedRequest, provider: IdentityProvider, answer: Answer
    ) -> Response:
        way_back = None
        if onward.handle:  # asked for before anything is used up
            way_back = self.steps.authorizations.way_back(visit.request, onward.handle, visit.guest, now=visit.now)
        _check_answer(provider, answer)
        try:
            self.requests.spend(asked.digest, at=visit.now)
        except NotFound:
            # The other call goes on with the request that waits.
            raise OAuthError("social_transaction_expired", reason="used by another call") from None
        browser, state = _browser(visit), answer.get("state")
        claims = self.upstream().claims(
            provider,
            answer.get("code"),
            verifier=browser.verifier(state),
            nonce=browser.nonce(state),
            redirect_uri=visit.request.base_url + CALLBACK,
            now=visit.now,
        )
        proof = _proof(provider, claims, asked, visit.now)
        if _LINK in asked.onward:
            return self._linked(visit, asked, provider, claims)
        build = EventBuilder(visit.request, self.clock, self.ids)
        user_id, _ = self.people().resolve(provider, claims, build, now=visit.now)
        found = self.steps.sign_on.begin_as(visit.caller, user_id, proof, onward.fields)
        self._note(visit, provider, None, user_id=user_id, proof=proof)
        return self.steps.gone_on(visit, found, onward, way_back)

    def _linked(
        self, visit: Visit, asked: FederatedRequest, provider: IdentityProvider, claims: Mapping[str, Any]
    ) -> Response:
        """Whoever is signed in is known to the provider from here on, if they are who asked for that."""
        session, person = visit.guest.session, visit.guest.person
        if session is None or person is None or session.id != asked.onward[_LINK]:
            raise OAuthError("social_transaction_expired", reason="another session")
        build = EventBuilder(visit.request, self.clock, self.ids)
        link = self.people().link_of(provider, claims, person.user, build, now=visit.now)
        try:
            self.links().add(person, link, visit.request)
        except (NotDone, NotFound) as refused:
            self._note(visit, provider, f"not linked: {refused}", user_id=person.user.id)
            return self.steps.pages.problem("not_linked", visit.request, status=409, other="/account/providers")
        return see_other("/account/providers")

    def _asked(self, answer: Answer, visit: Visit) -> FederatedRequest | None:
        """What this browser came for as it was sent away; ``None``: nothing, or it took too long."""
        state = answer.get("state")
        try:
            asked = self.requests.get(secret_digest(state)) if state else None
        except NotFound:
            return None
        if asked is None or asked.browser != visit.guest.browser or asked.expires_at <= visit.now:
            return None
        return asked

    def _provider(self, idp_id: str) -> IdentityProvider | None:
        known = self.providers.all().get(idp_id)
        return known if known is not None and known.status == "ACTIVE" else None

    def _refused(self, visit: Visit, onward: Onward, error: OAuthError) -> Response:
        if not onward.handle:
            return self.steps.pages.error(error, visit.request)
        return self.steps.authorizations.refuse(visit.request, onward.handle, visit.guest, error, now=visit.now)

    def _unreachable(self, visit: Visit, onward: Onward, provider: IdentityProvider) -> Response:
        """A page from which somebody can try again, or sign in otherwise: the request still waits."""
        again = f"{START}?{urlencode({'idp': provider.id, **onward.fields})}"
        other = f"/signin?{urlencode({'other': '1', **onward.fields})}"
        pages, request = self.steps.pages, visit.request
        return pages.problem("provider", request, status=503, code="temporarily_unavailable", again=again, other=other)

    def _note(
        self,
        visit: Visit,
        provider: IdentityProvider,
        reason: str | None,
        *,
        user_id: str = "unknown",
        proof: Proof | None = None,
    ) -> None:
        """``user.authentication.auth_via_IDP``. ``reason``: why it failed; ``None``: it did not."""
        told: tuple[str, ...] = () if proof is None or proof.vouched is None else proof.vouched.amr
        debug: dict[str, Any] = {"idp_display_name": provider.name, "amr_list": list(told), "error_message": reason}
        event: Event = EventBuilder(visit.request, self.clock, self.ids).event(
            "user.authentication.auth_via_IDP" if provider.kind == "FEDERATION" else _SOCIAL_EVENT,
            actor=Party(user_id, "User"),
            targets=[Party(provider.id, "IdentityProvider", display_name=provider.name)],
            reason=None if reason is None else "FEDERATION_FAILED",
            debug=debug,
        )
        self.events.emit(event)


def _jrd_link(href: str, name: str, kind: str, idp_id: str) -> dict[str, Any]:
    properties = {"okta:idp:type": kind, "okta:idp:id": idp_id}
    return {"rel": "okta:idp", "href": href, "titles": {"und": name}, "properties": properties}


_SOCIAL_EVENT: Final = "user.authentication.auth_via_social"


def _browser(visit: Visit) -> Browser:
    return Browser(visit.guest.value, visit.guest.browser)


def _check_answer(provider: IdentityProvider, answer: Answer) -> None:
    """Whether it is the provider's, and a code. Raises NotBelieved."""
    issuer = answer.get("iss")
    if (issuer or provider.upstream.names_issuer) and issuer != provider.upstream.issuer:  # RFC 9207 §2.4
        raise NotBelieved("social_state_invalid", "iss of the answer")
    error = answer.get("error")
    if error == "access_denied":
        raise NotBelieved("social_login_canceled", "the provider says access_denied")
    if error:
        raise NotBelieved("social_provider_error", "the provider says an error")
    if not answer.get("code"):
        raise NotBelieved("social_state_invalid", "neither code nor error")


def _proof(provider: IdentityProvider, claims: Mapping[str, Any], asked: FederatedRequest, now: int) -> Proof:
    """What the provider proves. Raises NotBelieved: its user was to sign in anew there, and did not."""
    told, trusted = claims.get("auth_time"), provider.linking.trust_claims
    at = int(told) if isinstance(told, int | float) and not isinstance(told, bool) else None
    if asked.again and at is not None and at < asked.created_at - _SKEW:
        raise NotBelieved("social_profile_not_fetched", "not signed in anew: auth_time")
    said = claims.get("amr") if trusted else None
    amr = tuple(dict.fromkeys(one for one in said if isinstance(one, str)))[:20] if isinstance(said, list) else ()
    when = min(at, now) if trusted and at is not None and at > 0 and not asked.again else now
    return Proof("federated", when, primary=True, vouched=Vouched(provider.id, provider.kind, amr))
