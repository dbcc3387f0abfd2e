// A certified OpenID Connect provider for tests. It takes its configuration as one argument of JSON, prints its port,
// and ends when its standard input does. Somebody who logs in as "anna~an" has the subject "anna~an" and the name "an".
import { once } from 'node:events';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const { issuer, clients, keys } = JSON.parse(process.argv[2]);
const algorithms = ['RS256', 'ES256', 'PS256', 'HS256'];
const provider = new Provider(issuer, {
  clients,
  jwks: { keys },
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  cookies: { keys: ['only for tests'] },
  enabledJWA: { idTokenSigningAlgValues: algorithms },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, preferred_username: id.split('~')[1] }),
  }),
  pkce: { required: () => true },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
});
const server = createServer(provider.callback()).listen(0, '127.0.0.1');
await once(server, 'listening');
console.log(`port ${server.address().port}`);
process.stdin.resume().on('end', () => process.exit(0));
