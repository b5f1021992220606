"""How much has to be proved, and whether given proofs are enough (NIST SP 800-63B §4, docs/protocol.md §31.1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from ...storage.sign_on_transactions import Method, Proof, Vouched

#: ``federation``: somebody else found out who it is, and we do not know how.
FactorClass = Literal["knowledge", "possession", "federation"]

_KNOWLEDGE: Final[frozenset[Method]] = frozenset({"password", "question"})
#: What ``amr`` of an identity provider says that is believed: which class each method is of.
_TOLD: Final[Mapping[str, FactorClass]] = {
    **dict.fromkeys(("pwd", "kba", "pin"), "knowledge"),
    **dict.fromkeys(
        ("otp", "google_otp", "email", "sms", "tel", "hwk", "swk", "sc", "duo", "okta_verify"), "possession"
    ),
    **dict.fromkeys(("pop", "phr"), "possession"),
}
_PHISHING_RESISTANT: Final = frozenset({"pop", "phr"})


class Means(Protocol):
    """What somebody proves with, or could: a proof, or a factor that is enrolled."""

    @property
    def method(self) -> Method: ...

    @property
    def synced(self) -> bool:
        """Whether the key may leave its device (WebAuthn §6.1.3)."""

    @property
    def verified(self) -> bool:
        """Whether the authenticator knows who uses it (WebAuthn §6.1)."""

    @property
    def vouched(self) -> Vouched | None:
        """Which identity provider says so; ``None``: we found out ourselves."""


def class_of(method: Method) -> FactorClass:
    """Something that one knows, or something that one has. A recovery code is written down somewhere."""
    if method == "federated":
        return "federation"
    return "knowledge" if method in _KNOWLEDGE else "possession"


def classes_of(means: Means) -> frozenset[FactorClass]:
    """The classes that a proof counts for: of an identity provider that is believed, those that it names."""
    told = _told(means)
    return frozenset(_TOLD[name] for name in told if name in _TOLD) or frozenset({class_of(means.method)})


def _told(means: Means) -> Sequence[str]:
    return () if means.vouched is None else means.vouched.amr


def is_two_factors(means: Iterable[Means]) -> bool:
    """Whether there are two classes, or a key that its device gives to its owner alone.

    What a provider found out counts as one beside something that its user has; beside something that they know it may
    be the same once more.
    """
    seen = list(means)
    if any((each.method == "webauthn" and each.verified) or "mfa" in _told(each) for each in seen):
        return True
    classes = frozenset[FactorClass]().union(*map(classes_of, seen))
    return "possession" in classes and len(classes) > 1


@dataclass(frozen=True)
class Demand:
    """What one proof of a class has to be like.

    Attributes:
        phishing_resistant: Bound to the site it is for.
        device_bound: From a device, and not from a mailbox or a sheet of paper.
        hardware_protected: By a key that cannot leave its device.
        user_verified: By an authenticator that knows who uses it.
        methods: Only these; empty: any.
        excluded: None of these.
        reauthenticate_in: Seconds that the proof may be old; 0: it has to be for this very request; ``None``: as the
            whole assurance says.
    """

    phishing_resistant: bool = False
    device_bound: bool = False
    hardware_protected: bool = False
    user_verified: bool = False
    methods: frozenset[Method] = frozenset()
    excluded: frozenset[Method] = frozenset()
    reauthenticate_in: int | None = None

    def fits(self, means: Means) -> bool:
        """Whether this kind of proof will do, whenever it was given."""
        is_key = means.method == "webauthn"
        if (self.methods and means.method not in self.methods) or means.method in self.excluded:
            return False
        if self.phishing_resistant and not (is_key or not _PHISHING_RESISTANT.isdisjoint(_told(means))):
            return False
        if self.device_bound and not (is_key or means.method == "totp"):
            return False
        if self.hardware_protected and (not is_key or means.synced):
            return False
        return not self.user_verified or (is_key and means.verified)


@dataclass(frozen=True)
class Alternative:
    """One way to satisfy an assurance: what is demanded of each class; ``None``: nothing."""

    knowledge: Demand | None = None
    possession: Demand | None = None
    federation: Demand | None = None

    @property
    def demands(self) -> tuple[tuple[FactorClass, Demand], ...]:
        """Those that there are."""
        all_of_them: tuple[tuple[FactorClass, Demand | None], ...] = (
            ("knowledge", self.knowledge),
            ("possession", self.possession),
            ("federation", self.federation),
        )
        return tuple((name, demand) for name, demand in all_of_them if demand is not None)


def _counts_for(means: Means, name: FactorClass) -> bool:
    return name in classes_of(means) or name == class_of(means.method)


@dataclass(frozen=True)
class Assurance:
    """What has to be proved.

    Attributes:
        two_factors: By two classes, or by a key that knows its owner.
        alternatives: Any one of these has to hold as well; empty: nothing more.
        reauthenticate_in: Seconds that proofs may be old; 0: for this very request; ``None``: any age.
    """

    two_factors: bool = False
    alternatives: tuple[Alternative, ...] = ()
    reauthenticate_in: int | None = None

    def met(self, proofs: Sequence[Proof], *, now: int, asked_at: int | None = None) -> bool:
        """Whether the proofs are enough now. ``asked_at``: since when the request waits; ``None``: it does not."""
        fresh = [proof for proof in proofs if _fresh(proof, self.reauthenticate_in, now, asked_at)]
        if not fresh or (self.two_factors and not is_two_factors(fresh)):
            return False
        return not self.alternatives or any(
            all(
                any(
                    _counts_for(proof, name)
                    and demand.fits(proof)
                    and _fresh(proof, _limit(demand, self.reauthenticate_in), now, asked_at)
                    for proof in proofs
                )
                for name, demand in alternative.demands
            )
            for alternative in self.alternatives
        )

    def trivial(self, lifetime: int) -> bool:
        """Whether whatever was proved in a session is enough until it ends, after so many seconds at the latest."""
        unlimited = self.reauthenticate_in is None or self.reauthenticate_in >= lifetime
        return unlimited and not self.two_factors and not self.alternatives

    def reachable(self, means: Sequence[Means]) -> bool:
        """Whether somebody who has these could satisfy it."""
        if not means or (self.two_factors and not is_two_factors(means)):
            return False
        return not self.alternatives or any(
            all(any(_counts_for(each, name) and demand.fits(each) for each in means) for name, demand in a.demands)
            for a in self.alternatives
        )


def _limit(demand: Demand, whole: int | None) -> int | None:
    return whole if demand.reauthenticate_in is None else demand.reauthenticate_in


def _fresh(proof: Proof, limit: int | None, now: int, asked_at: int | None) -> bool:
    if asked_at is not None and proof.at >= asked_at:
        return True
    return limit is None or (limit > 0 and now - proof.at <= limit)
