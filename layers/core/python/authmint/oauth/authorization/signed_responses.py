"""Signed answers (JWT Secured Authorization Response Mode, docs/protocol.md §4.14)."""

from collections.abc import Mapping
from typing import Final

from ...tokens.signer import Signer

#: Seconds (JARM §2.1: ten minutes are recommended as the most).
LIFETIME: Final = 600


def signed(answer: Mapping[str, str], client_id: str, signer: Signer, *, now: int) -> str:
    """The parameters of an answer, ``iss`` among them, as one JWT for the client.

    It has no ``jti`` and no ``sub``, so that nobody takes it for a token.

    Raises:
        TokenTooLarge: Nobody could read it.
    """
    return signer.sign({"aud": client_id, "iat": now, "exp": now + LIFETIME, **answer})
