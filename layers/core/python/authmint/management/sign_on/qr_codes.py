"""``…/factors/{factorId}/qr/{token}``: the picture that an app scans, for whoever has the link.

The link is random, of one factor, and dead after ten minutes or once the factor is activated.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from ...clock import Clock
from ...factors.answers import unpadded
from ...factors.refusals import NotActive
from ...factors.user_factors import UserFactors
from ...http import Request, Response
from ...ids import Ids
from ...storage.errors import NotFound
from ...storage.factor_challenges import FactorChallenge, FactorChallenges
from ...storage.factors import Factor
from ...storage.users import Users
from ..http.call import Call
from ..http.errors import ApiError
from .factor_view import factor_href

_PATH: Final = re.compile(r"/api/v1/users/(00[\w-]{1,60})/factors/(\w{1,64})/qr/([\w-]{43})")
#: Seconds.
_LIFETIME: Final = 600


@dataclass(frozen=True)
class QrCodes:
    """Makes links, and draws what they lead to."""

    factors: UserFactors
    challenges: FactorChallenges
    users: Users
    clock: Clock
    ids: Ids

    def link(self, factor: Factor, call: Call) -> str:
        """A new link to the picture of a pending factor."""
        token = self.ids.opaque(32)
        self.challenges.add(
            FactorChallenge(
                digest=_digest(token),
                purpose="picture",
                binding="",
                created_at=call.now,
                expires_at=call.now + _LIFETIME,
                user_id=factor.user_id,
                factor_id=factor.id,
            )
        )
        return f"{factor_href(factor, call)}/qr/{token}"

    def answer(self, request: Request) -> Response | None:
        """The picture; ``None``: the request is for something else. Raises ApiError (E0000008)."""
        match = _PATH.fullmatch(request.path)
        if match is None or request.method != "GET":
            return None
        user_id, factor_id, token = match.groups()
        now = self.clock.now()
        try:
            asked = self.challenges.get(_digest(token))
            is_of_factor = (asked.purpose, asked.user_id, asked.factor_id) == ("picture", user_id, factor_id)
            if asked.expires_at <= now or not is_of_factor:
                raise NotFound("picture")
            user = self.users.get(user_id)
            shown = self.factors.shown(user, self.factors.get(user, factor_id), now=now, request=request)
        except (NotFound, NotActive):
            raise ApiError("E0000008") from None
        from ...factors.qr_codes import png

        return Response(200, png(shown.uri), (("content-type", "image/png"),))


def _digest(token: str) -> str:
    return unpadded(hashlib.sha256(f"picture {token}".encode()).digest())
