// openid-client against a deployment: prints the URL to send the browser to, reads where the browser came back,
// prints what it got. Everything that it checks by itself (signatures, iss, state, nonce, hashes) is part of the test.
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const { issuer, clientId, clientSecret, redirectUri, scope, postLogoutRedirectUri, pushed, bound } = JSON.parse(
  process.argv[2],
)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const config = await client.discovery(new URL(issuer), clientId, clientSecret, undefined, {
  execute: [client.allowInsecureRequests],
})
// A key of its own, which every token is bound to (DPoP); the library sees to proofs and nonces.
const DPoP = bound ? client.getDPoPHandle(config, await client.randomDPoPKeyPair(bound)) : undefined
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = pushed ? undefined : client.randomState() // PKCE and the push stand in its place
const expectedNonce = client.randomNonce()
const parameters = {
  redirect_uri: redirectUri,
  scope,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  nonce: expectedNonce,
  ...(expectedState && { state: expectedState }),
}
const url = pushed
  ? await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
  : client.buildAuthorizationUrl(config, parameters)
console.log(JSON.stringify({ url: url.href }))

const { value: callback } = await lines.next()
const tokens = await client.authorizationCodeGrant(
  config,
  new URL(callback),
  { pkceCodeVerifier, expectedState, expectedNonce },
  undefined,
  { DPoP },
)
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const introspected = await client.tokenIntrospection(config, refreshed.access_token)
await client.tokenRevocation(config, refreshed.refresh_token)
const dead = await client.tokenIntrospection(config, refreshed.access_token)
const logout = client.buildEndSessionUrl(config, {
  id_token_hint: tokens.id_token,
  post_logout_redirect_uri: postLogoutRedirectUri,
  state: 'bye',
})
console.log(
  JSON.stringify({
    claims,
    userinfo,
    refreshedSub: refreshed.claims().sub,
    rotated: refreshed.refresh_token !== tokens.refresh_token,
    tokenType: refreshed.token_type,
    boundTo: introspected.cnf?.jkt,
    jkt: bound && (await DPoP.calculateThumbprint()),
    active: introspected.active,
    afterRevocation: dead.active,
    logout: logout.href,
  }),
)
process.exit(0)
