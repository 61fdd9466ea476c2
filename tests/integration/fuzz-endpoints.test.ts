/** A few damaged inputs for every endpoint of a relay; test:long has a hundred thousand. */
import { expect, it } from 'vitest';
import { fuzzEndpoints } from '../fuzz/endpoints/fuzz-endpoints.ts';
import { expectReached, expectServing } from '../fuzz/endpoints/still-serves.ts';
import { startRelays } from '../helpers/relays.ts';

const SEED = 20_261_124;
const INPUTS = 2000;

it('answers as documented whatever arrives over HTTP, WebSocket, links and datagrams, and serves on', async () => {
  await using swarm = await startRelays(2);
  const report = await fuzzEndpoints(swarm, SEED, INPUTS);
  for (const [kind, count] of Object.entries(report.inputs)) expect(count, kind).toBeGreaterThan(0);
  expectReached(report);
  await expectServing(swarm);
});
