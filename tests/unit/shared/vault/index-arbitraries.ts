/** Histories of a vault that several devices change without waiting for each other. */
import fc from 'fast-check';
import { VaultIndex } from '../../../../shared/vault/vault-index.ts';
import { listFiles } from '../../../../shared/vault/index-tree.ts';
import type { EntryId } from '../../../../shared/vault/index-entry.ts';

export const DEVICES = 3;

export type Step =
  | {
      readonly do: 'add-file' | 'add-folder';
      readonly on: number;
      readonly into: number;
      readonly name: string;
    }
  | {
      readonly do: 'move';
      readonly on: number;
      readonly what: number;
      readonly into: number;
      readonly name: string;
    }
  | { readonly do: 'remove'; readonly on: number; readonly what: number }
  /** `on` learns some of what `from` knows. */
  | { readonly do: 'learn'; readonly on: number; readonly from: number; readonly share: number };

const device = fc.nat(DEVICES - 1);
const pick = fc.nat(1000);
/** Few, so that they collide. */
const name = fc.constantFrom('a', 'b', 'a (2)', 'a.txt', 'a (2).txt', 'Fotos 🏝');

export const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('add-file' as const), on: device, into: pick, name }),
    fc.record({ do: fc.constant('add-folder' as const), on: device, into: pick, name }),
    fc.record({ do: fc.constant('move' as const), on: device, what: pick, into: pick, name }),
    fc.record({ do: fc.constant('remove' as const), on: device, what: pick }),
    fc.record({
      do: fc.constant('learn' as const),
      on: device,
      from: device,
      share: fc.integer({ min: 1, max: 3 }),
    }),
  ),
  { maxLength: 60 },
);

export interface Played {
  readonly devices: readonly VaultIndex[];
  /** Files that some device added, and that none has removed. */
  readonly kept: ReadonlySet<EntryId>;
}

export function play(history: readonly Step[]): Played {
  const devices = Array.from({ length: DEVICES }, (_, i) => new VaultIndex(new Uint8Array(16).fill(i + 1)));
  const kept = new Set<EntryId>();
  for (const [count, step] of history.entries()) {
    const index = devices[step.on] ?? new VaultIndex(new Uint8Array(16));
    const all = [...index.entries()];
    const folders = [null, ...all.filter(({ kind }) => kind === 'folder').map(({ id }) => id)];
    const into = 'into' in step ? (folders[step.into % folders.length] ?? null) : null;
    const what = 'what' in step && all.length > 0 ? all[step.what % all.length]?.id : undefined;
    if (step.do === 'add-folder') index.addFolder(into, step.name);
    if (step.do === 'add-file') kept.add(index.addFile(into, step.name, newFile(count)));
    if (step.do === 'remove' && what !== undefined) {
      index.remove(what);
      kept.delete(what);
    }
    if (step.do === 'learn') {
      const theirs = [...(devices[step.from]?.entries() ?? [])];
      for (const [i, entry] of theirs.entries()) if (i % step.share === 0) index.merge(entry);
    }
    if (step.do === 'move' && what !== undefined && !isBelow(index, into, what))
      index.move(what, into, step.name);
  }
  return { devices, kept };
}

export function newFile(count: number) {
  return {
    manifest: count.toString(16).padStart(64, '0'),
    link: `lanvault:${count.toString(16).padStart(64, '0')}#${'A'.repeat(43)}`,
    size: count,
    type: 'text/plain',
    created: '2026-11-23T05:00:00Z',
  };
}

/** The index of a device that has heard everything from all, in the order given. */
export function mergeAll(indexes: readonly VaultIndex[]): VaultIndex {
  const merged = new VaultIndex(new Uint8Array(16).fill(99));
  for (const index of indexes) for (const entry of index.entries()) merged.merge(entry);
  return merged;
}

export function snapshot(index: VaultIndex): unknown {
  return [...index.entries()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

export function shownFiles(index: VaultIndex): { path: string; id: EntryId }[] {
  return listFiles(index.tree()).map(({ path, node }) => ({ path, id: node.id }));
}

/** Whether moving `what` into `into` would be refused. */
function isBelow(index: VaultIndex, into: EntryId | null, what: EntryId): boolean {
  const passed = new Set<EntryId>();
  for (let at = into; at !== null && !passed.has(at); at = index.get(at)?.place.parent ?? null) {
    if (at === what) return true;
    passed.add(at);
  }
  return false;
}
