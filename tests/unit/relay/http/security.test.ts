/** What holds for every answer and for every operator's route, those included that are yet to come. */
import { describe, expect, it } from 'vitest';
import { SECURITY_HEADERS } from '../../../../relay/http/security-headers.ts';
import { operatorRoutes } from '../../../../shared/protocol/operator-routes.ts';
import { FakeCare } from '../fake-care.ts';
import { relayRig } from '../relay-rig.ts';
import { RawClient } from './raw-client.ts';

const host = 'localhost';

/** Each bears a hash, a delete token or a signature of its own, or changes nothing. */
const SELF_PROVING: readonly string[] = [
  'delete /catalog/{entry}',
  'delete /chunk/{id}',
  'head /chunk/{id}',
  'post /catalog',
  'post /chunks/audit',
  'post /chunks/delete_batch',
  'post /chunks/locate',
  'post /dht/record',
  'post /session',
  'post /session/ticket',
  'put /chunk/{id}',
];

interface Operation {
  readonly security: readonly Record<string, unknown>[];
}

describe('operator routes', () => {
  it('are all refused without the token, and tell so in the interface’s description', async () => {
    await using rig = await relayRig({
      care: new FakeCare(),
      joins: { add: () => Promise.reject(new Error()) },
    });
    const { paths } = (await rig.server.inject({ url: '/openapi.json', headers: { host } })).json<{
      paths: Record<string, Record<string, Operation>>;
    }>();
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, { security }]) => security.length > 0 && security.every((way) => 'operatorToken' in way))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    // An audit is for everybody: it proves what is stored, and changes nothing.
    const { auditChunk, ...guarded } = operatorRoutes;
    const routes = Object.values(guarded).map(({ method, path }) => `${method} ${path}`);
    expect(described.sort()).toEqual(routes.sort());
    expect(described).not.toContain(`${auditChunk.method} ${auditChunk.path}`);
    for (const { method, path } of Object.values(guarded)) {
      const answer = await rig.server.inject({ method, url: path, headers: { host } });
      expect([path, answer.statusCode]).toEqual([path, 403]);
    }
  });

  it('are the only ones that change a relay without proof in the request itself', async () => {
    await using rig = await relayRig({ care: new FakeCare() });
    const { paths } = (await rig.server.inject({ url: '/openapi.json', headers: { host } })).json<{
      paths: Record<string, Record<string, Operation>>;
    }>();
    const writes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(
          ([method, { security }]) => method !== 'get' && !security.some((way) => 'operatorToken' in way),
        )
        .map(([method]) => `${method} ${path}`),
    );
    expect(writes.sort()).toEqual(SELF_PROVING);
  });
});

describe('every kind of answer', () => {
  it.each([
    '/',
    '/status',
    '/healthz',
    '/metrics',
    '/openapi.json',
    '/trust',
    '/trust/style.css',
    '/nothing',
    '/chunk/x',
    '/repair',
  ])('%s has all headers', async (url) => {
    await using rig = await relayRig({ care: new FakeCare() });
    const { headers } = await rig.server.inject({ url, headers: { host } });
    expect(headers).toMatchObject(SECURITY_HEADERS);
  });

  it('a refusal of a foreign host has them, too', async () => {
    await using rig = await relayRig();
    const answer = await rig.server.inject({ url: '/', headers: { host: 'evil.example' } });
    expect(answer.statusCode).toBe(403);
    expect(answer.headers).toMatchObject(SECURITY_HEADERS);
  });

  it('the interface’s page differs in styles only', async () => {
    await using rig = await relayRig();
    const { headers } = await rig.server.inject({ url: '/openapi', headers: { host } });
    const policy = String(headers['content-security-policy']);
    expect(policy.replace(" 'unsafe-inline'", '')).toBe(SECURITY_HEADERS['content-security-policy']);
    expect(policy).toContain("style-src 'self' 'unsafe-inline'");
  });

  it('what is no HTTP is answered with them', async () => {
    await using rig = await relayRig();
    await rig.server.listen({ port: 0, host: '127.0.0.1' });
    using client = await RawClient.connect(rig.server);
    client.send('\u0001\u0002 nonsense\r\n\r\n');
    const answer = await client.closed;
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    for (const [name, value] of Object.entries(SECURITY_HEADERS))
      expect(answer).toContain(`${name}: ${value}`);
  });
});
