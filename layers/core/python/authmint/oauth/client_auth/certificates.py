"""Certificates of clients (RFC 8705, docs/protocol.md §47): who a client is, and what its tokens are bound to.

Whoever ended the TLS connection checked that the client has the certificate's key and that somebody whom the
operator trusts signed it. Who it is, is decided here.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ...http import Request
from ...jose.encoding import b64encode
from ...jose.keys import public_key
from ...storage.clients import CertificateName, Client
from ..errors import OAuthError

#: Member of ``cnf`` that names a certificate (RFC 8705 §3.1).
THUMBPRINT: Final = "x5t#S256"
_SMALLEST_RSA: Final = 2_048
_REFUSAL: Final = "client_certificate_invalid"
#: Types of names that have no short form in RFC 4514, and that banks' certificates have.
_TYPES: Final = {
    "E": NameOID.EMAIL_ADDRESS,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "ORGANIZATIONIDENTIFIER": NameOID.ORGANIZATION_IDENTIFIER,
    "GN": NameOID.GIVEN_NAME,
    "SN": NameOID.SURNAME,
}
_SPELLINGS: Final = {name: name for name in ("CN", "L", "ST", "O", "OU", "C", "STREET", "DC", "UID", *_TYPES)}
_SPACED: Final = re.compile(r"(?<!\\), +")
_TYPE: Final = re.compile(r"(^|(?<!\\)[,+])([A-Za-z]+)=")
#: What reading a certificate can come to.
_MALFORMED: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def bound_certificate(request: Request, client: Client) -> str | None:
    """Thumbprint of the certificate that a client's tokens are to be bound to; ``None``: they are to be bound to none.

    Raises:
        OAuthError: They are, and the request came without, or with one that is no good.
    """
    if not client.certificate_bound:
        return None
    if not request.client_certificate:
        raise OAuthError("client_certificate_required")
    return thumbprint(request.client_certificate)


def thumbprint(pem: str) -> str:
    """``x5t#S256`` of a certificate (RFC 8705 §3.1). Raises OAuthError: it is none."""
    return b64encode(hashlib.sha256(_read(pem).public_bytes(Encoding.DER)).digest())


class Certificates:
    """Checks that a certificate is a client's.

    Args:
        keys: Public keys (JWKs) of a client, now (Unix seconds).
    """

    def __init__(self, keys: Callable[[Client, int], Sequence[Mapping[str, Any]]]) -> None:
        self._keys = keys

    def check(self, pem: str, client: Client, *, now: int) -> None:
        """Whether the certificate that a request came with is this client's, by the client's method.

        Raises:
            OAuthError: ``invalid_client``: there is none, it is another's, or it is no good any more.
        """
        if not pem:
            raise OAuthError(_REFUSAL, reason="the request came without a certificate")
        certificate = _read(pem)
        if not certificate.not_valid_before_utc.timestamp() <= now < certificate.not_valid_after_utc.timestamp():
            raise OAuthError(_REFUSAL, reason="expired, or not valid yet")
        if f"{certificate.serial_number:x}" in client.blocked_serials:
            raise OAuthError(_REFUSAL, reason="its serial number is blocked")
        if client.auth_method == "self_signed_tls_client_auth":
            self._check_key(certificate, client, now)
        elif client.certificate_name is None or not _is_named(certificate, client.certificate_name):
            raise OAuthError(_REFUSAL, reason="of another name")

    def _check_key(self, certificate: x509.Certificate, client: Client, now: int) -> None:
        """A client that has no authority behind it is known by its keys, whatever else a certificate says."""
        key = certificate.public_key()
        if not any(_same(jwk, key) for jwk in self._keys(client, now)):
            raise OAuthError(_REFUSAL, reason="of no key of the client")


def _same(jwk: Mapping[str, Any], key: Any) -> bool:
    try:
        return bool(public_key(jwk) == key)
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _read(pem: str) -> x509.Certificate:
    """A certificate, with a key that is long enough, for clients. Raises OAuthError."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.replace("\\n", "\n").encode("ascii", "replace"))
        key = certificate.public_key()
        extensions = certificate.extensions
    except _MALFORMED as error:
        raise OAuthError(_REFUSAL, reason=f"no certificate: {type(error).__name__}") from None
    if isinstance(key, RSAPublicKey) and key.key_size < _SMALLEST_RSA:
        raise OAuthError(_REFUSAL, reason="its RSA key is too short")
    try:
        usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return certificate
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in usage:
        raise OAuthError(_REFUSAL, reason="not for clients (extended key usage)")
    return certificate


def is_certificate_name(name: CertificateName) -> bool:
    """Whether a certificate can be named so."""
    if name.kind == "subject_dn":
        return bool(_distinguished(name.value))
    if name.kind == "san_ip":
        return _address(name.value) is not None
    return bool(name.value) and name.value.isascii() and name.value.isprintable() and " " not in name.value


def _is_named(certificate: x509.Certificate, name: CertificateName) -> bool:
    if name.kind == "subject_dn":
        wanted = _distinguished(name.value)
        return bool(wanted) and wanted == _parts(certificate.subject)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    found: Sequence[Any]
    if name.kind == "san_dns":
        found = [one.lower() for one in names.get_values_for_type(x509.DNSName)]
        return name.value.lower() in found
    if name.kind == "san_ip":
        return _address(name.value) in names.get_values_for_type(x509.IPAddress)
    if name.kind == "san_uri":
        return name.value in names.get_values_for_type(x509.UniformResourceIdentifier)
    return _mailbox(name.value) in [_mailbox(one) for one in names.get_values_for_type(x509.RFC822Name)]


def _mailbox(address: str) -> tuple[str, str]:
    """An address as it is compared: whose it is to the letter, where it is not."""
    local, _, host = address.rpartition("@")
    return local, host.lower()


def _address(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _distinguished(text: str) -> list[frozenset[tuple[str, str]]]:
    """A distinguished name as it is compared (RFC 4514); empty: it is none.

    Types are in any case, and after a comma there may be spaces, as many programs print them.
    """
    text = _SPACED.sub(",", text)
    text = _TYPE.sub(lambda found: found[1] + _SPELLINGS.get(found[2].upper(), found[2]) + "=", text)
    try:
        return _parts(x509.Name.from_rfc4514_string(text, _TYPES))
    except ValueError:
        return []


def _parts(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """Types by OID, values without regard to case and to how many spaces there are (RFC 4517 §4.2.11)."""
    return [
        frozenset((one.oid.dotted_string, " ".join(str(one.value).casefold().split())) for one in part)
        for part in name.rdns
    ]
