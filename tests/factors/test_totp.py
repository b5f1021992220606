"""Codes of authenticator apps (RFC 6238)."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from authmint.factors import qr_codes
from authmint.factors.totp import code_at, otpauth_uri, steps_of

RFC = b"12345678901234567890"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_of_the_rfc(at: int, code: str) -> None:
    """RFC 6238 appendix B, SHA-1, cut to six digits."""
    assert code_at(RFC, at // 30) == code


def test_codes_of_the_step_before_and_after_are_right_too_and_of_no_other() -> None:
    now = 1_111_111_111
    step = now // 30

    fitting = {found for n in range(step - 3, step + 4) for found in steps_of(RFC, code_at(RFC, n), now)}

    assert fitting == {step - 1, step, step + 1}


def test_there_is_no_step_before_the_first() -> None:
    assert steps_of(RFC, code_at(RFC, 0), 3) == [0]


def test_the_uri_names_org_and_user() -> None:
    uri = otpauth_uri("ABCD", issuer="A & Ö: Co", account="ann+x@example.com")

    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/A & Ö: Co:ann+x@example.com"
    assert "%20" in parts.query
    assert parse_qs(parts.query) == {
        "secret": ["ABCD"],
        "issuer": ["A & Ö: Co"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


def test_a_qr_code_is_a_picture_or_a_part_of_a_page() -> None:
    uri = otpauth_uri("A" * 32, issuer="x" * 60, account="y" * 60 + "@example.com")

    assert qr_codes.png(uri).startswith(b"\x89PNG\r\n\x1a\n")
    drawn = qr_codes.svg(uri)
    assert drawn.startswith("<svg ")
    assert "viewBox" in drawn
    assert "script" not in drawn
