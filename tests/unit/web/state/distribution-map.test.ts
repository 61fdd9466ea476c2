import { describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { MAP_UNFOLDED_RELAYS } from '../../../../shared/limits.ts';
import { DistributionMap } from '../../../../web/state/distribution-map.svelte.ts';
import type { FileDistribution } from '../../../../web/state/engine-types.ts';
import type { ShownRelay } from '../../../../web/state/network-history.ts';
import { distributionOf, relayNumbered } from '../../shared/engine/distributions.ts';
import { storedFile } from './fake-engine.ts';
import { networkRelay } from './network-fixtures.ts';

const FILE = storedFile().manifestId;
const OTHER = storedFile().manifestId;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function shown(position: number, overrides: Partial<ShownRelay> = {}): ShownRelay {
  return {
    ...networkRelay(position, { machine: `alone ${position}`, host: `10.0.0.${position}` }),
    ...{ goneAtMs: null, joined: false, restoring: 0 },
    ...overrides,
  };
}

/** A map whose questions are answered with what `answer` gives then. */
function rig(first: FileDistribution) {
  const asked: { signal: AbortSignal; resolve: () => void; reject: (cause: unknown) => void }[] = [];
  const state = { answer: first, relays: Array.from({ length: 8 }, (_, i) => shown(i)) };
  const map = new DistributionMap(
    (_file, signal, onProgress) =>
      new Promise((resolve, reject) => {
        onProgress?.(1, 2);
        asked.push({ signal, resolve: () => resolve(state.answer), reject });
      }),
    () => state.relays,
  );
  return { map, asked, state };
}

const FIVE = [0, 1, 2, 3, 4];

describe('DistributionMap', () => {
  it('asks for the file that is shown, tells how far it is, and what came of it', async () => {
    const { map, asked } = rig(distributionOf([FIVE, [1, 2, 3, 4, 5]]));
    map.show(FILE);
    expect([map.asking, map.progress, map.distribution]).toEqual([true, { done: 1, total: 2 }, null]);
    asked[0]?.resolve();
    await settled();
    expect([map.asking, map.progress]).toEqual([false, null]);
    expect(map.check?.durability.fewestCopies).toBe(5);
    expect(map.hosts.map(({ name, chunks }) => `${name} ${chunks}`)).toEqual([
      '10.0.0.0 1',
      '10.0.0.1 2',
      '10.0.0.2 2',
      '10.0.0.3 2',
      '10.0.0.4 2',
      '10.0.0.5 1',
    ]);
    expect(map.enough).toBe(1);
  });

  it('asks again when the swarm changes, once more for all that changed meanwhile, and not for nothing', async () => {
    const { map, asked, state } = rig(distributionOf([FIVE]));
    map.heard(state.relays);
    map.show(FILE);
    asked[0]?.resolve();
    await settled();
    map.heard([...state.relays]);
    expect(asked).toHaveLength(1);
    map.heard(state.relays.slice(1));
    expect(asked).toHaveLength(2);
    map.heard(state.relays.slice(2));
    map.heard(state.relays.slice(3));
    expect(asked).toHaveLength(2);
    asked[1]?.resolve();
    await settled();
    expect(asked).toHaveLength(3);
    asked[2]?.resolve();
    await settled();
    expect([asked.length, map.asking]).toEqual([3, false]);
  });

  it('shows a holder that has gone, with what it had, and takes a loss back that has come true', async () => {
    const { map, asked, state } = rig(distributionOf([FIVE, FIVE]));
    map.show(FILE);
    asked[0]?.resolve();
    await settled();
    map.pretend(relayNumbered(2), true);
    expect(map.ifLost).toMatchObject({ short: 2, lost: 0 });
    const whole = distributionOf([FIVE, FIVE]);
    // At first it only does not answer.
    state.answer = {
      ...whole,
      silent: 1,
      chunks: whole.chunks.map(({ index }) => ({ index, holders: [0, 1, 3, 4] })),
    };
    void map.refresh();
    asked[1]?.resolve();
    await settled();
    state.answer = {
      ...whole,
      relays: whole.relays.slice(0, 2).concat(whole.relays.slice(3)),
      chunks: whole.chunks.map(({ index }) => ({ index, holders: [0, 1, 2, 3] })),
    };
    state.relays = state.relays.map((relay, i) =>
      i === 2 ? { ...relay, state: 'gone', goneAtMs: 1 } : relay,
    );
    void map.refresh();
    asked[2]?.resolve();
    await settled();
    expect(map.check?.durability).toMatchObject({ fewestCopies: 4, short: 2 });
    expect([map.ifLost, map.lostCount]).toEqual([null, 0]);
    expect(
      map.hosts.flatMap(({ relays }) => relays).map(({ state: is, chunks }) => `${is} ${chunks}`),
    ).toEqual(['alive 2', 'alive 2', 'gone 2', 'alive 2', 'alive 2']);
  });

  it('a host is lost with all its relays, and says so when only some are', async () => {
    const { map, asked } = rig(distributionOf([FIVE, [0, 1, 2]], [3, 2]));
    map.show(FILE);
    asked[0]?.resolve();
    await settled();
    expect(map.hosts.map(({ sole }) => sole)).toEqual([1, 0]);
    map.pretend(relayNumbered(0), true);
    expect(map.hosts.map(({ lost }) => lost)).toEqual(['some', 'none']);
    map.pretendHost('host 0', true);
    expect(map.hosts.map(({ lost }) => lost)).toEqual(['all', 'none']);
    expect(map.ifLost).toMatchObject({ lost: 1 });
    expect(map.copies).toEqual([2, 0]);
    // On top of that, whoever is left holds all that there is.
    expect(map.hosts[1]?.sole).toBe(1);
    map.loseNothing();
    expect([map.ifLost, map.lostCount]).toEqual([null, 0]);
  });

  it('marks who holds the part that was chosen', async () => {
    const { map, asked } = rig(distributionOf([[0], [1, 2]]));
    map.show(FILE);
    map.chosenChunk = 9;
    expect(map.chosenChunk).toBeNull();
    asked[0]?.resolve();
    await settled();
    expect(map.chosenChunk).toBe(1);
    const chosen = map.hosts.flatMap(({ relays }) => relays).filter((relay) => relay.chosen);
    expect(chosen.map(({ id }) => id)).toEqual([relayNumbered(1), relayNumbered(2)]);
  });

  it('begins with hosts where relays are many, and lets them be opened', async () => {
    const many = Array.from({ length: MAP_UNFOLDED_RELAYS + 1 }, (_, i) => [i]);
    const { map, asked } = rig(distributionOf(many, [MAP_UNFOLDED_RELAYS, 1]));
    map.show(FILE);
    asked[0]?.resolve();
    await settled();
    expect([map.isFolded('host 0'), map.isFolded('host 1')]).toEqual([true, false]);
    map.fold('host 0', false);
    expect(map.isFolded('host 0')).toBe(false);
  });

  it('says why it could not be found out, keeps what it knew, and tries again', async () => {
    const { map, asked } = rig(distributionOf([FIVE]));
    map.show(FILE);
    asked[0]?.resolve();
    await settled();
    void map.refresh();
    asked[1]?.reject(new AppError('UNAVAILABLE', 'Gone.'));
    await settled();
    expect([map.problem?.code, map.distribution === null]).toEqual(['UNAVAILABLE', false]);
    void map.refresh();
    asked[2]?.resolve();
    await settled();
    expect(map.problem).toBeNull();
  });

  it('another file ends the question about the first, and so does leaving', async () => {
    const { map, asked, state } = rig(distributionOf([FIVE]));
    map.show(FILE);
    map.show(OTHER);
    expect(asked[0]?.signal.aborted).toBe(true);
    asked[0]?.resolve();
    await settled();
    expect(map.distribution).toBeNull();
    state.answer = distributionOf([[0]]);
    asked[1]?.resolve();
    await settled();
    expect([map.file, map.check?.durability.fewestCopies]).toEqual([OTHER, 1]);
    void map.refresh();
    map[Symbol.dispose]();
    expect(asked[2]?.signal.aborted).toBe(true);
  });
});
