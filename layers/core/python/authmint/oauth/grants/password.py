"""Resource owner password credentials grant (RFC 6749 §4.3): for clients and rules that allow it, and no others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ...directory.authentication import AuthenticationFailed, PasswordExpired, TooFast
from ...http import Request
from ...ids import Ids
from ...sign_on.requirement import PeopleDemands
from ...sign_on.sessions import amr_of
from ...storage.directory import Person
from ...storage.sign_on_transactions import Assessment, Proof
from ...storage.token_families import TokenFamilies, new_family_id
from .. import scopes
from ..errors import OAuthError, TooManyRequests
from ..issuance import Entitlement
from ..sign_in import SignIn
from .base import Answer, GrantRequest, Tokens, answer_with, scopes_at, target_of
from .token_families import start

if TYPE_CHECKING:
    from ...sign_on.sign_on import Verifier
    from ..issuance import Draft


@dataclass(frozen=True)
class VerifiedPassword:
    """A user whose password was right."""

    entitlement: Entitlement
    request: GrantRequest
    families: TokenFamilies
    ids: Ids

    def settle(self, draft: "Draft", tokens: Tokens) -> Answer:
        """A password can be used again; a refresh token is the first of its family."""
        if self.entitlement.family_id is None or not draft.refreshable:
            return answer_with(draft, tokens)
        begun = start(self.request, self.entitlement, draft, self.ids)
        self.families.add(begun.family, begun.record)
        return answer_with(draft, tokens, refresh_token=begun.text)


@dataclass(frozen=True)
class _Attempt:
    """``Attempt`` of a client, which is no browser."""

    request: Request
    browser: str | None = None
    device: str | None = None
    told: None = None
    assessment: Assessment | None = None
    mark: str | None = None
    idp: str = ""


class PasswordCredentials:
    """A client asks in the name of a user whose password it was told. No consent can be given here."""

    name: ClassVar[str] = "password"

    def __init__(self, verifier: "Verifier", demands: PeopleDemands, families: TokenFamilies, ids: Ids) -> None:
        self._verifier = verifier
        self._demands = demands
        self._families = families
        self._ids = ids

    def verify(self, request: GrantRequest) -> VerifiedPassword:
        """The password is right, and no scope needs a consent that cannot be given here."""
        username, password = request.parameter("username"), request.parameter("password")
        named, resource = scopes.requested(request.form.get("scope", "")), target_of(request)
        asked = scopes_at(resource, scopes.for_user(request.server, request.client, named))
        if needing := scopes.in_need_of_consent(request.server, request.client, asked):
            raise OAuthError("consent_required_ropf", ", ".join(needing))
        try:
            person = self._verifier.verify(username, password, request.now, request=request.http)
        except PasswordExpired:
            raise OAuthError("expired_password_credentials") from None
        except TooFast as fast:
            raise TooManyRequests("user_rate_limited", fast.allowance) from None
        except AuthenticationFailed as error:
            raise OAuthError("invalid_password_credentials", reason=type(error).__name__) from None
        self._check_enough(request, person)
        family_id = new_family_id(self._ids) if "offline_access" in asked else None
        sign_in = SignIn(person, request.now, amr_of((Proof("password", request.now),)))
        entitlement = Entitlement(
            self.name,
            asked,
            defaulted=not named,
            sign_in=sign_in,
            family_id=family_id,
            resource=resource,
            resources=() if resource is None or not request.resources else (resource.uri,),
            jkt=request.jkt,
        )
        return VerifiedPassword(entitlement, request, self._families, self._ids)

    def _check_enough(self, request: GrantRequest, person: Person) -> None:
        """Whether the password is all that policies ask: nothing else can be asked for here.

        Raises:
            OAuthError: It is not, and the client is told no more than for a wrong one.
        """
        proofs, attempt = (Proof("password", request.now),), _Attempt(request.http)
        for demanded in (
            self._demands.of_sign_on(person, attempt, now=request.now),
            self._demands.of_app(request.client, person, attempt, now=request.now),
        ):
            if demanded.denied:
                raise OAuthError("invalid_password_credentials", reason=f"POLICY: {demanded.reason}")
            asked = demanded.requirement
            enough = all(each.met(proofs, now=request.now, asked_at=request.now) for each in asked.assurances)
            if not enough or asked.enrolments.required:
                raise OAuthError("invalid_password_credentials", reason=f"MFA_REQUIRED: {demanded.reason}")
