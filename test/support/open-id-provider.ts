/**
 * A sign-in service (OpenID Connect) as a process of its own, with its own clock and its own key. Everybody signs in to it by typing
 * the name of an account. It stops when its stdin ends.
 */
import Provider from 'oidc-provider';
import { z } from 'zod';

const settings = z.object({
  port: z.number(),
  clientId: z.string(),
  clientSecret: z.string(),
  redirectUri: z.string(),
  /** How it wants the secret. */
  authMethod: z.enum(['client_secret_basic', 'client_secret_post']),
  /** Its one key, as a private JWK. */
  key: z.record(z.string(), z.unknown()),
  /** What it says of each account. */
  accounts: z.record(z.string(), z.record(z.string(), z.unknown())),
  idTokenSeconds: z.number(),
});
const { port, clientId, clientSecret, redirectUri, authMethod, key, accounts, idTokenSeconds } =
  settings.parse(JSON.parse(process.env['PROVIDER'] ?? ''));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      ...{ client_id: clientId, client_secret: clientSecret, redirect_uris: [redirectUri] },
      ...{
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: authMethod,
      },
    },
  ],
  jwks: { keys: [key] },
  claims: {
    openid: ['sub'],
    email: ['email', 'email_verified'],
    profile: ['name', 'preferred_username', 'roles'],
  },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...accounts[id], sub: id }) }),
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ['a key of the test'] },
  ttl: { IdToken: idTokenSeconds },
  pkce: { required: () => true },
});
const server = provider.listen(port, '127.0.0.1', () => {
  process.stdout.write('ready\n');
});
process.stdin.resume().on('end', () => {
  server.closeAllConnections();
  process.exit(0);
});
