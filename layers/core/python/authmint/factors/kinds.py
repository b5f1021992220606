"""The kinds of factors: what makes each of them. A new kind is a module, and a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from ..ids import Ids
from ..keys.vault import SecretSeals
from ..mail.letters import Letters
from ..rate_limit import RateLimit
from ..storage.factor_challenges import FactorChallenges
from ..storage.factors import FactorKind, Factors
from ..storage.outbox import Outbox
from .key_settings import KeySettings
from .kind import Kind
from .relying_party import RelyingParty

if TYPE_CHECKING:
    from ..directory.passwords import PasswordHashes


@dataclass(frozen=True)
class Surroundings:
    """What kinds are made of.

    Attributes:
        seals: Of secrets of factors.
        org_name: What apps and browsers call the deployment, by its base URL.
        party: Its sites, by its base URL.
        keys: What administrators want of keys.
        code_pace: How often one address gets a code.
        code_lifetime: Seconds that a code lives where nobody says otherwise.
        hashes: Makes and tries hashes of answers.
    """

    factors: Factors
    challenges: FactorChallenges
    seals: SecretSeals
    ids: Ids
    org_name: Callable[[str], str]
    party: Callable[[str], RelyingParty]
    keys: Callable[[], KeySettings]
    outbox: Outbox
    letters: Letters
    code_pace: RateLimit
    code_lifetime: Callable[[], int]
    hashes: Callable[[], "PasswordHashes"]


def kinds(around: Surroundings) -> Callable[[FactorKind], Kind]:
    """Makes each kind when it is first asked for: a cold start pays for what its first request needs."""

    def totp() -> Kind:
        from .totp import Totp

        return Totp(around.factors, around.seals, around.ids, around.org_name)

    def webauthn() -> Kind:
        from .webauthn import Webauthn

        return Webauthn(around.factors, around.challenges, around.ids, around.party, around.keys, around.org_name)

    def email() -> Kind:
        from .email import EmailCodes

        return EmailCodes(
            factors=around.factors,
            challenges=around.challenges,
            outbox=around.outbox,
            letters=around.letters,
            pace=around.code_pace,
            lifetime=around.code_lifetime,
            ids=around.ids,
        )

    def question() -> Kind:
        from .questions import Questions

        return Questions(around.hashes())

    makers: dict[FactorKind, Callable[[], Kind]] = {
        "totp": totp,
        "webauthn": webauthn,
        "email": email,
        "question": question,
    }
    return cache(lambda kind: makers[kind]())
