"""What is asked next of somebody who wants to be signed on. Pure: it reads and writes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Final, Literal

from ..policy.sign_on.assurance import Assurance, is_two_factors
from ..storage.factors import Factor, FactorKind
from ..storage.sign_on_transactions import Method, Proof, voucher_of
from .requirement import Requirement

StepName = Literal["identify", "challenge", "new_password", "enrol", "profile", "refused", "done"]
Reason = Literal[
    "nobody_is_signed_in",
    "another_user",
    "another_provider",
    "still_another_user",
    "too_old",
    "asked_again",
    "expired",
    "expiring",
    "more_assurance",
    "before_enrolling",
    "required",
    "incomplete",
    "out_of_reach",
]
#: Proofs that one may have to give at once: nothing that can be asked for takes more.
_MOST: Final = 3


@dataclass(frozen=True)
class Known:
    """Who is there, as far as it is proved.

    Attributes:
        auth_time: When they proved last who they are.
        proofs: What they proved.
        password_expired: What they proved has to be replaced before it counts.
        expires_soon: It will have to be, and they have not been told yet.
        has_password: They could be asked for one.
        factors: Their active ones, where these matter (``needs_factors``).
        kinds: What people can set up here at all, where that matters; ``None``: everything.
        recovery_codes: Whether they have any left, where that matters.
        said: Attributes of their profile that have a value.
    """

    user_id: str
    auth_time: int
    proofs: tuple[Proof, ...]
    password_expired: bool = False
    expires_soon: bool = False
    has_password: bool = True
    factors: tuple[Factor, ...] = ()
    kinds: frozenset[FactorKind] | None = None
    recovery_codes: bool = False
    said: frozenset[str] = frozenset()

    @property
    def idp(self) -> str | None:
        """The identity provider that said who it is; ``None``: we know them ourselves."""
        voucher = voucher_of(self.proofs)
        return None if voucher is None else voucher.idp_id

    def can_set_up(self, kind: FactorKind) -> bool:
        """Whether there is such a thing here."""
        return self.kinds is None or kind in self.kinds


@dataclass(frozen=True)
class Step:
    """What is asked, and why.

    ``identify``: a username and what proves it. ``challenge``: one of ``choices`` or of ``methods``. ``new_password``:
    in the place of the one that was proved. ``enrol``: one of ``kinds`` has to be set up. ``profile``: ``attributes``
    have to have a value. ``refused``: whoever it is cannot do what is asked. ``done``: nothing.

    Attributes:
        choices: Ids of factors.
        methods: What can be proved without one of these: the password, a recovery code.
        verify_user: Keys have to tell who uses them: what they prove otherwise would not do.
        attributes: Names.
    """

    name: StepName
    reason: Reason | None = None
    choices: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    kinds: tuple[FactorKind, ...] = ()
    verify_user: bool = False
    attributes: tuple[str, ...] = ()


DONE = Step("done")


@dataclass(frozen=True)
class _Candidate:
    """Something that could be proved."""

    method: Method
    synced: bool = False
    verified: bool = False
    vouched: None = None

    def proof(self, now: int) -> Proof:
        return Proof(self.method, now, synced=self.synced, verified=self.verified)


_PASSWORD: Final = _Candidate("password")
_RECOVERY_CODE: Final = _Candidate("recovery_code")


def said_of(profile: Mapping[str, Any]) -> frozenset[str]:
    """Attributes of a profile that have a value."""
    return frozenset(name for name, value in profile.items() if value not in (None, "", []))


def needs_factors(known: Known, requirement: Requirement, *, now: int) -> bool:
    """Whether ``next_step`` has to know the factors of who is there: they are a read that most sign-ons do without."""
    return bool(requirement.enrolments.required) or not _met(known.proofs, requirement, now, requirement.asked_at)


def next_step(known: Known | None, requirement: Requirement, *, now: int) -> Step:
    """The first thing that is missing: who it is, how sure that is, a password that counts, what is set up, is said."""
    if known is None:
        return Step("identify", "nobody_is_signed_in")
    missing = _identity(known, requirement, now)
    if missing is not None:
        return missing
    if not _met(known.proofs, requirement, now, requirement.asked_at):
        return _assured(known, requirement, now)
    if known.password_expired:
        return Step("new_password", "expired")
    required = filter(known.can_set_up, requirement.enrolments.required)
    lacking = tuple(kind for kind in required if all(kind != f.kind for f in known.factors))
    if lacking:
        return _enrolled(known, lacking, "required")
    return _complete(known, requirement)


def _complete(known: Known, requirement: Requirement) -> Step:
    """What somebody of whom nothing more has to be proved has to say, or hear."""
    asked = () if requirement.profile is None else requirement.profile.attributes
    unsaid = tuple(one.name for one in asked if one.name not in known.said)
    if unsaid:
        return Step("profile", "incomplete", attributes=unsaid)
    return Step("new_password", "expiring") if known.expires_soon else DONE


def _identity(known: Known, requirement: Requirement, now: int) -> Step | None:
    auth_time = known.auth_time
    for_this_request = requirement.asked_at is not None and auth_time >= requirement.asked_at
    if requirement.user_id not in {None, known.user_id}:
        # Who has just signed in for this request as somebody else would do so again.
        return Step("identify", "still_another_user" if for_this_request else "another_user")
    if requirement.idp not in {None, known.idp}:
        return Step("identify", "another_provider")
    if for_this_request:
        return None
    if requirement.max_age is not None and now - auth_time > requirement.max_age:
        return Step("identify", "too_old")
    return Step("identify", "asked_again") if requirement.again else None


def _assured(known: Known, requirement: Requirement, now: int) -> Step:
    mine = {_Candidate(f.method, f.synced, f.verified) for f in known.factors}
    mine |= {_PASSWORD} if known.has_password else set()
    ways = _ways(known.proofs, mine | _spare(known), requirement, now)
    if ways:
        if all(_PASSWORD in way for way in ways):
            return Step("challenge", "more_assurance", methods=("password",))
        useful = {candidate for way in ways for candidate in way}
        choices = tuple(f.id for f in known.factors if _Candidate(f.method, f.synced, f.verified) in useful)
        methods = tuple(each.method for each in (_PASSWORD, _RECOVERY_CODE) if each in useful)
        keys = [way for way in ways if any(each.method == "webauthn" for each in way)]
        by_half = _ways(known.proofs, map(_unverified, mine), requirement, now)
        verify_user = bool(keys) and not any(way <= set(map(_unverified, key)) for key in keys for way in by_half)
        return Step("challenge", "more_assurance", choices, methods, verify_user=verify_user)

    def helps(kind: FactorKind, *, verified: bool) -> bool:
        return bool(_ways(known.proofs, mine | {_Candidate(kind, verified=verified)}, requirement, now))

    offered = filter(known.can_set_up, requirement.enrolments.offered)
    kinds = tuple(kind for kind in offered if helps(kind, verified=kind == "webauthn"))
    if not kinds:
        return Step("refused", "out_of_reach")
    verify_user = "webauthn" in kinds and not helps("webauthn", verified=False)
    return _enrolled(known, kinds, "more_assurance", verify_user=verify_user)


def _unverified(candidate: _Candidate) -> _Candidate:
    """The same without anybody having been asked who uses it."""
    return replace(candidate, verified=False)


def _spare(known: Known) -> set[_Candidate]:
    return {_RECOVERY_CODE} if known.recovery_codes else set()


def _enrolled(known: Known, kinds: tuple[FactorKind, ...], reason: Reason, *, verify_user: bool = False) -> Step:
    """Who has a factor already proves it first: a password alone must not be enough to add another one."""
    if known.factors and not is_two_factors(known.proofs):
        methods = tuple(each.method for each in _spare(known))
        return Step("challenge", "before_enrolling", tuple(factor.id for factor in known.factors), methods)
    return Step("enrol", reason, kinds=kinds, verify_user=verify_user)


def _ways(
    proofs: Sequence[Proof], candidates: Iterable[_Candidate], requirement: Requirement, now: int
) -> list[frozenset[_Candidate]]:
    """The sets of proofs that would be enough beside those that are there, none of which holds another one."""
    asked_at = now if requirement.asked_at is None else requirement.asked_at
    found: list[frozenset[_Candidate]] = []
    all_of_them = sorted(candidates, key=lambda each: (each.method, each.synced, each.verified))
    for size in range(1, _MOST + 1):
        for chosen in map(frozenset, combinations(all_of_them, size)):
            if any(smaller <= chosen for smaller in found):
                continue
            if _met((*proofs, *(each.proof(now) for each in chosen)), requirement, now, asked_at):
                found.append(chosen)
    return found


def _met(proofs: Sequence[Proof], requirement: Requirement, now: int, asked_at: int | None) -> bool:
    return all(assurance.met(proofs, now=now, asked_at=asked_at) for assurance in requirement.assurances)


def with_assurances(requirement: Requirement, assurances: Iterable[Assurance]) -> Requirement:
    """The same requirement with more to prove."""
    return replace(requirement, assurances=(*requirement.assurances, *assurances))
