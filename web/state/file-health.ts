/** What the number of copies means for a file, in words. */
import { REPLICAS } from '../../shared/limits.ts';

export interface FileHealth {
  readonly level: 'good' | 'degraded' | 'unknown';
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
        'This file came from a manifest, so how many copies the swarm holds is not known here. Open or download it to check that it is there.',
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
  return {
    level: 'degraded',
    copies,
    label,
    explanation: `${lossWords(copies)} Start more relays (${REPLICAS} or more), then upload the file again to get all ${REPLICAS} copies.`,
  };
}

function lossWords(copies: number): string {
  if (copies <= 1)
    return 'Degraded: only one copy of some parts exists. If that relay fails, the file is lost.';
  const spare = copies - 1;
  return `Degraded: fewer relays than wanted took this file. It survives the loss of ${spare === 1 ? 'one relay' : `${spare} relays`}.`;
}
