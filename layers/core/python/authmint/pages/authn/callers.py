"""Programs that sign other people on: whom they call for is believed of those that may manage users.

What a program says by ``X-Forwarded-For``, ``context.deviceToken`` and ``X-Device-Fingerprint`` is anybody's word
else: it is not looked at.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...api_errors import ApiError
from ...http import Request
from ...jose.encoding import b64encode
from ...storage.sign_on_transactions import ToldDevice
from ..visit import Visit

_LONGEST_TOKEN: Final = 32
_LONGEST_FINGERPRINT: Final = 1_000
#: What is said of who calls us says nothing of whom that is calling for.
_OF_THE_EDGE: Final = "cloudfront-"


@dataclass(frozen=True)
class TrustedCallers:
    """Knows these programs.

    Attributes:
        vouches: Whether the credential of a request is of an administrator, or of a service that may manage users.
        address: Whom such a program calls for.
        blocked: Whether nobody is let in from where a request comes.
    """

    vouches: Callable[[Request], bool]
    address: Callable[[Request], str]
    blocked: Callable[[Request], bool]

    def visit(self, visit: Visit) -> Visit:
        """The visit of whom the program calls for.

        Raises:
            ApiError: E0000006: nobody is let in from there.
            Unavailable: Storage could not answer.
        """
        request = visit.request
        if request.header("authorization") is None or not self.vouches(request):
            return visit
        address = self.address(request)
        if address != request.source_ip:
            headers = {name: value for name, value in request.headers.items() if not _is_of_the_way(name)}
            request = replace(request, source_ip=address, headers=headers)
            if self.blocked(request):
                raise ApiError("E0000006")
        return replace(visit, request=request, vouched=True)


def told_device(visit: Visit, members: Mapping[str, Any]) -> ToldDevice | None:
    """The device that a trusted program names; ``None``: it names none, or is none."""
    if not visit.vouched:
        return None
    context = members.get("context")
    token = context.get("deviceToken") if isinstance(context, dict) else None
    if isinstance(token, str) and 0 < len(token) <= _LONGEST_TOKEN:
        return ToldDevice(_mark("device token", token), lasting=True)
    fingerprint = visit.request.header("x-device-fingerprint")
    if fingerprint and len(fingerprint) <= _LONGEST_FINGERPRINT:
        return ToldDevice(_mark("device fingerprint", fingerprint))
    return None


def _is_of_the_way(name: str) -> bool:
    return name == "x-forwarded-for" or name.startswith(_OF_THE_EDGE)


def _mark(kind: str, told: str) -> str:
    """No cookie's digest can be the same."""
    return b64encode(hashlib.sha256(f"{kind}\n{told}".encode("utf-8", "surrogatepass")).digest())
