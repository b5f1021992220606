"""What follows from proofs, and the only place where sessions begin, and the tokens that begin them elsewhere.

``amr`` is of RFC 8176, ``auth_time`` of OpenID Connect Core §2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..ids import Ids
from ..policy.sign_on.assurance import is_two_factors
from ..storage.clients import secret_digest
from ..storage.directory import Directory, Person
from ..storage.errors import NotFound
from ..storage.generations import Generations
from ..storage.liveness import signed_in_person
from ..storage.sessions import Session, SessionToken, SessionTokens
from ..storage.sign_on_transactions import Method, Proof, SessionTerms

#: Seconds.
TOKEN_LIFETIME: Final = 300
_AMR: Final[Mapping[Method, str]] = {
    "password": "pwd",
    "totp": "otp",
    "email": "otp",
    "recovery_code": "kba",
    "question": "kba",
}
#: What of an identity provider's methods our own tokens say, where its word is taken (RFC 8176).
_TOLD: Final = frozenset({"fpt", "geo", "hwk", "kba", "mca", "otp", "pwd", "sc", "sms", "swk", "tel"})


@dataclass(frozen=True)
class Remembered:
    """A browser that was just remembered.

    Attributes:
        secret: The value of its cookie.
        lifetime: Of the cookie, in seconds.
    """

    secret: str = field(repr=False)
    lifetime: int


@dataclass(frozen=True)
class SignedOn:
    """Somebody of whom nothing more is asked. Only this makes a session, or a session token.

    Attributes:
        terms: Of the session; ``None``: those of the deployment.
        raises: The session that they had already: it is raised, and no new one begins.
        remembered: Their browser is from now on.
    """

    person: Person
    proofs: tuple[Proof, ...]
    terms: SessionTerms | None = None
    raises: Session | None = None
    remembered: Remembered | None = None


def amr_of(proofs: Sequence[Proof]) -> tuple[str, ...]:
    """The methods by their registered names: the password first, ``mfa`` last where there were two factors."""
    if len(proofs) == 1 and proofs[0].method == "password":
        return ("pwd",)
    in_order = sorted(proofs, key=lambda proof: proof.method != "password")
    names = dict.fromkeys(name for proof in in_order for name in _names(proof))
    return (*names, "mfa") if is_two_factors(proofs) else tuple(names)


def _names(proof: Proof) -> tuple[str, ...]:
    if proof.method == "webauthn":
        return ("swk",) if proof.synced else ("hwk",)
    if proof.vouched is not None:
        return ("fed", *(name for name in proof.vouched.amr if name in _TOLD))
    return (_AMR[proof.method],)


def auth_time_of(proofs: Sequence[Proof]) -> int:
    """When the user proved last who they are; a second proof alone is no new sign-in. 0: never."""
    return max((proof.at for proof in proofs if is_primary(proof)), default=0)


def latest(proofs: Sequence[Proof]) -> tuple[Proof, ...]:
    """The proofs in order; of those that say the same, the last one alone."""
    newest: dict[tuple[Method, str | None, bool], Proof] = {}
    for proof in proofs:
        key = (proof.method, proof.factor_id, proof.primary)
        newest.pop(key, None)
        newest[key] = proof
    return tuple(newest.values())


def is_primary(proof: Proof) -> bool:
    """Whether it said who they are: passwords always do."""
    return proof.primary or proof.method == "password"


@dataclass(frozen=True)
class SessionSettings:
    """How long sessions live, in seconds.

    Attributes:
        idle_lifetime: Not used for so long, a session is over.
        lifetime: After so long it is over in any case.
        touch_seconds: Use is noted at most so often: each note is a write.
    """

    idle_lifetime: int = 2 * 3600
    lifetime: int = 12 * 3600
    touch_seconds: int = 60


def new_session(
    signed_on: SignedOn,
    secret: str,
    settings: SessionSettings,
    ids: Ids,
    *,
    now: int,
    agent: str = "",
    address: str = "",
) -> Session:
    """The session of somebody of whom nothing more is asked.

    A policy may make sessions shorter than the deployment's, and never longer.

    Args:
        signed_on: Who.
        secret: The value of its cookie.
        settings: Of the deployment.
        ids: Makes its id.
        now: Unix seconds.
        agent: What the browser is called.
        address: From where it comes.
    """
    idle, lifetime, persistent, assessment = settings.idle_lifetime, settings.lifetime, False, None
    if signed_on.terms is not None:
        idle, persistent = min(idle, signed_on.terms.idle_lifetime), signed_on.terms.persistent
        lifetime = min(lifetime, signed_on.terms.lifetime or lifetime)
        assessment = signed_on.terms.assessment
    return Session(
        digest=secret_digest(secret),
        id=ids.object_id("102"),
        user_id=signed_on.person.user.id,
        created_at=now,
        auth_time=auth_time_of(signed_on.proofs),
        idle_expires_at=now + min(idle, lifetime),
        expires_at=now + lifetime,
        csrf=ids.opaque(32),
        amr=amr_of(signed_on.proofs),
        proofs=signed_on.proofs,
        last_seen_at=now,
        generations=Generations(user=signed_on.person.user.token_generation),
        idle_lifetime=idle,
        persistent=persistent,
        assessment=assessment,
        agent=agent,
        address=address,
    )


def raised_session(session: Session, signed_on: SignedOn, secret: str, ids: Ids, *, now: int) -> Session:
    """A session after more was proved: under a new cookie, and otherwise the same; it does not live longer."""
    return replace(
        session,
        digest=secret_digest(secret),
        auth_time=auth_time_of(signed_on.proofs),
        csrf=ids.opaque(32),
        amr=amr_of(signed_on.proofs),
        proofs=signed_on.proofs,
        last_seen_at=now,
    )


@dataclass(frozen=True)
class SessionTokenExchange:
    """What ``/api/v1/authn`` gives, and what a browser begins a session with (docs/protocol.md §4.12)."""

    tokens: SessionTokens
    directory: Directory
    ids: Ids

    def give(self, signed_on: SignedOn, *, now: int) -> tuple[str, int]:
        """A new token, and when it expires."""
        secret, expires_at = self.ids.opaque(32), now + TOKEN_LIFETIME
        token = SessionToken(
            digest=secret_digest(secret),
            user_id=signed_on.person.user.id,
            expires_at=expires_at,
            proofs=signed_on.proofs,
            generations=Generations(user=signed_on.person.user.token_generation),
            terms=signed_on.terms,
        )
        self.tokens.add(token)
        return secret, expires_at

    def take(self, text: str, *, now: int) -> SignedOn:
        """Use a token up.

        Raises:
            NotFound: There is none, it was used, or it has expired.
            NotAlive: Its user is not ACTIVE, or has another password now.
            Unavailable: Storage could not answer.
        """
        token = self.tokens.spend(secret_digest(text), at=now)
        if not token.proofs:
            raise NotFound("session token")
        person = signed_in_person(self.directory, token.user_id, auth_time_of(token.proofs), token.generations)
        return SignedOn(person, token.proofs, token.terms)
