// panva's oidc-provider as an identity provider of one gateway, with keys and interactions of its own.
// Reads one JSON object from standard input: {port, client, account: {sub, acr, claims}, claims: [names]}. Ends with it.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const lines = createInterface({ input: process.stdin });
lines.once('line', (line) => start(JSON.parse(line)));
lines.once('close', () => process.exit(0));

function start({ port, client, account, claims }) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: 'panva-1' };
  const issuer = `http://127.0.0.1:${port}`;
  const provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    claims: { openid: ['sub', 'acr', 'auth_time', 'sid', ...claims] },
    conformIdTokenClaims: false,
    acrValues: [account.acr],
    enabledJWA: {
      idTokenSigningAlgValues: ['ES256'], clientAuthSigningAlgValues: ['ES256'],
    },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
    // Its guard against addresses of this machine would hinder it from telling a gateway here that a session ended.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...account.claims }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: { Session: 3600, Interaction: 600, Grant: 3600, IdToken: 300, AccessToken: 60 },
  });
  const answer = provider.callback();
  createServer(async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    // Everybody who comes is the one account, identified now; its consent to its own claims is given.
    const { prompt, params, grantId } = await provider.interactionDetails(request, response);
    if (prompt.name === 'login') {
      const login = { accountId: account.sub, acr: account.acr, ts: Math.floor(Date.now() / 1000) };
      return provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
    }
    const grant = (grantId && await provider.Grant.find(grantId))
      || new provider.Grant({ accountId: account.sub, clientId: params.client_id });
    grant.addOIDCScope('openid profile');
    const consent = { grantId: await grant.save() };
    return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
  }).listen(port, '127.0.0.1', () => console.log(`READY ${issuer}`));
}
