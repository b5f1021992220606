"""Errors of the protocol endpoints (docs/protocol.md §20.1): one class, one catalogue.

The internal id says exactly what happened; it goes to the log as ``outcome.reason``. Code and text go to the client.
"""

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from ..http import Pairs, Response

if TYPE_CHECKING:
    from ..rate_limit import Allowance

#: internal id: (status, error, error_description). ``{0}`` is filled in.
CATALOGUE: Final[dict[str, tuple[int, str, str]]] = {
    "access_denied": (403, "access_denied", "The resource owner or authorization server denied the request."),
    "openid_scope_required_access_token": (403, "access_denied", "Requests for ID tokens or access tokens with OpenID scopes require the 'openid' scope."),
    "no_matching_social_user": (403, "access_denied", "Could not match social profile to an Okta user."),
    "social_login_canceled": (403, "access_denied", "User canceled the social login request."),
    "social_transaction_expired": (403, "access_denied", "Social transaction expired."),
    "user_not_assigned": (400, "access_denied", "User is not assigned to the client application."),
    "associated_server_not_trusted": (403, "access_denied", "The 'subject_token' issuer isn't a trusted authorization server."),
    "scope_denied": (400, "access_denied", "Some of the requested scopes were denied by the policy. Denied scopes: [{0}]."),
    "refresh_scopes_denied": (400, "access_denied", "Some of the scopes requested for the refresh request were not granted in the original authorize request. Denied scopes: {0}."),
    "no_scope_allowed": (400, "access_denied", "Policy evaluation succeeded, but all the requested scopes were rejected."),
    "device_denied": (400, "access_denied", "The resource owner or authorization server denied the request."),
    "ciba_denied": (400, "access_denied", "The resource owner or authorization server denied the request."),
    "ciba_feature_not_supported": (400, "access_denied", "The Client-Initiated Backchannel Authentication flow currently only supports web applications."),
    "no_matching_policy": (401, "access_denied", "Policy evaluation failed for this request, please check the policy configurations."),
    "consent_required_client_credentials": (400, "consent_required", "The following scopes require user consent and cannot be granted for the client credentials grant type: [{0}]."),
    "consent_required": (400, "consent_required", "The following scopes require user consent: [{0}]."),
    "no_org_scopes_granted": (400, "consent_required", "You are not allowed any of the requested scopes."),
    "id_token_does_not_match_session": (400, "id_token_does_not_match_session", "The ID token subject does not match the current session's user."),
    "unsupported_auth_method_client_creds": (401, "invalid_client", "Client Credentials requests to the Org Authorization Server must use the private_key_jwt token_endpoint_auth_method."),
    "invalid_application_type_client_credentials": (401, "invalid_client", "Only clients with 'application_type' of 'service' may use the client_credentials 'grant_type' with the Org Authorization Server."),
    "missing_scopes": (400, "invalid_scope", "No scopes were requested."),
    "illegal_custom_scope": (400, "invalid_scope", "Custom scopes are not allowed for this request."),
    "authorization_pending": (400, "authorization_pending", "The device authorization is pending. Please try again later."),
    "ciba_authorization_pending": (400, "authorization_pending", "The authorization request is still pending as the user hasn't yet been authenticated."),
    "invalid_dpop_proof": (400, "invalid_dpop_proof", "The DPoP proof JWT is invalid."),
    "invalid_dpop_proof_missing_header": (400, "invalid_dpop_proof", "The DPoP proof JWT header is missing."),
    "invalid_dpop_proof_multiple_headers_not_allowed": (400, "invalid_dpop_proof", "Multiple DPoP proof JWT headers are not allowed."),
    "invalid_dpop_proof_invalid_type": (400, "invalid_dpop_proof", "'typ' must be 'dpop+jwt' in the DPoP proof JWT."),
    "invalid_dpop_proof_invalid_signature_algorithm": (400, "invalid_dpop_proof", "The DPoP proof JWT signature algorithm is invalid."),
    "invalid_dpop_proof_invalid_jwt": (400, "invalid_dpop_proof", "The DPoP proof JWT cannot be parsed."),
    "invalid_dpop_proof_invalid_signature": (400, "invalid_dpop_proof", "The DPoP proof JWT signature is invalid."),
    "invalid_dpop_proof_invalid_htm": (400, "invalid_dpop_proof", "'htm' claim in the DPoP proof JWT is invalid."),
    "invalid_dpop_proof_invalid_htu": (400, "invalid_dpop_proof", "'htu' claim in the DPoP proof JWT is invalid."),
    "invalid_dpop_proof_invalid_iat": (400, "invalid_dpop_proof", "'iat' claim in the DPoP proof JWT is invalid."),
    "invalid_dpop_proof_jwt_issued_in_future": (400, "invalid_dpop_proof", "The DPoP proof JWT is issued in the future."),
    "invalid_dpop_proof_jwt_too_old": (400, "invalid_dpop_proof", "The DPoP proof JWT is issued more than five minutes in the past."),
    "invalid_dpop_proof_jwt_expired": (400, "invalid_dpop_proof", "The DPoP proof JWT is expired."),
    "invalid_dpop_proof_invalid_public_key_binding": (400, "invalid_dpop_proof", "Invalid DPoP Public Key binding in refresh token"),
    "invalid_dpop_proof_invalid_jti": (400, "invalid_dpop_proof", "'jti' claim in the DPoP proof JWT is invalid."),
    "dpop_proof_already_used": (400, "invalid_dpop_proof", "The DPoP proof JWT has already been used."),
    "dpop_proof_invalid_ath": (400, "invalid_dpop_proof", "'ath' claim in the DPoP proof does not match the presented access_token."),
    "invalid_access_token_dpop_binding": (400, "invalid_dpop_proof", "The access_token is not bound to the provided DPoP proof."),
    "use_dpop_nonce": (400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof."),
    "dpop_proof_required_for_token": (400, "invalid_dpop_proof", "The resource request requires a DPoP proof."),
    "dpop_authentication_scheme_required": (400, "invalid_request", "The resource request must use the DPoP authentication scheme when using a DPoP bound token."),
    "access_token_not_dpop_bound": (401, "invalid_token", "The presented access_token is not DPoP bound."),
    "expired_token": (400, "expired_token", "The device code has expired."),
    "ciba_expired_auth_req_id": (400, "expired_token", "The 'auth_req_id' is invalid or has expired. Make a new authentication request."),
    "ciba_slow_down": (400, "slow_down", "Slow down the polling frequency. Try again later."),
    "slow_down": (400, "slow_down", "Slow down the polling frequency. Please try again later."),
    "too_many_user_codes": (429, "too_many_user_codes", "Too many user codes generated. Please try again later."),
    "client_rate_limited": (429, "temporarily_unavailable", "API call exceeded rate limit due to too many requests."),
    "user_rate_limited": (429, "invalid_grant", "API call exceeded rate limit due to too many requests."),
    "access_token_insufficient_scopes": (403, "insufficient_scope", "The access token provided does not contain the required scopes."),
    "insufficient_user_authentication": (401, "insufficient_user_authentication", "The user authentication context is insufficient to perform the action."),
    "access_token_invalid": (401, "invalid_token", "The access token is invalid."),
    "id_token_invalid": (401, "invalid_token", "The id token is invalid."),
    "consent_required_ropf": (400, "consent_required", "The following scopes require user consent: [{0}]. To access protected scopes using the resource owner password grant type, please uncheck 'Require consent' in the app settings or set the 'consent_method' to 'TRUSTED' through the apps API."),
    "invalid_client": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "missing_client_credentials": (401, "invalid_client", "No client credentials found."),
    "invalid_basic_auth_creds": (401, "invalid_client", "Found Authentication header but was not valid client credentials."),
    "unsupported_auth_method_browser_request": (401, "invalid_client", "Browser requests to the token endpoint must use Proof Key for Code Exchange."),
    "invalid_client_id": (401, "invalid_client", "Invalid value for 'client_id' parameter."),
    "cimd_client_id_mismatch": (400, "invalid_client_metadata", "The client metadata document is refused: {0}"),
    "cimd_invalid_client_details": (400, "invalid_client_metadata", "The client metadata document is refused: {0}"),
    "cimd_missing_redirect_uris": (400, "invalid_client_metadata", "The client metadata document is refused: {0}"),
    "cimd_not_found": (400, "invalid_client_metadata", "The client metadata document is refused: {0}"),
    "registration_redirect_uris": (400, "invalid_redirect_uri", "{0}"),
    "registration_invalid": (400, "invalid_client_metadata", "{0}"),
    "registration_blocked": (400, "invalid_client_metadata", "An administrator of the authorization server blocked this client."),
    "registration_too_large": (413, "invalid_client_metadata", "The request body must not be larger than {0} bytes."),
    "registration_token_invalid": (401, "invalid_token", "The registration token is missing, wrong, expired or used up."),
    "too_many_registrations": (429, "temporarily_unavailable", "Too many registrations. Try again later."),
    "too_many_dynamic_clients": (429, "temporarily_unavailable", "The authorization server has as many clients that registered themselves as it may have ({0}). Try again later, or ask its administrator."),
    "client_document_unavailable": (503, "temporarily_unavailable", "The client metadata document could not be fetched now."),
    "client_certificate_invalid": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_unknown_issuer": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_type": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_signature": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_keys": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_audience": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_expired": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_condition": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "wl_replayed": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "ciba_request_signed_algo_not_configured": (401, "invalid_client", "The client doesn't have a RequestObjectSigningAlgorithm configured for signing authentication requests for the Client-Initiated Backchannel Authentication flow."),
    "invalid_token_endpoint_auth_method": (401, "invalid_client", "Client authentication failed. Either the client or the client credentials are invalid."),
    "invalid_client_secret": (401, "invalid_client", "The client secret supplied for a confidential client is invalid."),
    "client_assertion_invalid_issuer": (401, "invalid_client", "The issuer claim for client_assertion is not a valid client_id."),
    "client_assertion_invalid_subject": (401, "invalid_client", "The subject claim for client_assertion is not a valid client_id."),
    "client_assertion_invalid_no_secret": (401, "invalid_client", "The issuer and subject claim for client_assertion is invalid because the client does not have a client secret."),
    "client_assertion_invalid_audience": (401, "invalid_client", "The audience claim for client_assertion must be the endpoint invoked for the request."),
    "client_assertion_expiration_required": (401, "invalid_client", "The client_assertion must contain the 'exp' claim as seconds since epoch."),
    "client_assertion_expired_token": (401, "invalid_client", "The client_assertion token is expired."),
    "client_assertion_expires_too_far_in_future": (401, "invalid_client", "The client_assertion token has an expiration too far into the future."),
    "client_assertion_issued_at_in_future": (401, "invalid_client", "The client_assertion token must be issued before the current time."),
    "client_assertion_already_used": (401, "invalid_client", "The client_assertion token has already been used."),
    "client_assertion_invalid_signature": (401, "invalid_client", "The client_assertion signature is invalid."),
    "client_assertion_invalid_jwt": (401, "invalid_client", "The parsing of the client_assertion failed."),
    "client_assertion_invalid_kid": (401, "invalid_client", "The client_assertion JWT kid is invalid."),
    "client_assertion_invalid_signature_algorithm": (401, "invalid_client", "The client_assertion JWT signature algorithm is invalid."),
    "client_assertion_invalid_secret_length": (401, "invalid_client", "The client secret is too short to verify a JWT HMAC."),
    "client_assertion_jwks_not_configured": (401, "invalid_client", "The client does not have a JWKSet configured, but the client_assertion requires one."),
    "client_assertion_invalid_key_use": (401, "invalid_client", "The public key being used for client assertion has an invalid 'use' parameter. Valid values for the 'use' parameter are {0}."),
    "jwks_uri_no_key": (401, "invalid_client", "The client JWKSet from jwks_uri must contain at least one key."),
    "jwks_uri_ambiguous_keys": (401, "invalid_client", "All keys in the client JWKSet from jwks_uri must have a unique kid."),
    "jwks_uri_error": (401, "invalid_client", "Error retrieving the client JWKSet from jwks_uri."),
    "pkce_verification_failed": (400, "invalid_grant", "PKCE verification failed."),
    "invalid_authorization_code": (400, "invalid_grant", "The authorization code is invalid or has expired."),
    "mismatched_client": (400, "invalid_grant", "The grant was issued to another client. Please make sure the 'client_id' matches the one used at the authorize request."),
    "mismatched_redirect_uri": (400, "invalid_grant", "The 'redirect_uri' does not match the redirection URI used in the authorization request."),
    "invalid_device_code": (400, "invalid_grant", "The device code is invalid or has expired."),
    "invalid_auth_req_id": (400, "invalid_grant", "The 'auth_req_id' is invalid or has expired. Make a new authentication request."),
    "token_exchange_subject_token_expired": (400, "invalid_grant", "The 'subject_token' either expired or the session associated with it was terminated."),
    "invalid_grant": (400, "invalid_grant", "Invalid grant"),
    "jwt_bearer_grant_invalid_audience": (400, "invalid_grant", "The audience of the JWT Bearer Grant must match the the issuer of the authorization server."),
    "id_jag_client_mismatch": (400, "invalid_grant", "The 'client_id' in the JWT Bearer Grant must match the 'client_id' used to authenticate the client."),
    "id_jag_untrusted_issuer": (400, "invalid_grant", "The issuer of the id-jag is not a trusted authorization server."),
    "id_jag_expired": (400, "invalid_grant", "The id-jag is expired."),
    "id_jag_issued_in_future": (400, "invalid_grant", "The id-jag is issued in the future."),
    "id_jag_lifetime_too_long": (400, "invalid_grant", "The lifetime of the id-jag must not exceed 5 minutes."),
    "id_jag_invalid_signature": (400, "invalid_grant", "The signature of the id-jag is invalid."),
    "id_jag_replayed": (400, "invalid_grant", "The id-jag was already used."),
    "id_jag_invalid_subject": (400, "invalid_grant", "The 'sub' claim in the id-jag is invalid."),
    "id_jag_lacking_scopes": (400, "invalid_grant", "The id-jag must include at least one scope."),
    "id_jag_resource_mismatch": (400, "invalid_grant", "The 'resource' claim in the id-jag does not match the 'resource' parameter in the request."),
    "id_jag_resource_not_allowed_for_as": (400, "invalid_grant", "The 'resource' claim in the id-jag is not valid for this authorization server."),
    "id_jag_scopes_in_request": (400, "invalid_request", "The id-jag request must not include a 'scope' parameter."),
    "jwt_bearer_grant_invalid_issuer": (401, "invalid_token", "The issuer of the token is not permitted to use the JWT Bearer Grant."),
    "trusted_issuer_unavailable": (503, "temporarily_unavailable", "The keys of the trusted issuer could not be fetched now."),
    "invalid_refresh_token": (400, "invalid_grant", "The refresh token is invalid or expired."),
    "authorize_request_uri_mismatched_client": (401, "invalid_client", "The 'client_id' parameter does not match the expected value for the provided request_uri."),
    "invalid_password_credentials": (400, "invalid_grant", "The credentials provided were invalid."),
    "expired_password_credentials": (400, "invalid_grant", "Password has expired."),
    "missing_token_request_parameter": (400, "invalid_request", "The required parameter '{0}' is missing."),
    "invalid_request": (400, "invalid_request", "Invalid request"),
    "client_certificate_required": (400, "invalid_request", "The tokens of the client are bound to its certificate: requests have to come over mutual TLS."),
    "invalid_subject_token": (400, "invalid_request", "'subject_token' is invalid."),
    "invalid_subject_token_type": (400, "invalid_request", "'subject_token_type' is invalid or not supported."),
    "invalid_actor_token_type": (400, "invalid_request", "'actor_token_type' is invalid or not supported."),
    "invalid_requested_token_type": (400, "invalid_request", "'requested_token_type' is invalid or not supported."),
    "invalid_subject_token_act_claim_depth": (400, "invalid_request", "The 'subject_token' 'act' claim contains too many nested actors."),
    "invalid_subject_token_act_claim_malformed": (400, "invalid_request", "The 'subject_token' 'act' claim is malformed."),
    "invalid_subject_token_authorization_server": (400, "invalid_request", "'subject_token' is invalid: the authorization server that issued it is not valid."),
    "invalid_subject_token_no_delegation_link": (400, "invalid_request", "'subject_token' is invalid: no delegation policy authorizes this token."),
    "invalid_subject_token_issuer_not_allowed": (400, "invalid_request", "'subject_token' is invalid: the token issuer is not allowed for this exchange."),
    "invalid_subject_token_session_expired": (400, "invalid_request", "'subject_token' is invalid: the session associated with it is no longer active."),
    "invalid_subject_token_user_inactive": (400, "invalid_request", "'subject_token' is invalid: the user account is not active."),
    "invalid_subject_token_user_not_assigned": (400, "invalid_request", "'subject_token' is invalid: the user is not assigned to the client application."),
    "invalid_subject_token_client_inactive": (400, "invalid_request", "'subject_token' is invalid: the client application referenced in the token is not active."),
    "on_behalf_invalid_client_type": (400, "invalid_request", "Only service clients may use on-behalf token exchange."),
    "unsupported_media_type": (400, "invalid_request", "The request body must be 'application/x-www-form-urlencoded' and well-formed."),
    "body_too_large": (413, "invalid_request", "The request body must not be larger than {0} bytes."),
    "multiple_client_credentials": (400, "invalid_request", "Cannot supply multiple client credentials. Use one of the following: credentials in the Authorization header, credentials in the post body, or a client_assertion in the post body."),
    "client_credentials_in_query": (400, "invalid_request", "Client credentials cannot be supplied via query parameters."),
    "duplicate_oauth_params": (400, "invalid_request", "The request contained multiple parameters with the same name."),
    "token_request_missing_grant_type": (400, "invalid_request", "The token request must specify a 'grant_type'. Valid values: [{0}]"),
    "request_missing_token": (400, "invalid_request", "The 'token' parameter is required."),
    "pkce_missing_challenge_verifier_present": (400, "invalid_request", "PKCE code challenge should be specified in the authorize request for code verification."),
    "pkce_missing_verifier": (400, "invalid_request", "PKCE code verifier is required by the application."),
    "access_token_missing": (401, "invalid_request", "The access token is missing."),
    "access_token_in_query": (400, "invalid_request", "The access token cannot be presented in a query string."),
    "access_token_duplicate": (400, "invalid_request", "The access token cannot be specified in both the Authorization header and the request-body."),
    "illegal_origin_browser_request": (400, "invalid_request", "Browser requests to the token endpoint must be part of at least one whitelisted redirect_uri."),
    "illegal_post_logout_redirect_uri": (400, "invalid_request", "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the client app settings."),
    "mismatched_authorization_server": (400, "invalid_request", "The grant was issued for another authorization server."),
    "invalid_authorization_server": (400, "invalid_request", "The authorization server id is invalid."),
    "client_assertion_type_invalid": (400, "invalid_request", "The client_assertion_type is invalid."),
    "invalid_response_type_for_authenticator_enrollment": (400, "invalid_request", "Authenticator enrollment requires 'none' response_type."),
    "unsupported_api_resource_for_none_response_type": (400, "invalid_request", "'resource' parameter is not supported for request with 'none' as response_type."),
    "unsupported_scope_for_none_response_type": (400, "invalid_request", "'scope' parameter is not supported for request with 'none' as response_type."),
    "unsupported_nonce_for_none_response_type": (400, "invalid_request", "'nonce' parameter is not supported for request with 'none' as response_type."),
    "invalid_max_age_for_enroll_authenticator_prompt": (400, "invalid_request", "'max_age' parameter must have the value '0' for request with 'enroll_authenticator' as prompt."),
    "invalid_prompt_for_none_response_type": (400, "invalid_request", "'prompt' parameter must have the value 'enroll_authenticator' for request with 'none' as response_type."),
    "invalid_enroll_amr_for_none_response_type": (400, "invalid_request", "'enroll_amr_values' parameter must have valid space delimited authenticators list for request with 'none' as response_type."),
    "invalid_acr_values_for_enroll_authenticator_prompt": (400, "invalid_request", "'acr_values' parameter must have the value 'urn:okta:loa:2fa:any:ifpossible' for request with 'enroll_authenticator' as prompt."),
    "unknown_idp": (400, "invalid_request", "Identity provider is not valid."),
    "invalid_max_age": (400, "invalid_request", "Invalid value for 'max_age' parameter. It should be within range 0 - 2^31-1."),
    "authorize_response_too_long": (400, "invalid_request", "The answer to the authorize request is longer than {0} characters, and a redirect cannot carry it. Please use the response_mode 'form_post'."),
    "authorize_request_too_long": (414, "invalid_request", "The authorize request is longer than {0} characters, and gateways refuse such URLs. Please push it to the pushed authorization request endpoint (RFC 9126), or send it by POST."),
    "illegal_redirect_uri": (400, "invalid_request", "The 'redirect_uri' parameter must be a Login redirect URI in the client app settings."),
    "invalid_client_application_type": (400, "invalid_request", "Clients with 'application_type' of 'service' are not allowed to access the '{0}' endpoint."),
    "invalid_state": (400, "invalid_request", "The authentication request has an invalid 'state' parameter."),
    "invalid_nonce": (400, "invalid_request", "The 'nonce' parameter is required for authorize requests with either the 'id_token' or 'token' response types.."),
    "invalid_prompt": (400, "invalid_request", "Invalid value for 'prompt' parameter. Supported values: [{0}]"),
    "invalid_prompt_for_zero_max_age": (400, "invalid_request", "'prompt' parameter must not have the value 'none' for request with 'zero' as max_age."),
    "pkce_invalid_challenge": (400, "invalid_request", "PKCE code challenge contains illegal characters."),
    "pkce_missing_challenge": (400, "invalid_request", "PKCE code challenge is required by the application."),
    "pkce_unsupported_code_challenge_method": (400, "invalid_request", "PKCE code challenge method is not supported. Valid values: [{0}]"),
    "illegal_duplicated_parameters": (400, "invalid_request", "Duplicate parameter provided in request. Duplicated parameters: [{0}]."),
    "authorize_request_object_and_request_uri_provided": (400, "invalid_request", "The authorize request must not contain both a request object and a request uri."),
    "pushed_request_required": (400, "invalid_request", "The authorization request must be pushed to the pushed authorization request endpoint (RFC 9126)."),
    "pushed_authorization_request_uri_present": (400, "invalid_request", "The 'request_uri' parameter must not be present in the request."),
    "authorization_details_not_supported": (400, "invalid_request", "The 'authorization_details' parameter is not supported."),
    "signed_response_required": (400, "invalid_request", "The authorization response must be signed: 'response_mode' must be one of [{0}]."),
    "response_algorithm_not_used": (400, "invalid_request", "The client reads authorization responses signed with '{0}', and the authorization server signs with '{1}'."),
    "signed_answers_off": (400, "invalid_request", "The client reads signed answers alone, and this deployment signs none."),
    "signed_answer_algorithm_not_used": (400, "invalid_request", "The client reads answers signed with '{0}', and the authorization server signs with '{1}'."),
    "ciba_request_invalid_binding_message": (400, "invalid_binding_message", "The 'binding_message' parameter must have 1 to 64 printable characters."),
    "ciba_request_invalid_hint": (400, "invalid_request", "The Client-Initiated Backchannel Authentication Flow must contain only one of 'id_token_hint' or 'login_hint'."),
    "ciba_request_invalid_id_token_hint": (400, "invalid_request", "The 'id_token_hint' parameter is not an ID token that this authorization server issued to the client."),
    "ciba_request_login_hint_token": (400, "invalid_request", "The 'login_hint_token' parameter is not supported."),
    "ciba_request_invalid_expiry": (400, "invalid_request", "Invalid value for '{0}' parameter. It should be within range 1 - 300."),
    "ciba_request_outside_of_object": (400, "invalid_request", "The parameters of a signed authentication request must stand in the request object alone: '{0}' does not."),
    "ciba_request_unknown_user_id": (400, "invalid_request", "The hint provided in the request did not match a user assigned to the client app."),
    "signed_request_required": (400, "invalid_request", "The authorization request must be a signed request object (RFC 9101)."),
    "request_object_header_algo_mismatch": (400, "invalid_request_object", "The signing algorithm used is not supported by this client."),
    "request_object_bad_signature": (400, "invalid_request_object", "The signature of the request object is invalid."),
    "request_object_audience_mismatch": (400, "invalid_request_object", "The audience of the request object is invalid."),
    "request_object_already_used": (400, "invalid_request_object", "The request object has already been used."),
    "request_object_invalid": (400, "invalid_request_object", "The request object cannot be parsed."),
    "request_object_jwt_expired": (400, "invalid_request_object", "The request object is expired."),
    "request_object_jwt_expiration_too_long": (400, "invalid_request_object", "The request object expires too far in the future."),
    "request_object_issued_in_future": (400, "invalid_request_object", "The request object is issued in the future."),
    "request_object_before_nbf": (400, "invalid_request_object", "The request object is issued too early."),
    "request_object_jwt_invalid_key_use": (400, "invalid_request_object", "The public key being used for signing the request object has an invalid 'use' parameter. Valid values for the 'use' parameter are {0}."),
    "request_object_invalid_jwks": (400, "invalid_request_object", "The client JWKSet is invalid."),
    "request_object_invalid_kid": (400, "invalid_request_object", "The JWT kid of the request object is invalid."),
    "request_object_invalid_signature_algorithm": (400, "invalid_request_object", "The JWT signature algorithm of the request object is invalid."),
    "request_object_invalid_secret_length": (400, "invalid_request_object", "The JWT signature secret length is too short."),
    "request_object_invalid_issuer": (401, "invalid_client", "The issuer of the request object is invalid."),
    "request_object_no_client_secret": (400, "request_not_supported", "The issuer of the request object does not have a client secret."),
    "invalid_request_uri": (400, "invalid_request_uri", "The authorize request_uri is invalid."),
    "authorize_request_uri_mismatched_authorization_server": (400, "invalid_request_uri", "The request_uri was issued for another authorization server."),
    "invalid_scope": (400, "invalid_scope", "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner."),
    "openid_not_allowed_client_creds": (400, "invalid_scope", "Cannot request 'openid' scopes using client credentials."),
    "ciba_request_invalid_scope": (400, "invalid_scope", "The Client-Initiated Backchannel Authentication Flow must contain 'openid' scope."),
    "ciba_request_missing_scope": (400, "invalid_scope", "No scopes were requested."),
    "illegal_scope": (400, "invalid_scope", "The following scopes are not allowed for this request: [{0}]."),
    "openid_not_allowed_token_exchange": (400, "invalid_scope", "Can't request 'openid' scopes using the Token Exchange flow for a service app."),
    "no_default_scopes": (400, "invalid_scope", "The authorization server resource does not have any configured default scopes, 'scope' must be provided."),
    "no_matching_scope": (400, "invalid_scope", "One or more scopes are not configured for the authorization server resource."),
    "no_scope_for_resource": (400, "invalid_scope", "None of the scopes are available for this resource."),
    "unsupported_resource": (400, "invalid_target", "The authorization server has rejected the 'resource' parameter: {0}"),
    "too_many_resources": (400, "invalid_target", "Too many 'resource' parameters in the request; maximum allowed is {0}."),
    "mismatched_resource": (400, "invalid_target", "The 'resource' parameter does not match the resource used in the authorization request."),
    "token_exchange_invalid_audience": (400, "invalid_target", "Token Exchange requests must include a valid audience of the authorization server."),
    "token_exchange_incomplete_resource_configuration": (400, "invalid_target", "The resource app is not completely configured or user is not assigned to the app."),
    "token_exchange_invalid_resource": (400, "invalid_target", "'resource' is invalid or not supported."),
    "resource_required": (400, "invalid_target", "The authorization is for several resources, and the request must name one of them in the 'resource' parameter: [{0}]."),
    "invalid_social_token": (400, "invalid_social_token", "Could not acquire access token from authorization code."),
    "login_required": (400, "login_required", "The client specified not to prompt, but the user is not logged in."),
    "app_sign_on_required": (400, "login_required", "The client specified not to prompt, but the client app requires re-authentication or MFA."),
    "request_expired": (400, "login_required", "Request expired, please start over and try again."),
    "request_not_supported": (400, "request_not_supported", "The authorize request object is not supported by this client."),
    "request_uri_not_supported": (400, "request_uri_not_supported", "The authorize request uri is not supported by this client."),
    "server_error": (500, "server_error", "The authorization server encountered an unexpected condition that prevented it from fulfilling the request."),
    "social_profile_not_fetched": (400, "server_error", "Could not fetch social profile."),
    "social_state_invalid": (400, "server_error", "The social identity provider returned an invalid state back to Okta."),
    "social_provider_error": (400, "server_error", "The social identity provider refused: {0}"),
    "social_provider_unreachable": (503, "temporarily_unavailable", "The social identity provider does not answer."),
    "system_claim_evaluation_failure": (400, "server_error", "The '{0}' system claim could not be evaluated."),
    "too_many_groups_in_groups_claim": (400, "server_error", "The groups claim matched too many groups and must be configured to match fewer groups."),
    "user_claim_evaluation_failure": (400, "server_error", "The '{0}' user claim could not be evaluated."),
    "inline_hook_denied": (400, "server_error", "{0}"),
    "temporarily_unavailable": (503, "temporarily_unavailable", "The authorization server is currently unable to handle the request due to a temporary overloading or maintenance of the server."),
    "unauthorized_client": (400, "unauthorized_client", "The client is not authorized to use the provided grant type. Configured grant types: [{0}]."),
    "ciba_request_grant_type_not_configured": (400, "unauthorized_client", "The client doesn't have the 'urn:openid:params:grant-type:ciba' grant type configured."),
    "unsupported_grant_type_browser_request": (400, "unauthorized_client", "Browser requests to the token endpoint may only use the authorization_code grant_type."),
    "confidential_client_required": (400, "unauthorized_client", "Confidential client is required to make this request."),
    "unsupported_grant_type": (400, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server. Configured grant types: [{0}]."),
    "unsupported_grant_type_token_exchange": (400, "unsupported_grant_type", "'urn:ietf:params:oauth:grant-type:token-exchange' grant type is not supported."),
    "unmet_authentication_requirements": (400, "unmet_authentication_requirements", "Unable to meet the authentication requirements imposed by 'acr_values' parameter."),
    "unsupported_response_mode": (400, "unsupported_response_mode", "The response mode is not supported by the authorization server. Valid response modes: [{0}]."),
    "unsupported_response_mode_query_with_tokens": (400, "unsupported_response_mode", "'query' response mode cannot be used with either the 'id_token' or 'token' response types."),
    "unsupported_response_mode_okta_post_message_with_code": (400, "unsupported_response_mode", "'okta_post_message' response mode cannot be used with the 'code' response type."),
    "unsupported_response_type": (400, "unsupported_response_type", "The response type is not supported by the authorization server. Configured response types: [{0}]."),
}  # fmt: skip

NO_STORE: Final = (("cache-control", "no-cache, no-store"), ("pragma", "no-cache"))
RETRY_AFTER_SECONDS: Final = "2"
#: Where it is another's host that has to come back.
_RETRY_AFTER: Final = {"client_document_unavailable": "30"}


def described(text: str) -> str:
    """A text as ``error_description`` may hold it (RFC 6749 §5.2): names in it are percent-encoded where they must be.

    Printable ASCII without quote and backslash: it also stands in ``WWW-Authenticate`` (RFC 6750 §3).
    """
    return "".join(c if " " <= c <= "~" and c not in '"\\' else quote(c, errors="replace") for c in text)


class OAuthError(Exception):
    """A refusal of a protocol endpoint, which becomes its answer.

    Attributes:
        id: The internal id, a key of ``CATALOGUE``.
        reason: For the log where the id alone does not say it; never a secret.
        about: For the log: server and client of a request that was refused before both were established.
        challenge: ``WWW-Authenticate`` of a resource of ours, where it is another one than usual.
        fault: What failed on our side, for the log: then nothing was decided about the request.
    """

    def __init__(self, error_id: str, *values: str, reason: str | None = None) -> None:
        self.id = error_id
        self.status, self.code, text = CATALOGUE[error_id]
        self.description = described(text.format(*values))
        self.reason = reason
        self.about: dict[str, str] = {}
        self.fault: BaseException | None = None
        self.challenge: str | None = None
        super().__init__(error_id if reason is None else f"{error_id}: {reason}")

    @property
    def retry_after(self) -> str:
        """Seconds after which the same request may be answered, where the status is 503."""
        return _RETRY_AFTER.get(self.id, RETRY_AFTER_SECONDS)

    def body(self) -> dict[str, Any]:
        """The members of the error answer (RFC 6749 §5.2)."""
        return {"error": self.code, "error_description": self.description}

    def response(self, realm: str) -> Response:
        """The answer: ``invalid_client`` carries a challenge naming ``realm`` (RFC 6749 §5.2)."""
        headers: Pairs = NO_STORE
        if self.code == "invalid_client":
            headers = (*headers, ("www-authenticate", f'Basic realm="{realm}"'))
        if self.status == 503:
            headers = (*headers, ("retry-after", self.retry_after))
        return Response.json(self.status, self.body(), headers).because_of(self.fault)


def unavailable(fault: BaseException) -> OAuthError:
    """503: storage or key management could not answer. Safe to repeat."""
    error = OAuthError("temporarily_unavailable")
    error.fault = fault
    return error


class TooManyRequests(OAuthError):
    """429: too many tries. Nothing was looked at.

    Attributes:
        allowance: Until when.
    """

    def __init__(self, error_id: str, allowance: "Allowance") -> None:
        super().__init__(error_id)
        self.allowance = allowance

    def body(self) -> dict[str, Any]:
        """Also in the members that clients of the management API read."""
        envelope = {"errorCode": "E0000047", "errorSummary": self.description, "errorLink": "E0000047"}
        return super().body() | envelope | {"errorCauses": []}

    def response(self, realm: str) -> Response:
        """The answer, which says when to come again."""
        return super().response(realm).with_headers(*self.allowance.headers())


class WorkloadRefused(OAuthError):
    """A token of a platform is no grant. What is wrong with it is for the log alone, as where it authenticates."""

    def __init__(self, error_id: str, *, reason: str | None = None) -> None:
        super().__init__(error_id, reason=reason)
        self.status, self.code, self.description = 400, "invalid_grant", "Invalid grant"


class RefreshTokenReused(OAuthError):
    """A refresh token came again after its leeway: somebody else has it too (RFC 9700 §4.14.2). Its family is dead.

    Attributes:
        old: Digest of the token that came (SHA-256, base64url).
        current: Digest of the youngest token of the family.
    """

    def __init__(self, *, old: str, current: str | None) -> None:
        super().__init__("invalid_refresh_token", reason="used again after its leeway: the family is revoked")
        self.old = old
        self.current = current
