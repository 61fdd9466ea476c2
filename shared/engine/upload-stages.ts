/** Where the blocks of an upload are at one moment. */
import { REPLICAS } from '../limits.ts';
import type { PlacementState } from './placer.ts';

export interface UploadStages {
  /** Compared with what an earlier run has stored. */
  readonly checking: number;
  /** Being compressed and encrypted, or done with it and waiting for a place on the network. */
  readonly sealing: number;
  readonly sending: number;
  /** Offered to every relay that is up, with copies missing still: tried again after a pause. */
  readonly waiting: number;
  /** Copies so far of the chunk under way that has the fewest of those with any; null where each has none or all. */
  readonly fewestCopies: number | null;
}

type BlockStage = 'checking' | 'sealing' | PlacementState;

/** Counts blocks by stage. */
export class StageCounts {
  readonly #blocks = new Map<number, BlockStage>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  enter(index: number, stage: BlockStage): void {
    this.#blocks.set(index, stage);
    this.#onChange();
  }

  /** The caller tells of what it left for. */
  leave(index: number): void {
    this.#blocks.delete(index);
  }

  snapshot(): UploadStages {
    const counts = { checking: 0, sealing: 0, sending: 0, waiting: 0 };
    let fewestCopies: number | null = null;
    for (const stage of this.#blocks.values()) {
      if (typeof stage === 'string') {
        counts[stage]++;
        continue;
      }
      counts[stage.waiting ? 'waiting' : 'sending']++;
      if (stage.copies > 0 && stage.copies < REPLICAS)
        fewestCopies = Math.min(fewestCopies ?? REPLICAS, stage.copies);
    }
    return { ...counts, fewestCopies };
  }
}
