// oauth4webapi under FAPI 2.0: the same as fapi_openid_client.mjs, step by step, with another key and for a machine too.
import { createInterface } from 'node:readline'
import * as oauth from 'oauth4webapi'

const { issuer, clientId, jwk, redirectUri, scope } = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const insecure = { [oauth.allowInsecureRequests]: true }

const key = { key: await crypto.subtle.importKey('jwk', jwk, { name: 'Ed25519' }, false, ['sign']), kid: jwk.kid }
const url = new URL(issuer)
const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure))
const client = { client_id: clientId }
const proof = () => oauth.PrivateKeyJwt(key)
const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('Ed25519'))

// The first answer of the token endpoint may be a nonce to come again with.
async function answered(send, read) {
  const first = await send()
  try {
    return await read(first)
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return read(await send())
  }
}

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const request = await oauth.issueRequestObject(
  as,
  client,
  {
    response_type: 'code',
    response_mode: 'jwt',
    redirect_uri: redirectUri,
    scope,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  },
  key,
)
const pushed = await answered(
  () => oauth.pushedAuthorizationRequest(as, client, proof(), { request }, { DPoP, ...insecure }),
  (response) => oauth.processPushedAuthorizationResponse(as, client, response),
)
const authorize = new URL(as.authorization_endpoint)
authorize.search = new URLSearchParams({ client_id: clientId, request_uri: pushed.request_uri })
console.log(JSON.stringify({ url: authorize.href }))

const { value: callback } = await lines.next()
const parameters = await oauth.validateJwtAuthResponse(as, client, new URL(callback), state, insecure)
const tokens = await answered(
  () => oauth.authorizationCodeGrantRequest(as, client, proof(), parameters, redirectUri, verifier, { DPoP, ...insecure }),
  (response) => oauth.processAuthorizationCodeResponse(as, client, response, { requireIdToken: true }),
)
const { sub } = oauth.getValidatedIdTokenClaims(tokens)
const userinfo = await oauth.processUserInfoResponse(
  as,
  client,
  sub,
  await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...insecure }),
)
const refresh = () =>
  answered(
    () => oauth.refreshTokenGrantRequest(as, client, proof(), tokens.refresh_token, { DPoP, ...insecure }),
    (response) => oauth.processRefreshTokenResponse(as, client, response),
  )
const refreshed = await refresh()
const again = await refresh()
const introspect = async () =>
  oauth.processIntrospectionResponse(
    as,
    client,
    await oauth.introspectionRequest(as, client, proof(), again.access_token, insecure),
  )
const introspected = await introspect()
await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, client, proof(), again.access_token, insecure),
)
const dead = await introspect()
console.log(
  JSON.stringify({
    sub,
    email: userinfo.email,
    tokenType: refreshed.token_type,
    kept: (again.refresh_token ?? tokens.refresh_token) === tokens.refresh_token,
    boundTo: introspected.cnf?.jkt,
    jkt: await DPoP.calculateThumbprint(),
    active: [introspected.active, dead.active],
  }),
)
process.exit(0)
