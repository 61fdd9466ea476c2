import type { NetworkRelay, NetworkSnapshot, RelayEvent } from '../../../../web/state/engine-types.ts';

/** 64 hex characters. */
export function idOf(number: number): string {
  return number.toString(16).padStart(64, '0');
}

export function networkRelay(number: number, overrides: Partial<NetworkRelay> = {}): NetworkRelay {
  return {
    id: idOf(number),
    host: '192.168.1.2',
    port: 8000 + number,
    machine: 'm',
    capacityBytes: 1000,
    state: 'alive',
    distrusted: false,
    entry: false,
    report: { version: '0.1.0', used: 10, chunks: 1, restored: 0 },
    ...overrides,
  };
}

/** These relays, each linked to the next. */
export function snapshotOf(relays: readonly NetworkRelay[]): NetworkSnapshot {
  const links = relays.slice(1).map(({ id }, i) => ({ a: relays[i]?.id ?? '', b: id, mesh: true }));
  return { relays, links };
}

export function stored(chunk: number, relay: number, size = 100): RelayEvent {
  return { type: 'chunk-stored', at: 1, id: idOf(chunk), relay: idOf(relay), size };
}
