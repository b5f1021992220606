// openid-client 5, as many applications still have it: configures itself from discovery, and throws where the metadata
// leave out what RFC 8414 §2 asks for. Pushes a request too.
import { Issuer, generators } from 'openid-client-5'

const { issuer, clientId, clientSecret, redirectUri, scope } = JSON.parse(process.argv[2])
const discovered = await Issuer.discover(issuer)
const kinds = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt']
for (const method of kinds) {
  new discovered.Client({
    client_id: clientId,
    client_secret: clientSecret,
    token_endpoint_auth_method: method,
    introspection_endpoint_auth_method: method,
    revocation_endpoint_auth_method: method,
  })
}
const client = new discovered.Client({
  client_id: clientId,
  client_secret: clientSecret,
  redirect_uris: [redirectUri],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_post',
})
const verifier = generators.codeVerifier()
const pushed = await client.pushedAuthorizationRequest({
  scope,
  redirect_uri: redirectUri,
  response_type: 'code',
  code_challenge: generators.codeChallenge(verifier),
  code_challenge_method: 'S256',
})
console.log(JSON.stringify({ kinds, requestUri: pushed.request_uri, expiresIn: pushed.expires_in }))
