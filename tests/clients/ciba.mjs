// openid-client asks somebody without their browser (CIBA, poll mode): by a secret, or signed, by a key, bound to a key.
// Prints what it asked by, reads when to poll, prints what it got. What it checks by itself is part of the test.
import { createInterface } from 'node:readline'
import * as client from 'openid-client'
import { SignJWT } from 'jose'

const { issuer, clientId, secret, jwk, parameters, interval } = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

let authentication = client.ClientSecretBasic(secret)
let key
if (jwk) {
  key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  authentication = client.PrivateKeyJwt({ key, kid: jwk.kid })
}
const config = await client.discovery(new URL(issuer), clientId, {}, authentication, {
  execute: [client.allowInsecureRequests],
})
const asked = key
  ? {
      request: await new SignJWT({ ...parameters, jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: jwk.kid })
        .setIssuer(clientId)
        .setAudience(config.serverMetadata().issuer)
        .setIssuedAt()
        .setNotBefore('0s')
        .setExpirationTime('60s')
        .sign(key),
    }
  : parameters
const DPoP = key && client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
const response = await client.initiateBackchannelAuthentication(config, asked)
console.log(JSON.stringify(response))

await lines.next()
const patience = interval === undefined ? response : { ...response, interval }
let got
try {
  const tokens = await client.pollBackchannelAuthenticationGrant(config, patience, undefined, { DPoP })
  const claims = tokens.claims()
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
  got = { sub: claims.sub, acr: claims.acr, email: userinfo.email, tokenType: tokens.token_type }
} catch (error) {
  got = { error: error.error, code: error.code }
}
console.log(JSON.stringify(got))
process.exit(0)
