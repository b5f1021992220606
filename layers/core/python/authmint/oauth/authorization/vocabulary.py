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
#: Modes by which an answer comes in one signed JWT, and how that travels; ``None``: as the response type has it.
SIGNED_MODES: Final[dict[str, ResponseMode | None]] = {
    "jwt": None,
    "query.jwt": "query",
    "fragment.jwt": "fragment",
    "form_post.jwt": "form_post",
}
ALL_MODES: Final = (*RESPONSE_MODES, *SIGNED_MODES)
#: ``plain`` protects nobody whose request can be read (RFC 9700 §2.1.1).
CHALLENGE_METHODS: Final = ("S256",)
PROMPTS: Final = ("none", "login", "consent")
#: The prompt of a request that has its user set up factors, and its response type (docs/protocol.md §4.15).
ENROLLING: Final = "enroll_authenticator"
NOTHING_ISSUED: Final = "none"
#: What is given to the browser itself. Query strings end up in logs and referrers.
FRONT_CHANNEL: Final = frozenset({"token", "id_token"})

#: What an authorization response may carry (RFC 6749 §4.1.2, §4.2.2, RFC 9207 §2, OpenID Connect Core §3.3.2.5, JARM).
#: No redirect URI may have them in a query of its own: the client would read two of them.
RESPONSE_PARAMETERS: Final = frozenset(
    {
        "access_token",
        "code",
        "error",
        "error_description",
        "error_uri",
        "expires_in",
        "id_token",
        "iss",
        "response",
        "scope",
        "state",
        "token_type",
    }
)

#: The thumbprint of the key that a code is bound to (RFC 9449 §10).
DPOP_JKT: Final = "dpop_jkt"

#: What a token may do, told in detail (RFC 9396): not built, and refused wherever it comes.
AUTHORIZATION_DETAILS: Final = "authorization_details"

#: Parameters that mean something here; a repeated one is named in the error.
PARAMETERS: Final = frozenset(
    [
        "acr_values",
        AUTHORIZATION_DETAILS,
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "display",
        "enroll_amr_values",
        DPOP_JKT,
        "id_token_hint",
        "idp",
        "idp_scope",
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
