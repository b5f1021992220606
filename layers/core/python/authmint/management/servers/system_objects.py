"""What every server is born with (docs/protocol.md §8.1, §11.5)."""

from typing import Final

from ...claims.names import SUBJECT
from ...ids import Ids
from ...storage.servers import Claim, Scope

#: name, displayName, description; in the order of lists.
SYSTEM_SCOPES: Final = (
    ("openid", "openid", "Signals that a request is an OpenID request."),
    (
        "profile",
        "View your profile information.",
        "The exact data varies based on what profile information you have provided, such as: name, time zone, "
        "picture, or birthday.",
    ),
    ("email", "View your email address.", "This allows the app to view your email address."),
    (
        "address",
        "View your address.",
        "This allows the app to view your address, such as: street address, city, state, and zip code.",
    ),
    ("phone", "View your phone number.", "This allows the app to view your phone number."),
    (
        "offline_access",
        "Keep you signed in to the app.",
        "This keeps you signed in to the app, even when you are not using it.",
    ),
    (
        "device_sso",
        "Request device secret.",
        "This allows you to single sign on between native client applications on your device.",
    ),
)
#: Built in elsewhere, reserved here.
RESERVED_SCOPES: Final = frozenset({"online_access", "interclient_access"})

#: name, the scope that asks for it; in the order of creation.
IDENTITY_CLAIMS: Final = (
    ("address", "address"),
    ("birthdate", "profile"),
    ("email", "email"),
    ("email_verified", "email"),
    ("family_name", "profile"),
    ("gender", "profile"),
    ("given_name", "profile"),
    ("locale", "profile"),
    ("middle_name", "profile"),
    ("name", "profile"),
    ("nickname", "profile"),
    ("phone_number", "phone"),
    ("picture", "profile"),
    ("preferred_username", "profile"),
    ("profile", "profile"),
    ("updated_at", "profile"),
    ("website", "profile"),
    ("zoneinfo", "profile"),
)
_ALWAYS: Final = frozenset({"email", "name", "preferred_username"})


def system_scopes(ids: Ids) -> tuple[Scope, ...]:
    """The seven scopes of OpenID Connect."""
    return tuple(
        Scope(ids.object_id("scp"), name, display, description, metadata_publish="ALL_CLIENTS", system=True)
        for name, display, description in SYSTEM_SCOPES
    )


def system_claims(ids: Ids) -> tuple[Claim, ...]:
    """``sub`` of access tokens and the eighteen claims of ID tokens."""
    subject = Claim(ids.object_id("ocl"), "sub", "RESOURCE", "EXPRESSION", SUBJECT, system=True)
    return (
        subject,
        *(
            Claim(
                ids.object_id("ocl"),
                name,
                "IDENTITY",
                "SYSTEM",
                scopes=(scope,),
                always_include=name in _ALWAYS,
                system=True,
            )
            for name, scope in IDENTITY_CLAIMS
        ),
    )
