// openid-client with a certificate (RFC 8705): it finds the other host in the metadata, and its token is bound there.
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import * as client from 'openid-client'

const { issuer, clientId, cert, key, ca, scope } = JSON.parse(process.argv[2])
const tls = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(ca) }
const hosts = []

function overTls(url, { method, headers, body }) {
  if (new URL(url).protocol === 'http:') return fetch(url, { method, headers, body })
  hosts.push(new URL(url).host)
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ...tls }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => resolve(new Response(Buffer.concat(parts), { status: answer.statusCode, headers: answer.headers })))
    })
    sent.on('error', reject)
    sent.end(body?.toString())
  })
}

const metadata = { use_mtls_endpoint_aliases: true }
const config = await client.discovery(new URL(issuer), clientId, metadata, client.TlsClientAuth(), {
  execute: [client.allowInsecureRequests],
  algorithm: 'oauth2',
  [client.customFetch]: overTls,
})
config[client.customFetch] = overTls
const tokens = await client.clientCredentialsGrant(config, { scope })
const introspected = await client.tokenIntrospection(config, tokens.access_token)
console.log(
  JSON.stringify({
    aliases: config.serverMetadata().mtls_endpoint_aliases,
    hosts: [...new Set(hosts)],
    accessToken: tokens.access_token,
    introspected,
  }),
)
