// An OpenID provider that nobody here wrote, with accounts that need no password: the server of a test.
// Its argument: {"client_id", "client_secret" or "jwks", "redirect_uri"}, perhaps "leaves". It prints its issuer, and
// ends with its input.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const settings = JSON.parse(process.argv[2]);
const server = createServer();
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: settings.client_id,
    ...(settings.jwks
      ? { jwks: settings.jwks, token_endpoint_auth_method: 'private_key_jwt' }
      : { client_secret: settings.client_secret }),
    redirect_uris: [settings.redirect_uri],
    post_logout_redirect_uris: settings.post_logout_redirect_uris ?? [],
  }],
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['given_name', 'family_name', 'name'],
  },
  conformIdTokenClaims: true,
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: `${id}@partner.example`,
      email_verified: true,
      given_name: id,
      family_name: 'Partner',
      name: `${id} Partner`,
    }),
  }),
});
if (settings.leaves) {  // gone as soon as it sent somebody back with a code, and before that is redeemed
  server.on('request', (_, answer) => answer.on('finish', () => {
    if (String(answer.getHeader('location') ?? '').startsWith(settings.redirect_uri)) process.exit(0);
  }));
}
server.on('request', provider.callback());
console.log(issuer);
process.stdin.on('end', () => process.exit(0)).resume();
