/**
 * A hundred thousand requests, most of them damaged, to every endpoint of a relay that has another one beside it: none brings it
 * down, each is answered as the OpenAPI document says, and its memory does not grow with them.
 */
import { expect, it } from 'vitest';
import { fuzzEndpoints } from '../fuzz/endpoints/fuzz-endpoints.ts';
import { expectReached, expectServing, totalOf } from '../fuzz/endpoints/still-serves.ts';
import { median } from '../helpers/median.ts';
import { startRelays } from '../helpers/relays.ts';

/** Of 100 inputs, about 90 are HTTP requests, whole or damaged. */
const INPUTS = 115_000;
const REQUESTS = 100_000;
/**
 * Of both relays together, from the third fifth of the inputs to the last: by then, what is cached has been. V8 collects when it has
 * to and not before, so that the resident memory of a process that keeps nothing still moves by some ten MiB.
 */
const MAX_GROWTH_MIB = 64;
/** Of both together: some 600 MiB were measured where V8 had 24 GiB to be generous with. */
const MAX_MIB = 768;

it('gives a documented answer to whatever arrives, and keeps nothing of it', async () => {
  const seed = Date.now() % 2 ** 31;
  await using swarm = await startRelays(2);
  const report = await fuzzEndpoints(swarm, seed, INPUTS);
  const { inputs, statuses, residentMib } = report;
  const fifth = Math.floor(residentMib.length / 5);
  const [early, late] = [median(residentMib.slice(2 * fifth, 3 * fifth)), median(residentMib.slice(-fifth))];
  const rateLimited = totalOf(report, (status) => status === 429);
  console.log(JSON.stringify({ seed, inputs, rateLimited, early, late, most: Math.max(...residentMib) }));
  for (const [operation, counts] of statuses)
    console.log(operation, JSON.stringify(Object.fromEntries(counts)));

  expect(totalOf(report) - rateLimited).toBeGreaterThanOrEqual(REQUESTS);
  expectReached(report);
  await expectServing(swarm);
  expect(late - early).toBeLessThan(MAX_GROWTH_MIB);
  expect(Math.max(...residentMib)).toBeLessThan(MAX_MIB);
});
