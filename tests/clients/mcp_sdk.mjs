// The official MCP SDK for TypeScript, unmodified: registers itself, signs a user in, calls a tool. Prints
// where the user has to go, reads where the browser was sent, prints what it saw.
import { createInterface } from 'node:readline'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

const { resource, redirectUri } = JSON.parse(process.argv[2])
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const kept = {}
const authProvider = {
  redirectUrl: redirectUri,
  clientMetadata: {
    client_name: 'another client of the tests',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => { kept.client = client },
  tokens: () => kept.tokens,
  saveTokens: (tokens) => { kept.tokens = tokens },
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => { kept.verifier = verifier },
  redirectToAuthorization: (url) => { console.log(JSON.stringify({ url: url.href })) },
}

const newTransport = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider })
const newClient = () => new Client({ name: 'tests', version: '1' })

const transport = newTransport()
try {
  await newClient().connect(transport)
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error
}
const back = new URL((await lines.next()).value)
await transport.finishAuth(back.searchParams.get('code'))

const client = newClient()
await client.connect(newTransport())
const answer = await client.callTool({ name: 'read_note', arguments: {} })
console.log(JSON.stringify({ said: answer.content[0].text, tokens: kept.tokens, client: kept.client }))
process.exit(0)
