"""Security keys and passkeys (WebAuthn Level 2)."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ..http import Request
from ..ids import Ids
from ..storage.errors import Conflict, NotFound
from ..storage.factor_challenges import ChallengePurpose, FactorChallenge, FactorChallenges
from ..storage.factors import Credential, Factor, Factors
from ..storage.sign_on_transactions import Proof
from .answers import Answer, AssertionAnswer, RegistrationAnswer, binary, unpadded
from .authenticator_names import name_of
from .ceremonies import ALGORITHMS, asserted, challenge_of, registered
from .key_settings import KeySettings, Preference
from .kind import Ask, KeyOptions, Wishes
from .refusals import Expired, NotEnrollable, WrongAnswer
from .relying_party import RelyingParty

_CHALLENGE_BYTES: Final = 32
#: Seconds.
_LIFETIME: Final = 300


@dataclass(frozen=True)
class Webauthn:
    """``Kind``; and finds out who somebody is, by a key alone.

    Attributes:
        party: The sites of the deployment, by its base URL.
        settings: What administrators want.
        org_name: What browsers call the deployment.
    """

    factors: Factors
    challenges: FactorChallenges
    ids: Ids
    party: Callable[[str], RelyingParty]
    settings: Callable[[], KeySettings]
    org_name: Callable[[str], str]
    most: int = 20
    guessable: bool = False
    label: str = "FIDO_WEBAUTHN"

    def enrol(self, factor: Factor, wishes: Wishes, ask: Ask) -> tuple[Factor, KeyOptions]:
        """With a challenge. The options name no RP ID: a page of any trusted origin can use them."""
        settings = self.settings()
        if wishes.verify_user:
            settings = replace(settings, verification="required")
        challenge, expires_at = self._challenge(ask, "enrol", ask.user.id, factor.id)
        known = [other.credential for other in self.factors.of(factor.user_id)]
        return factor, KeyOptions(
            _creation(ask, challenge, known, settings, self.org_name(ask.request.base_url)), expires_at
        )

    def shown(self, _factor: Factor, _ask: Ask) -> None:
        """A challenge is made anew for every attempt."""

    def activate(self, factor: Factor, answer: Answer, ask: Ask) -> Factor:
        """With the credential that the answer makes."""
        if not isinstance(answer, RegistrationAnswer):
            raise WrongAnswer("NO_REGISTRATION")
        self._take(answer.client_data, ask.now, "enrol", ask.binding, ask.user.id, {factor.id})
        settings = self.settings()
        credential = registered(
            answer,
            self.party(ask.request.base_url),
            handle=_handle(ask.user.id),
            verify_user=settings.verification == "required",
        )
        if credential.synced and not settings.synced:
            raise NotEnrollable("policy")
        name = factor.name or name_of(credential.aaguid, credential.transports)
        return replace(factor, status="ACTIVE", name=name, credential=credential)

    def challenge(self, factors: Sequence[Factor], ask: Ask, _lifetime: int | None) -> KeyOptions:
        """One challenge, whichever of the keys answers."""
        only = factors[0].id if len(factors) == 1 else None
        challenge, expires_at = self._challenge(ask, "verify", ask.user.id, only)
        party = self.party(ask.request.base_url)
        verification: Preference = "required" if ask.verify_user else self.settings().of_use
        keys = [factor.credential for factor in factors if factor.credential is not None]
        here = [key for key in keys if key.rp_id == party.own_id] or keys
        options = _request(challenge, verification) | {
            "rpId": here[0].rp_id if here else party.own_id,
            "allowCredentials": [_descriptor(key) for key in here],
        }
        return KeyOptions(options, expires_at)

    def verify(self, factors: Sequence[Factor], answer: Answer, ask: Ask) -> tuple[Factor, Proof]:
        """By the key that the answer names; where it names none, by the one that fits."""
        if not isinstance(answer, AssertionAnswer):
            raise WrongAnswer("NO_ASSERTION")
        self._take(answer.client_data, ask.now, "verify", ask.binding, ask.user.id, {factor.id for factor in factors})
        verify_user = self.settings().of_use == "required"
        refused = WrongAnswer("UNKNOWN_CREDENTIAL")
        for factor in factors:
            if factor.credential is None or answer.credential_id not in {None, factor.credential.id}:
                continue
            try:
                return factor, self._proof(factor, answer, ask.request, now=ask.now, verify_user=verify_user)
            except WrongAnswer as error:
                refused = error
        raise refused

    def invite(self, request: Request, *, binding: str, now: int) -> KeyOptions:
        """Options by which whoever has a key for this site can say who they are, without a user name."""
        challenge, expires_at = self._store("identify", binding, now, None, None)
        options = _request(challenge, "required")
        own_id = self.party(request.base_url).own_id
        return KeyOptions(options | {"rpId": own_id, "allowCredentials": []}, expires_at)

    def identify(self, answer: AssertionAnswer, request: Request, *, binding: str, now: int) -> tuple[Factor, Proof]:
        """Whose key it is: the factor says the user. The authenticator has to have known who used it.

        Raises:
            WrongAnswer: It does not fit, or is of nobody's key; nothing says which.
            Expired: Nothing is asked, or not any more.
        """
        self._take(answer.client_data, now, "identify", binding, None, set())
        if answer.credential_id is None or answer.user_handle is None:
            raise WrongAnswer("NO_USER_HANDLE")
        try:
            factor = self.factors.by_credential(answer.credential_id)
        except NotFound:
            raise WrongAnswer("UNKNOWN_CREDENTIAL") from None
        proof = self._proof(factor, answer, request, now=now, verify_user=True)
        return factor, replace(proof, primary=True)

    def _proof(
        self, factor: Factor, answer: AssertionAnswer, request: Request, *, now: int, verify_user: bool
    ) -> Proof:
        key = factor.credential
        if key is None:
            raise WrongAnswer("UNKNOWN_CREDENTIAL")
        said = asserted(answer, key, self.party(request.base_url), verify_user=verify_user)
        try:
            self.factors.used(factor, sign_count=said.sign_count, backed_up=said.backed_up, at=now)
        except Conflict:
            # WebAuthn §7.2 step 22: two authenticators may have the key.
            raise WrongAnswer("COUNTER") from None
        return Proof("webauthn", now, factor.id, synced=key.synced, verified=said.verified)

    def _challenge(self, ask: Ask, purpose: ChallengePurpose, user_id: str, factor_id: str | None) -> tuple[str, int]:
        return self._store(purpose, ask.binding, ask.now, user_id, factor_id)

    def _store(
        self, purpose: ChallengePurpose, binding: str, now: int, user_id: str | None, factor_id: str | None
    ) -> tuple[str, int]:
        challenge, expires_at = self.ids.opaque(_CHALLENGE_BYTES), now + _LIFETIME
        digest = _digest(binary(challenge))
        self.challenges.add(FactorChallenge(digest, purpose, binding, now, expires_at, user_id, factor_id))
        return challenge, expires_at

    def _take(
        self,
        client_data: bytes,
        now: int,
        purpose: ChallengePurpose,
        binding: str,
        user_id: str | None,
        factor_ids: set[str],
    ) -> None:
        """Use up the challenge that an answer is to, whatever comes of the answer."""
        try:
            asked = self.challenges.use(_digest(challenge_of(client_data)))
        except NotFound:
            raise Expired("no such challenge") from None
        if asked.expires_at <= now:
            raise Expired("the challenge has expired")
        if (asked.purpose, asked.binding, asked.user_id) != (purpose, binding, user_id):
            raise WrongAnswer("CHALLENGE")
        if asked.factor_id is not None and asked.factor_id not in factor_ids:
            raise WrongAnswer("CHALLENGE")


def _creation(
    ask: Ask, challenge: str, known: Sequence[Credential | None], settings: KeySettings, name: str
) -> Mapping[str, Any]:
    selection: dict[str, Any] = {
        "userVerification": settings.verification,
        "requireResidentKey": settings.resident_key == "required",
        "residentKey": settings.resident_key,
    }
    if settings.attachment is not None:
        selection["authenticatorAttachment"] = settings.attachment
    profile = ask.user.profile
    shown = " ".join(str(profile[part]) for part in ("firstName", "lastName") if profile.get(part))
    return {
        "attestation": "none",
        "authenticatorSelection": selection,
        "challenge": challenge,
        "excludeCredentials": [_descriptor(key) for key in known if key is not None],
        "extensions": {"credProps": True},
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "rp": {"name": name},
        "user": {"displayName": shown or ask.user.login, "name": ask.user.login, "id": _handle(ask.user.id)},
    }


def _request(challenge: str, verification: Preference) -> dict[str, Any]:
    return {"challenge": challenge, "userVerification": verification, "extensions": {}}


def _descriptor(key: Credential) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": "public-key", "id": key.id}
    return plain | {"transports": list(key.transports)} if key.transports else plain


def _handle(user_id: str) -> str:
    """What authenticators call a user: the bytes that the id is base64url of. Clients decode it so."""
    return unpadded(binary(user_id))


def _digest(challenge: bytes) -> str:
    return unpadded(hashlib.sha256(challenge).digest())
