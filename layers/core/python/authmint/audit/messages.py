"""``displayMessage`` of events (docs/protocol.md §21)."""

from typing import Final

MESSAGES: Final = {
    "app.oauth2.admin.consent.grant": "Grant an OAuth scope to an app",
    "app.oauth2.admin.consent.revoke": "Revoke an OAuth scope of an app",
    "app.oauth2.as.authorize": "OAuth authorization request",
    "app.oauth2.as.authorize.code": "OAuth authorization code is granted",
    "app.oauth2.as.authorize.implicit.access_token": "OAuth access token is granted to a browser",
    "app.oauth2.as.authorize.implicit.id_token": "OpenID Connect ID token is granted to a browser",
    "app.oauth2.as.evaluate.claim": "OAuth claim is evaluated",
    "app.oauth2.as.key.rollover": "Signing key of an authorization server is rolled over",
    "app.oauth2.as.token.detect_reuse": "Reuse of a refresh token is detected",
    "app.oauth2.as.token.grant": "OAuth token request",
    "app.oauth2.as.token.grant.access_token": "OAuth access token is granted",
    "app.oauth2.as.token.grant.id_token": "OpenID Connect ID token is granted",
    "app.oauth2.as.token.grant.refresh_token": "OAuth refresh token is granted",
    "app.oauth2.as.token.revoke": "OAuth token is revoked",
    "app.oauth2.authorize": "OAuth authorization request",
    "app.oauth2.authorize.code": "OAuth authorization code is granted",
    "app.oauth2.authorize.implicit.access_token": "OAuth access token is granted to a browser",
    "app.oauth2.authorize.implicit.id_token": "OpenID Connect ID token is granted to a browser",
    "app.oauth2.as.backchannel.decide": "User decides about an authentication request without a browser",
    "app.oauth2.as.backchannel.request": "OAuth authentication request without a browser",
    "app.oauth2.backchannel.decide": "User decides about an authentication request without a browser",
    "app.oauth2.backchannel.request": "OAuth authentication request without a browser",
    "app.oauth2.as.consent.grant": "User grants consent to an app",
    "policy.evaluate_sign_on": "Evaluation of sign-on policies",
    "system.api_token.create": "Create API token",
    "system.api_token.revoke": "Revoke API token",
    "user.session.start": "User login",
}


def message_of(event_type: str) -> str:
    """What an event of a type says; types without a text of their own are read out."""
    return MESSAGES.get(event_type) or event_type.replace("_", " ").replace(".", " ").capitalize()
