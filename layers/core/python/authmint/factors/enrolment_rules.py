"""Which factors people may have: what policies of enrolment decide."""

from collections.abc import Mapping
from typing import Final, Literal, Protocol

from ..http import Request
from ..storage.factors import FactorKind
from ..storage.users import User

Wish = Literal["REQUIRED", "OPTIONAL"]
_ALL: Final[Mapping[FactorKind, Wish]] = {
    "totp": "OPTIONAL",
    "webauthn": "OPTIONAL",
    "email": "OPTIONAL",
    "question": "OPTIONAL",
}


class EnrolmentRules(Protocol):
    """Decides for a user."""

    def of(self, user: User, request: Request | None = None, /) -> Mapping[FactorKind, Wish]:
        """The kinds that the user may have; the others are not allowed.

        Args:
            user: Who.
            request: From where it is asked; ``None``: that is not known here.

        Raises:
            Unavailable: Storage could not answer.
        """


class EverythingOptional:
    """``EnrolmentRules`` where no policy says anything."""

    def of(self, _user: User, _request: Request | None = None) -> Mapping[FactorKind, Wish]:
        return _ALL
