"""An authority, and certificates of clients that it signed."""

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

DAY = timedelta(days=1)
NAME = "CN=tpp,O=Bank,C=DE"


class Issued:
    """A certificate and its key."""

    def __init__(self, certificate: x509.Certificate, key: Any) -> None:
        self.certificate = certificate
        self.key = key
        self.pem = certificate.public_bytes(Encoding.PEM).decode()
        self.key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def serial(self) -> str:
        return f"{self.certificate.serial_number:x}"


class Authority:
    """Signs what it is asked to sign. ``now``: Unix seconds."""

    def __init__(self, now: int, name: str = "CN=authority") -> None:
        self._now = datetime.fromtimestamp(now, UTC)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name.from_rfc4514_string(name)
        self.own = self._signed(self._name, self._key, is_authority=True)

    def client(self, name: str = NAME, *, key: Any = None, **how: Any) -> Issued:
        return self._signed(x509.Name.from_rfc4514_string(name), key or ec.generate_private_key(ec.SECP256R1()), **how)

    def _signed(
        self,
        subject: x509.Name,
        key: Any,
        *,
        is_authority: bool = False,
        alternatives: tuple[x509.GeneralName, ...] = (),
        usage: tuple[x509.ObjectIdentifier, ...] = (),
        ends: timedelta = DAY,
        begins: timedelta = -DAY,
        itself: bool = False,
    ) -> Issued:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if itself else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._at(begins))
            .not_valid_after(self._at(ends))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        return Issued(builder.sign(key if itself else self._key, SHA256()), key)

    def _at(self, distance: timedelta) -> datetime:
        return self._now + distance


def address(text: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_address(text))


def short_key() -> Any:
    return rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - that it is refused is what the test is about


FOR_SERVERS = (ExtendedKeyUsageOID.SERVER_AUTH,)
FOR_CLIENTS = (ExtendedKeyUsageOID.CLIENT_AUTH,)
