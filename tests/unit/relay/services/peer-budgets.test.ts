/** What one relay may ask of another for nothing: its floods are refused, and the others are still answered. */
import Type from 'typebox';
import { expect, it } from 'vitest';
import { rpcMethod } from '../../../../relay/services/rpc.ts';
import { AppError } from '../../../../shared/errors.ts';
import { MAX_IDS_PER_RPC, MAX_OFFERED_CHUNKS } from '../../../../shared/limits.ts';
import { VirtualSwarm } from '../../../helpers/virtual-swarm.ts';

const signal = new AbortController().signal;
const id = 'a'.repeat(64);

it.each([
  ['chunks.has', { ids: Array<string>(MAX_IDS_PER_RPC).fill(id) }],
  ['chunks.inventory', { after: '', limit: 200 }],
  ['care.surplus', { ids: Array<string>(MAX_OFFERED_CHUNKS).fill(id) }],
])('%s: a flood is refused, and starves nobody but its sender', async (name, params) => {
  await using swarm = await VirtualSwarm.start({ relays: 3 });
  await swarm.settled();
  const method = rpcMethod(name, Type.Unknown(), Type.Unknown());
  const ask = async (from: number): Promise<string> => {
    const asked = swarm.relay(from).core.network.rpc.call(swarm.relay(0).id, method, params, signal);
    return asked.then(
      () => 'answered',
      (cause: unknown) => AppError.from(cause).code,
    );
  };
  const flood = async (): Promise<Set<string>> => {
    const seen = new Set<string>();
    for (let sent = 0; sent < 1200 && seen.size < 2; sent += 20)
      for (const outcome of await Promise.all(Array.from({ length: 20 }, () => ask(1)))) seen.add(outcome);
    return seen;
  };
  expect(await swarm.during(flood())).toEqual(new Set(['answered', 'RATE_LIMITED']));
  expect(await swarm.during(ask(2))).toBe('answered');
  await swarm.run({ seconds: 5 });
  expect(await swarm.during(ask(1))).toBe('answered');
  expect(swarm.faults).toEqual([]);
});
