"""Answers to what a factor asks."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .refusals import WrongAnswer


@dataclass(frozen=True)
class Passcode:
    """A code, or the answer to a question, as it was typed."""

    text: str = field(repr=False)

    @property
    def digits(self) -> str:
        """Of a code of digits, without the spaces that apps show. Empty: it is none."""
        typed = "".join(self.text.split())
        return typed if typed.isascii() and typed.isdigit() else ""


@dataclass(frozen=True)
class RegistrationAnswer:
    """What ``navigator.credentials.create`` gave (WebAuthn §5.2.1).

    Attributes:
        transports: How the authenticator is reached, as far as the browser knows.
        extensions: Results of extensions.
    """

    client_data: bytes
    attestation: bytes
    transports: tuple[str, ...] = ()
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AssertionAnswer:
    """What ``navigator.credentials.get`` gave (WebAuthn §5.2.2).

    Attributes:
        credential_id: base64url; ``None``: the caller's API does not say it.
        user_handle: base64url; ``None``: the authenticator keeps none.
    """

    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    credential_id: str | None = None
    user_handle: str | None = None


Answer = Passcode | RegistrationAnswer | AssertionAnswer


def binary(text: str) -> bytes:
    """What base64 stands for, of either alphabet, with its padding or without: clients send all of them.

    Raises:
        WrongAnswer: It is no base64.
    """
    plain = text.strip().rstrip("=").translate(str.maketrans("+/", "-_"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise WrongAnswer("no base64") from None


def unpadded(value: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
