"""What authorization requests can ask for: the lists that the endpoint checks against and that discovery shows."""

from typing import Final, Literal

ResponseMode = Literal["query", "fragment", "form_post", "okta_post_message"]

#: In any order of their words (OAuth 2.0 Multiple Response Type Encoding Practices §3).
RESPONSE_TYPES: Final = (
    "code",
    "token",
    "id_token",
    "code id_token",
    "code token",
    "id_token token",
    "code id_token token",
)
RESPONSE_MODES: Final[tuple[ResponseMode, ...]] = ("query", "fragment", "form_post", "okta_post_message")
#: ``plain`` protects nobody whose request can be read (RFC 9700 §2.1.1).
CHALLENGE_METHODS: Final = ("S256",)
PROMPTS: Final = ("none", "login", "consent")
#: What is given to the browser itself. Query strings end up in logs and referrers.
FRONT_CHANNEL: Final = frozenset({"token", "id_token"})

#: ``acr_values`` that are known (runtime contract §3.1), and what a password attains of them.
ASSURANCE: Final[dict[str, str | None]] = {
    "urn:okta:loa:1fa:any": "urn:okta:loa:1fa:any",
    "urn:okta:loa:1fa:pwd": "urn:okta:loa:1fa:pwd",
    "urn:okta:loa:2fa:any:ifpossible": "urn:okta:loa:1fa:any",
    "urn:okta:loa:2fa:any": None,
    "phr": None,
    "phrh": None,
}

#: Parameters that mean something here; a repeated one is named in the error.
PARAMETERS: Final = frozenset(
    [
        "acr_values",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "display",
        "id_token_hint",
        "idp",
        "login_hint",
        "max_age",
        "nonce",
        "prompt",
        "redirect_uri",
        "request",
        "request_uri",
        "resource",
        "response_mode",
        "response_type",
        "scope",
        "sessionToken",
        "state",
    ]
)
