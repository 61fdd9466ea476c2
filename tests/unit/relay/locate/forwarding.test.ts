import { describe, expect, it } from 'vitest';
import { Forwarding } from '../../../../relay/services/locate/forwarding.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import type { PeerRpc } from '../../../../relay/services/rpc.ts';
import { AppError, abortError } from '../../../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../../../shared/ids.ts';
import { FORWARDS_PER_SECOND, MAX_FORWARD_HOPS } from '../../../../shared/limits.ts';
import { parseWith } from '../../../../shared/protocol/schemas.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { sampleChunk } from '../fixtures.ts';
import { idFor } from '../dht/dht-rig.ts';

const signal = new AbortController().signal;

interface MeshRelay {
  readonly id: RelayId;
  readonly router: RpcRouter;
  readonly forwarding: Forwarding;
  readonly held: Set<ChunkId>;
  readonly neighbours: RelayId[];
  /** Requests that came in. */
  asked: number;
  silent: boolean;
}

/** Relays that each ask the ones that `linksOf` names. */
function mesh(
  count: number,
  linksOf: (index: number) => number[],
): { relays: MeshRelay[]; clock: VirtualClock } {
  const clock = new VirtualClock();
  const relays: MeshRelay[] = [];
  const byId = new Map<RelayId, MeshRelay>();
  for (let index = 0; index < count; index++) {
    const id = idFor(index);
    const router = new RpcRouter();
    const held = new Set<ChunkId>();
    const neighbours = linksOf(index).map((other) => idFor((other + count) % count));
    const rpc: PeerRpc = {
      async call(to, method, params, either) {
        const target = byId.get(to);
        if (target === undefined) throw new AppError('UNAVAILABLE', 'No such relay.');
        target.asked++;
        if (target.silent)
          return new Promise((_, reject) =>
            either.addEventListener('abort', () => reject(abortError(either))),
          );
        return parseWith(
          method.result,
          await target.router.answer(method.name, params, id, either),
          'An answer',
        );
      },
    };
    const forwarding = new Forwarding({
      ...{ self: id, mesh: { neighbours: () => neighbours }, has: (chunk) => held.has(chunk) },
      ...{ rpc, router, clock },
    });
    const relay = { id, router, forwarding, held, neighbours, asked: 0, silent: false };
    relays.push(relay);
    byId.set(id, relay);
  }
  return { relays, clock };
}

const line = (index: number): number[] => [index - 1, index + 1];

function only(relays: readonly MeshRelay[], index: number): MeshRelay {
  const relay = relays[index];
  if (relay === undefined) throw new Error('No such relay.');
  return relay;
}

describe('asking around', () => {
  it('reaches who is as far as the hops allow, and nobody beyond', async () => {
    for (const [distance, isFound] of [
      [1, true],
      [MAX_FORWARD_HOPS, true],
      [MAX_FORWARD_HOPS + 1, false],
    ] as const) {
      const { relays } = mesh(40, line);
      const { id } = sampleChunk();
      only(relays, distance).held.add(id);
      expect(await only(relays, 0).forwarding.find(id, signal)).toEqual(isFound ? [idFor(distance)] : []);
      expect(only(relays, MAX_FORWARD_HOPS + 1).asked).toBe(0);
    }
  });

  it('asks nobody, and leaves no failure behind, for a client that has gone already', async () => {
    const { relays } = mesh(3, line);
    const { id } = sampleChunk();
    const gone = AbortSignal.abort();
    const lost: unknown[] = [];
    const onLost = (cause: unknown): void => void lost.push(cause);
    // Such a failure ends a relay's process.
    process.on('unhandledRejection', onLost);
    try {
      only(relays, 1).silent = true;
      await expect(only(relays, 0).forwarding.find(id, gone)).rejects.toMatchObject({ code: 'ABORTED' });
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', onLost);
    }
    expect(lost).toEqual([]);
    expect(only(relays, 1).asked).toBe(0);
  });

  it('reaches everybody in a mesh of fifty, and nobody passes a question on more often than it has hops', async () => {
    const { relays } = mesh(50, (index) => [index - 1, index + 1, index * 3 + 7, index * 5 + 11]);
    const { id } = sampleChunk();
    expect(await only(relays, 0).forwarding.find(id, signal)).toEqual([]);
    for (const { asked } of relays.slice(1)) expect(asked).toBeGreaterThan(0);
    expect(relays.reduce((sum, { asked }) => sum + asked, 0)).toBeLessThanOrEqual(50 * 4 * MAX_FORWARD_HOPS);
    only(relays, 33).held.add(id);
    expect(await only(relays, 0).forwarding.find(id, signal)).toEqual([idFor(33)]);
  });

  it('does not wait for relays that are silent when another answers, and not for ever when none does', async () => {
    const { relays, clock } = mesh(10, line);
    const { id } = sampleChunk();
    only(relays, 9).silent = true;
    only(relays, 2).held.add(id);
    expect(await only(relays, 0).forwarding.find(id, signal)).toEqual([idFor(2)]);
    const other = sampleChunk().id;
    const found = only(relays, 0).forwarding.find(other, signal);
    for (let i = 0; i < 8; i++) await clock.advance(500);
    expect(await found).toEqual([]);
  });

  it('ends with who asks', async () => {
    const { relays } = mesh(10, line);
    for (const relay of relays.slice(1)) relay.silent = true;
    const caller = new AbortController();
    const found = only(relays, 0).forwarding.find(sampleChunk().id, caller.signal);
    caller.abort();
    await expect(found).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('takes so much of one peer and no more, and no question that travels too far', async () => {
    const { relays, clock } = mesh(10, line);
    const { router } = only(relays, 0);
    const ask = (query: number, hops: number): Promise<unknown> =>
      router.answer(
        'locate.forward',
        { id: sampleChunk().id, query: query.toString(16).padStart(32, '0'), hops },
        idFor('flooder'),
        signal,
      );
    await expect(ask(1, MAX_FORWARD_HOPS)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    for (let i = 0; i < FORWARDS_PER_SECOND; i++) expect(await ask(i, 0)).toEqual({ relays: [] });
    await expect(ask(1000, 0)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(only(relays, 1).asked).toBe(0);
    await clock.advance(1000);
    expect(await ask(1001, 0)).toEqual({ relays: [] });
  });
});
