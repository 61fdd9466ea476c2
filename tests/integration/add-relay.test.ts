/** `POST /peers` on real relays that cannot hear each other's beacons: after it, each lists the other. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { RelayProcess } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';

async function lonelyRelay(): Promise<{ relay: RelayProcess; token: string } & AsyncDisposable> {
  const dir = await mkdtemp(path.join(tmpdir(), 'lanvault-add-'));
  const relay = await RelayProcess.start({ dir, discoveryPort: 0 });
  const token = (await readFile(path.join(dir, 'operator.token'), 'utf8')).trim();
  return {
    relay,
    token,
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function add({ url }: RelayProcess, token: string, address: string): Promise<Response> {
  return fetch(`${url}/peers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ address }),
  });
}

const idsOf = async (relay: RelayProcess): Promise<string[]> =>
  (await relay.peers()).map(({ id }) => id).sort();

test('two relays that do not hear of each other become one swarm by an address, and by their operator only', async () => {
  await using here = await lonelyRelay();
  await using there = await lonelyRelay();
  const address = `127.0.0.1:${String(there.relay.port)}`;
  expect(await idsOf(here.relay)).toEqual([here.relay.id]);

  for (const token of ['', there.token]) expect((await add(here.relay, token, address)).status).toBe(403);
  expect(await idsOf(there.relay)).toEqual([there.relay.id]);

  const answer = await add(here.relay, here.token, address);
  expect([answer.status, await answer.json()]).toEqual([
    200,
    { id: there.relay.id, host: '127.0.0.1', port: there.relay.port, known: false },
  ]);
  const both = [here.relay.id, there.relay.id].sort();
  await until(async () => {
    const lists = await Promise.all([idsOf(here.relay), idsOf(there.relay)]);
    return lists.every((ids) => ids.join() === both.join());
  }, 'each lists the other');

  expect(await (await add(here.relay, here.token, there.relay.url)).json()).toMatchObject({ known: true });
  expect((await add(here.relay, here.token, here.relay.url)).status).toBe(409);
  expect((await add(here.relay, here.token, '127.0.0.1:1')).status).toBe(503);
});
