"""The kinds of factors: what makes each of them. A new kind is a module, and a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from ..ids import Ids
from ..keys.vault import SecretSeals
from ..storage.factor_challenges import FactorChallenges
from ..storage.factors import FactorKind, Factors
from .key_settings import KeySettings
from .kind import Kind
from .relying_party import RelyingParty


@dataclass(frozen=True)
class Surroundings:
    """What kinds are made of.

    Attributes:
        seals: Of secrets of factors.
        org_name: What apps and browsers call the deployment, by its base URL.
        party: Its sites, by its base URL.
        keys: What administrators want of keys.
    """

    factors: Factors
    challenges: FactorChallenges
    seals: SecretSeals
    ids: Ids
    org_name: Callable[[str], str]
    party: Callable[[str], RelyingParty]
    keys: Callable[[], KeySettings]


def kinds(around: Surroundings) -> Callable[[FactorKind], Kind]:
    """Makes each kind when it is first asked for: a cold start pays for what its first request needs."""

    def totp() -> Kind:
        from .totp import Totp

        return Totp(around.factors, around.seals, around.ids, around.org_name)

    def webauthn() -> Kind:
        from .webauthn import Webauthn

        return Webauthn(around.factors, around.challenges, around.ids, around.party, around.keys, around.org_name)

    makers: dict[FactorKind, Callable[[], Kind]] = {"totp": totp, "webauthn": webauthn}
    return cache(lambda kind: makers[kind]())
