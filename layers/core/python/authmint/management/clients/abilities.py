"""What a deployment can do for clients, beyond what every deployment can."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Abilities:
    """What clients may ask for.

    Attributes:
        signs_answers: Userinfo and introspection sign what they say (the parameter ``SignedAnswers``).
        mutual_tls: There is a domain where clients show certificates (the parameter ``MtlsDomainName``).
    """

    signs_answers: bool = False
    mutual_tls: bool = False


PLAIN = Abilities()
