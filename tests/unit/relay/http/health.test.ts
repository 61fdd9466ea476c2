import { expect, it } from 'vitest';
import { parseSwarmKey } from '../../../../shared/protocol/swarm-key.ts';
import { OPERATOR_TOKEN } from '../fake-care.ts';
import { relayRig } from '../relay-rig.ts';

it('a relay that still learns what was deleted lives, and is not ready', async () => {
  await using rig = await relayRig({ startsClosed: true });
  const alive = await rig.server.inject('/healthz');
  expect([alive.statusCode, alive.json()]).toEqual([200, { alive: true }]);
  const early = await rig.server.inject('/readyz');
  expect(early.statusCode).toBe(503);
  expect(early.json()).toMatchObject({ error: { code: 'UNAVAILABLE' } });
  rig.gate.open();
  const ready = await rig.server.inject('/readyz');
  expect([ready.statusCode, ready.json()]).toEqual([200, { ready: true, storage: 'ok' }]);
  expect(ready.headers['cache-control']).toBe('no-store');
});

it('says that a full relay is ready, and takes nothing', async () => {
  await using rig = await relayRig({ capacityBytes: 1000 });
  expect((await rig.server.inject('/readyz')).json()).toEqual({ ready: true, storage: 'full' });
});

it('answers a supervisor of a private swarm’s relay, who has no session', async () => {
  await using rig = await relayRig({ swarmKey: parseSwarmKey('A'.repeat(43) + '=') });
  expect((await rig.server.inject('/status')).statusCode).toBe(401);
  for (const url of ['/healthz', '/readyz']) expect((await rig.server.inject(url)).statusCode).toBe(200);
});

it('gives a private swarm’s metrics to the operator’s monitoring, and nothing else', async () => {
  await using rig = await relayRig({ swarmKey: parseSwarmKey('A'.repeat(43) + '=') });
  const get = async (url: string, token: string): Promise<number> =>
    (await rig.server.inject({ url, headers: { authorization: `Bearer ${token}` } })).statusCode;
  expect(await get('/metrics', OPERATOR_TOKEN)).toBe(200);
  expect(await get('/metrics', 'ab'.repeat(32))).toBe(401);
  expect(await get('/chunks', OPERATOR_TOKEN)).toBe(401);
});
