// openid-client under FAPI 2.0: a signed request (JAR), pushed (PAR), bound to a key (DPoP), and a signed answer (JARM).
// Prints the URL to send the browser to, reads where the browser came back, prints what it got. What it checks by itself
// (signatures, iss, aud, times, hashes) is part of the test.
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

const { issuer, clientId, jwk, redirectUri, scope } = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
const key = { key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid: jwk.kid }
const config = await client.discovery(new URL(issuer), clientId, {}, client.PrivateKeyJwt(key), {
  execute: [client.allowInsecureRequests, client.useJwtResponseMode],
})
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedNonce = client.randomNonce()
const parameters = {
  redirect_uri: redirectUri,
  scope,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  nonce: expectedNonce,
}
const { searchParams } = await client.buildAuthorizationUrlWithJAR(config, parameters, key)
const url = await client.buildAuthorizationUrlWithPAR(config, searchParams, { DPoP })
console.log(JSON.stringify({ url: url.href }))

const { value: callback } = await lines.next()
const tokens = await client.authorizationCodeGrant(
  config,
  new URL(callback),
  { pkceCodeVerifier, expectedNonce },
  undefined,
  { DPoP },
)
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const again = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
const introspected = await client.tokenIntrospection(config, again.access_token)
await client.tokenRevocation(config, again.access_token)
const dead = await client.tokenIntrospection(config, again.access_token)
console.log(
  JSON.stringify({
    sub: claims.sub,
    email: userinfo.email,
    tokenType: refreshed.token_type,
    kept: again.refresh_token === tokens.refresh_token,
    boundTo: introspected.cnf?.jkt,
    jkt: await DPoP.calculateThumbprint(),
    active: [introspected.active, dead.active],
  }),
)
process.exit(0)
