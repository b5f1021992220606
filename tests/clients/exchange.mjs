// openid-client, the generic grant of the library: a service sends in a token that it was called with, for one of its own.
import * as client from 'openid-client'

const { issuer, clientId, clientSecret, subjectToken, audience, scope } = JSON.parse(process.argv[2])
const config = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
  execute: [client.allowInsecureRequests],
  algorithm: 'oauth2',
})
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const tokens = await client.genericGrantRequest(config, TOKEN_EXCHANGE, {
  subject_token: subjectToken,
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  audience,
  scope,
})
const introspected = await client.tokenIntrospection(config, tokens.access_token)
console.log(
  JSON.stringify({
    advertised: config.serverMetadata().grant_types_supported.includes(TOKEN_EXCHANGE),
    accessToken: tokens.access_token,
    expiresIn: tokens.expires_in,
    issuedTokenType: tokens.issued_token_type,
    introspected,
  }),
)
