/** What the number of copies means for a file, in words: as its upload counted them, or as the swarm says now. */
import { REPLICAS } from '../../shared/limits.ts';
import type { LiveCheck } from './live-check.ts';

export interface FileHealth {
  readonly level: 'good' | 'degraded' | 'lost' | 'unknown';
  /** Copies to draw, 0 to `REPLICAS`. */
  readonly copies: number;
  /** Short enough for a badge. */
  readonly label: string;
  /** What it means and what to do. */
  readonly explanation: string;
}

/** `minReplicas`: copies of the chunk with the fewest; null where the holders are not known. */
export function fileHealth(minReplicas: number | null): FileHealth {
  if (minReplicas === null) {
    return {
      level: 'unknown',
      copies: 0,
      label: 'Imported',
      explanation:
        'This file came from a manifest, so how many copies the swarm holds is not known here yet. Check now to find out.',
    };
  }
  const copies = Math.max(0, Math.min(minReplicas, REPLICAS));
  const label = `${copies} of ${REPLICAS}`;
  if (copies >= REPLICAS) {
    return {
      level: 'good',
      copies,
      label,
      explanation: `Every part of this file was stored on ${REPLICAS} different relays. Any ${REPLICAS - 1} of them may fail and the file is still yours.`,
    };
  }
  return { level: 'degraded', copies, label, explanation: `${lossWords(copies)} ${MORE_RELAYS}` };
}

/** What the swarm said a moment ago. */
export function checkedHealth(check: LiveCheck): FileHealth {
  const { fewestCopies } = check.durability;
  const copies = Math.min(fewestCopies, REPLICAS);
  const level = copies === 0 ? 'lost' : copies < REPLICAS ? 'degraded' : 'good';
  return { level, copies, label: `${copies} of ${REPLICAS}`, explanation: checkWords(check) };
}

/** `Survives any 4 relays or any 2 machines failing.` Null when a part cannot be read now. */
export function survivalWords({
  durability: { spareRelays, spareHosts },
}: Pick<LiveCheck, 'durability'>): string | null {
  if (spareRelays === null || spareHosts === null) return null;
  if (spareRelays === 0) return 'If one relay fails, parts of it may be lost.';
  const relays = counted(spareRelays, 'relay');
  return spareHosts === 0
    ? `Survives any ${relays} failing, but not any machine: all copies of some parts are on the same one.`
    : `Survives any ${relays} or any ${counted(spareHosts, 'machine')} failing.`;
}

function checkWords(check: LiveCheck): string {
  const { durability, chunksAsked, chunkCount, silent } = check;
  if (chunkCount === 0) return 'This file is empty: there is nothing that could be lost.';
  const words = [
    survivalWords(check) ??
      `${partsOf(durability.lost, chunksAsked)} on no relay that answers: switch on the machines that hold the file.`,
  ];
  const short = durability.short - durability.lost;
  if (short > 0)
    words.push(`${partsOf(short, chunksAsked)} on fewer than ${REPLICAS} relays. ${MORE_RELAYS}`);
  else if (durability.lost === 0 && durability.spareHosts === 0)
    words.push('Run relays on other machines as well.');
  if (silent > 0) words.push(`${counted(silent, 'relay')} did not answer in time: there may be more copies.`);
  if (chunksAsked < chunkCount)
    words.push(`${chunksAsked.toLocaleString()} of its ${chunkCount.toLocaleString()} parts were looked at.`);
  return words.join(' ');
}

const MORE_RELAYS = `Keep ${REPLICAS} or more relays running: they make the missing copies by themselves.`;

function partsOf(count: number, all: number): string {
  if (count === all) return all === 1 ? 'Its only part is' : 'All of its parts are';
  return `${count.toLocaleString()} of ${all.toLocaleString()} parts ${count === 1 ? 'is' : 'are'}`;
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString()} ${what}${count === 1 ? '' : 's'}`;
}

function lossWords(copies: number): string {
  if (copies <= 1)
    return 'Degraded: only one copy of some parts exists. If that relay fails, the file is lost.';
  const spare = copies - 1;
  return `Degraded: fewer relays than wanted took this file. It survives the loss of ${spare === 1 ? 'one relay' : `${spare} relays`}.`;
}
