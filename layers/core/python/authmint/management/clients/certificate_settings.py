"""What a client says of its certificates, in both views of it (RFC 8705 §2.1.2, §3.4, docs/protocol.md §47)."""

import re
from dataclasses import replace
from typing import Any, Final, get_args

from ...oauth.client_auth.methods import TLS_METHODS
from ...storage.clients import CertificateName, Client
from ..http.fields import Fields

_BOUND: Final = "tls_client_certificate_bound_access_tokens"
_BLOCKED: Final = "tls_client_auth_blocked_serials"
#: Members that name a certificate, by what they name it by.
NAMES: Final = {f"tls_client_auth_{kind}": kind for kind in get_args(CertificateName.__annotations__["kind"])}
_LONGEST: Final = 1_024
_MOST_BLOCKED: Final = 100
_SERIAL: Final = re.compile(r"[0-9a-f]{1,40}", re.ASCII)


def read_certificates(client: Client, settings: Fields) -> Client:
    """The client with what a body says: what it leaves out is gone."""
    names = [
        CertificateName(kind, value)
        for member, kind in NAMES.items()
        if (value := settings.text(member, longest=_LONGEST))
    ]
    if len(names) > 1:
        settings.problem(next(iter(NAMES)), "A certificate is known by one name.")
    serials = settings.texts(_BLOCKED, most=_MOST_BLOCKED) or ()
    return replace(
        client,
        certificate_name=names[0] if names else None,
        certificate_bound=settings.flag(_BOUND, default=False),
        blocked_serials=tuple(serial.lower().replace(":", "").lstrip("0") or "0" for serial in serials),
    )


def check_certificates(client: Client, settings: Fields, credentials: Fields, *, able: bool) -> None:
    """Note what is in the way. ``able``: this deployment has a domain where clients show certificates."""
    by_certificate = client.auth_method in TLS_METHODS
    if by_certificate and not able:
        credentials.problem("token_endpoint_auth_method", "needs a deployment with the parameter 'MtlsDomainName'.")
    if client.certificate_bound and not able:
        settings.problem(_BOUND, "needs a deployment with the parameter 'MtlsDomainName'.")
    if (client.auth_method == "tls_client_auth") != (client.certificate_name is not None):
        settings.problem(
            next(iter(NAMES)), "'tls_client_auth' needs the one name of the certificate; nothing else has one."
        )
    if client.certificate_name is not None and not _is_name(client.certificate_name):
        settings.problem(f"tls_client_auth_{client.certificate_name.kind}", "is no such name.")
    if client.auth_method == "self_signed_tls_client_auth" and not (client.keys or client.jwks_uri):
        settings.problem("jwks", "'self_signed_tls_client_auth' needs keys of the client: 'jwks' or 'jwks_uri'.")
    if not all(_SERIAL.fullmatch(serial) for serial in client.blocked_serials):
        settings.problem(_BLOCKED, "are serial numbers of certificates, hexadecimal.")
    if client.blocked_serials and not by_certificate:
        settings.problem(_BLOCKED, "are for clients that authenticate by certificate.")


def _is_name(name: CertificateName) -> bool:
    from ...oauth.client_auth.certificates import is_certificate_name  # few clients have one

    return is_certificate_name(name)


def shown_certificates(client: Client) -> dict[str, Any]:
    """The members that say something."""
    name = client.certificate_name
    shown: dict[str, Any] = {} if name is None else {f"tls_client_auth_{name.kind}": name.value}
    if client.certificate_bound:
        shown[_BOUND] = True
    if client.blocked_serials:
        shown[_BLOCKED] = list(client.blocked_serials)
    return shown
