"""What is in the way of a server's security profile (docs/protocol.md §30)."""

from typing import Final

from ...jose.keys import SigningAlgorithm
from ...oauth.security_profile import is_this_machine, profile_named, proof_algorithms
from ...storage.servers import AuthorizationServer
from ..http.errors import invalid

_TAKEN: Final = "PS256, ES256 and EdDSA"


def check_profile(server: AuthorizationServer, base_url: str) -> None:
    """Refuse a server that could not do what its profile asks, with everything that is in the way.

    Clients are not looked at: those that do less than it asks are refused when they come.

    Raises:
        ApiError: E0000001.
    """
    profile = profile_named(server.security_profile)
    if not profile.strict:
        return
    found = [
        f"profile: The {'next' if key.status == 'NEXT' else 'signing'} key {key.kid} is for {key.algorithm}, and the "
        f"profile takes {_TAKEN}. Set 'credentials.signing.alg' of the server first."
        for key in server.keys
        if key.status != "EXPIRED" and not profile.algorithms((key.algorithm,))
    ]
    if not base_url.startswith("https://") and not is_this_machine(base_url):
        found.append("profile: The server is not reached by https.")
    if not proof_algorithms(server):
        found.append(f"dpop.algorithms: The profile takes {_TAKEN}, and none of them is here.")
    if not server.registration.is_off:
        found.append(
            "clientRegistration: The profile is for registered clients alone: set both of its switches to OFF."
        )
    if found:
        raise invalid(found[0].partition(":")[0], *found)


def check_algorithm(server: AuthorizationServer, algorithm: SigningAlgorithm) -> None:
    """Refuse to have a server sign as its profile does not. Raises ApiError (E0000001)."""
    if not profile_named(server.security_profile).algorithms((algorithm,)):
        name = "credentials.signing.alg"
        raise invalid(name, f"{name}: The security profile of the server takes {_TAKEN}.")
