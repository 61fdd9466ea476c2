import { describe, expect, it } from 'vitest';
import { EventBus } from '../../../../relay/services/events.ts';
import { Gossip } from '../../../../relay/services/gossip/gossip.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { RelayId } from '../../../../shared/ids.ts';
import { GOSSIP_BURST_ITEMS, GOSSIP_TRIES, MAX_GOSSIP_QUEUE } from '../../../../shared/limits.ts';
import { silentLog } from '../fixtures.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { MemorySet, Wires, idOfValue, relayId } from './memory-set.ts';

interface Node {
  readonly id: RelayId;
  readonly set: MemorySet;
  readonly gossip: Gossip;
}

/** `count` relays, each a neighbour of the next two, and linked to the one opposite. */
function ring(count: number) {
  const wires = new Wires();
  const clock = new VirtualClock();
  const stop = new AbortController();
  const nodes: Node[] = Array.from({ length: count }, (_, i) => {
    const at = (offset: number): RelayId => relayId((i + offset + count) % count);
    const neighbours = [at(-2), at(-1), at(1), at(2)];
    const id = relayId(i);
    const gossip = new Gossip({
      mesh: { neighbours: () => neighbours, linked: () => [...neighbours, at(count / 2)] },
      members: () => neighbours,
      rpc: wires.rpc(id),
      router: wires.router(id),
      clock,
      events: new EventBus(() => 0),
      log: silentLog,
      random: () => 0.5,
      stopped: stop.signal,
    });
    const set = new MemorySet();
    gossip.share(set);
    return { id, set, gossip };
  });
  const publish = ({ set, gossip }: Node, ...values: string[]): void => {
    for (const value of values) set.insert(idOfValue(value), value);
    gossip.spread('values', values.map(idOfValue), null);
  };
  const [first] = nodes;
  if (first === undefined) throw new Error('A ring of none.');
  return { wires, clock, stop, nodes, first, publish };
}

describe('news', () => {
  it('reaches everybody within a second by push alone, and then the wires are silent', async () => {
    const { wires, clock, nodes, first, publish } = ring(20);
    publish(first, 'a', 'b');
    await clock.advance(1000);
    for (const { set } of nodes) expect(set.ids).toHaveLength(2);
    const soFar = wires.requests.length;
    // Each hands it on once: to three neighbours, and by id to one more.
    expect(soFar).toBeLessThanOrEqual(20 * 5);
    await clock.advance(60_000);
    expect(wires.requests).toHaveLength(soFar);
  });

  it('is tried a few times, then left to a comparison, and does not wait for relays out of reach', async () => {
    const { wires, clock, nodes, first, publish } = ring(8);
    const gone = relayId(1);
    wires.down.add(gone);
    publish(first, 'a');
    await clock.advance(10_000);
    for (const { set, id } of nodes) expect(set.ids).toHaveLength(id === gone ? 0 : 1);
    const tries = wires.requests.filter(({ from, to }) => from === first.id && to === gone);
    expect(tries).toHaveLength(GOSSIP_TRIES);
    wires.down.delete(gone);
    for (const { gossip } of nodes) gossip.start();
    await clock.advance(1000);
    expect(nodes[1]?.set.ids).toHaveLength(1);
  });

  it('that is more than a peer’s line takes is found by the next comparison', async () => {
    const { clock, nodes, first, publish } = ring(4);
    for (const { gossip } of nodes) gossip.start();
    await clock.advance(1000);
    publish(first, ...Array.from({ length: MAX_GOSSIP_QUEUE + 500 }, (_, i) => `value ${String(i)}`));
    // Digests give way to other work, which takes turns of the event loop and not of this clock.
    const haveAll = (): boolean => nodes.every(({ set }) => set.ids.length === MAX_GOSSIP_QUEUE + 500);
    for (let step = 0; step < 2000 && !haveAll(); step++) await clock.advance(25);
    for (const { set } of nodes) expect(set.ids).toHaveLength(MAX_GOSSIP_QUEUE + 500);
  }, 120_000);

  it('ends with the relay', async () => {
    const { wires, clock, first, publish, stop } = ring(4);
    publish(first, 'a');
    stop.abort();
    await clock.advance(60_000);
    expect(wires.requests).toEqual([]);
    publish(first, 'b');
    await clock.advance(60_000);
    expect(wires.requests).toEqual([]);
  });
});

describe('a hostile peer', () => {
  const stranger = relayId(99);
  async function say(name: string, params: unknown) {
    const { wires, first } = ring(4);
    first.set.insert(idOfValue('a'), 'a');
    const router = wires.routers.get(first.id);
    if (router === undefined) throw new Error('No router.');
    const ask = (what: unknown): Promise<unknown> =>
      router.answer(name, what, stranger, new AbortController().signal);
    const answer = await ask(params).catch((error: unknown) => AppError.from(error).code);
    return { answer, ask, set: first.set };
  }
  const id = idOfValue('a');

  it.each([
    ['gossip.push', { set: 'values', items: ['junk'] }],
    ['gossip.push', { set: 'values', items: Array(257).fill({ value: 'x' }) }],
    ['gossip.push', { set: 'values' }],
    ['gossip.have', { set: 'values', ids: ['x'] }],
    ['gossip.have', { set: 'values', ids: Array(513).fill(id) }],
    ['gossip.want', { set: 'values', ids: [`${id}0`] }],
    ['gossip.compare', { set: 'values', ranges: [{ prefix: 'zz', digest: id }] }],
    ['gossip.compare', { set: 'values', ranges: [{ prefix: 'a'.repeat(17), digest: id }] }],
    ['gossip.compare', { set: 'values', ranges: Array(25).fill({ prefix: '', digest: id }) }],
    ['gossip.compare', null],
  ])('is refused malformed messages: %s %#', async (name, params) => {
    const { answer, set } = await say(name, params);
    expect(answer).toBe('BAD_INPUT');
    expect(set.ids).toEqual([id]);
  });

  it('is told that a set is not shared, and each item once', async () => {
    expect((await say('gossip.push', { set: 'secrets', items: [] })).answer).toBe('UNSUPPORTED');
    const { answer } = await say('gossip.want', { set: 'values', ids: [id, id, id] });
    expect(answer).toEqual({ items: [{ value: 'a' }] });
  });

  it('is refused when it floods, until time has passed', async () => {
    const { ask, set } = await say('gossip.have', { set: 'values', ids: [] });
    const ids = Array<string>(500).fill('0'.repeat(64));
    let taken = 0;
    let refused = '';
    while (refused === '' && taken < 1000) {
      taken++;
      refused = await ask({ set: 'values', ids }).then(
        () => '',
        (error: unknown) => AppError.from(error).code,
      );
    }
    expect(refused).toBe('RATE_LIMITED');
    expect(taken * 500).toBeLessThanOrEqual(GOSSIP_BURST_ITEMS + 500);
    expect(set.ids).toEqual([id]);
  });
});
