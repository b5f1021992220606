"""A second door of the local stack, where clients may show certificates (RFC 8705): as API Gateway's domain has it."""

import ipaddress
import ssl
import time
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from uvicorn.protocols.http.h11_impl import H11Protocol

#: Certificates (PEM) of those that are connected, by their addresses.
Shown = MutableMapping[tuple[str, int], str]
_VALID: Final = timedelta(days=30)


@dataclass(frozen=True)
class MutualTls:
    """How the door is opened.

    Attributes:
        port: Where it is; 0: a free one.
        authorities: PEM file of whoever may have signed clients' certificates.
    """

    port: int
    authorities: Path


def protocol(shown: Shown) -> type[H11Protocol]:
    """HTTP over TLS that notes what clients show."""

    class Noting(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            der = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
            if der and self.client is not None:
                shown[self.client] = ssl.DER_cert_to_PEM_cert(der)

        def connection_lost(self, exc: Exception | None) -> None:
            if self.client is not None:
                shown.pop(self.client, None)
            super().connection_lost(exc)

    return Noting


def client_cert(pem: str) -> Mapping[str, Any]:
    """``clientCert`` of API Gateway's events."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    return {
        "clientCertPem": pem,
        "subjectDN": certificate.subject.rfc4514_string(),
        "issuerDN": certificate.issuer.rfc4514_string(),
        "serialNumber": str(certificate.serial_number),
        "validity": {
            "notBefore": f"{certificate.not_valid_before_utc:%b %e %H:%M:%S %Y} GMT",
            "notAfter": f"{certificate.not_valid_after_utc:%b %e %H:%M:%S %Y} GMT",
        },
    }


def own_certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for this machine and its key, which clients have to be told to trust: PEM files, made anew."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=authmint dev")
    now = datetime.fromtimestamp(time.time(), UTC)
    hosts = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    directory.mkdir(parents=True, exist_ok=True)
    chain, private = directory / "mtls-server.pem", directory / "mtls-server.key"
    private.touch(mode=0o600)
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    return chain, private
