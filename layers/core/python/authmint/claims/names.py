"""Names of claims that mean something already, and the system claim ``sub``."""

from typing import Final

#: The value of the system claim ``sub`` (docs/protocol.md §11.5): user name, or client id without a user.
SUBJECT: Final = "(appuser != null) ? appuser.userName : app.clientId"

#: Names that the protocol itself gives (docs/protocol.md §11.2, docs/protocol.md §25.3). ``groups`` and ``scope``
#: may be made. An access token's ``sub`` comes from the system claim and from no other.
RESERVED: Final = {
    "RESOURCE": frozenset(
        [
            "acr",
            "act",
            "as_uri",
            "aud",
            "auth_time",
            "authorization_details",
            "cid",
            "cnf",
            "exp",
            "iat",
            "iss",
            "jti",
            "nbf",
            "rpt",
            "rsi",
            "scp",
            "sid",
            "sub",
            "token_type",
            "uid",
            "username",
            "ver",
        ]
    ),
    "IDENTITY": frozenset(
        [
            "acr",
            "amr",
            "at_hash",
            "aud",
            "auth_time",
            "azp",
            "c_hash",
            "exp",
            "iat",
            "idp",
            "iss",
            "jti",
            "nbf",
            "nonce",
            "sid",
            "sub",
            "token_type",
            "ver",
        ]
    ),
}

#: Names that no new claim of an access token can have; those that are stay, where the server gives the name no meaning
#: of its own: ``status`` in tokens that are in a status list.
TAKEN_SINCE: Final = frozenset({"status"})
