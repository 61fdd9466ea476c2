import { describe, expect, it } from 'vitest';
import {
  MAX_LOG_LINES_DRAWN,
  MAX_LOG_LINES_PER_KIND,
  MAX_TRAFFIC_CHUNKS,
  MAX_TRAFFIC_RELAYS,
  TRAFFIC_WINDOW_MS,
} from '../../../../shared/limits.ts';
import { Activity } from '../../../../web/state/activity.svelte.ts';
import type { RelayEvent } from '../../../../web/state/engine-types.ts';
import { FakeNetwork } from './fake-engine.ts';
import { idOf, stored } from './network-fixtures.ts';

function rig(): {
  port: FakeNetwork;
  activity: Activity;
  happen: (...events: RelayEvent[]) => void;
  wait: (ms: number) => void;
} {
  const port = new FakeNetwork();
  let nowMs = 5000;
  const activity = new Activity(port, () => nowMs);
  return {
    port,
    activity,
    happen: (...events) => port.events.set({ events, missed: 0, live: true }),
    wait: (ms) => {
      nowMs += ms;
      activity.tick();
    },
  };
}

const left = (relay: number): RelayEvent => ({ type: 'peer-left', at: 1, id: idOf(relay) });
const types = ({ lines }: Activity): string[] => lines.map(({ event }) => event.type);

describe('the log', () => {
  it('lists the newest first, one line for all copies of a chunk', () => {
    const { activity, happen } = rig();
    happen(stored(1, 1), stored(1, 2), left(9));
    happen(stored(1, 3), stored(1, 3), stored(2, 1));
    expect(types(activity)).toEqual(['chunk-stored', 'peer-left', 'chunk-stored']);
    expect(activity.lines.at(-1)).toMatchObject({ relays: [idOf(1), idOf(2), idOf(3)], count: 4 });
    expect(activity.live).toBe(true);
  });

  it('is bounded, and chunks do not push a failure out', () => {
    const { activity, happen } = rig();
    happen(left(1));
    for (let chunk = 0; chunk < 3 * MAX_LOG_LINES_PER_KIND; chunk++) happen(stored(chunk, 1));
    expect(activity.lines).toHaveLength(MAX_LOG_LINES_DRAWN);
    activity.kind = 'relays';
    expect(types(activity)).toEqual(['peer-left']);
    activity.kind = 'links';
    expect(activity.lines).toEqual([]);
  });

  it('stands still while paused, says how much came, and goes on without loss', () => {
    const { activity, happen } = rig();
    happen(left(1));
    activity.pause();
    happen(left(2), stored(1, 1));
    expect(activity.paused).toBe(true);
    expect(types(activity)).toEqual(['peer-left']);
    expect(activity.heldBack).toBe(2);
    activity.goOn();
    expect(types(activity)).toEqual(['chunk-stored', 'peer-left', 'peer-left']);
    activity.pause();
    expect(activity.heldBack).toBe(0);
    activity.clear();
    expect(activity.lines).toEqual([]);
  });

  it('counts what came too fast', () => {
    const { activity, port } = rig();
    port.events.set({ events: [], missed: 7, live: true });
    port.events.set({ events: [], missed: 3, live: false });
    expect(activity.missed).toBe(10);
    expect(activity.live).toBe(false);
    activity.clear();
    expect(activity.missed).toBe(0);
  });

  it('hears nothing any more once it is disposed of', () => {
    const { activity, port } = rig();
    activity[Symbol.dispose]();
    expect(port.events.watchers.size).toBe(0);
  });
});

describe('the traffic', () => {
  it('tells which chunk went to which relays, each copy once', () => {
    const { activity, happen } = rig();
    happen(stored(1, 1), stored(1, 2), stored(1, 2), stored(2, 1));
    expect(activity.chunks).toEqual([
      { id: idOf(2), sizeBytes: 100, relays: [idOf(1)] },
      { id: idOf(1), sizeBytes: 100, relays: [idOf(1), idOf(2)] },
    ]);
    expect(activity.relays.map(({ relay, chunks, bytes }) => ({ relay, chunks, bytes }))).toEqual([
      { relay: idOf(1), chunks: 2, bytes: 200 },
      { relay: idOf(2), chunks: 1, bytes: 100 },
    ]);
  });

  it('tells the mean throughput of the last seconds, which falls to nothing', () => {
    const { activity, happen, wait } = rig();
    const speed = (): number | undefined => activity.relays[0]?.bytesPerSecond;
    happen(stored(1, 1, 600));
    wait(4000);
    happen(stored(2, 1, 400));
    expect(speed()).toBe(1000 / (TRAFFIC_WINDOW_MS / 1000));
    wait(TRAFFIC_WINDOW_MS - 4000);
    expect(speed()).toBe(400 / (TRAFFIC_WINDOW_MS / 1000));
    wait(4000);
    expect(speed()).toBe(0);
    expect(activity.relays[0]).toMatchObject({ chunks: 2, bytes: 1000 });
  });

  it('remembers a bounded number of chunks and relays', () => {
    const { activity, happen } = rig();
    for (let i = 0; i < MAX_TRAFFIC_RELAYS + 5; i++) happen(stored(i, i));
    expect(activity.chunks).toHaveLength(MAX_TRAFFIC_CHUNKS);
    expect(activity.relays).toHaveLength(MAX_TRAFFIC_RELAYS);
    expect(activity.relays.some(({ relay }) => relay === idOf(0))).toBe(false);
  });
});
