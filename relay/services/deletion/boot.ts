/** Opens the serving gate: when one comparison with a peer has ended well, or when waiting for it makes no sense any more. */
import { BOOT_LONELY_MS, BOOT_PATIENCE_MS } from '../../../shared/limits.ts';
import type { AntiEntropy } from '../gossip/anti-entropy.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../ports.ts';
import type { ServingGate } from './serving-gate.ts';

const LOOK_MS = 250;

export interface BootParts {
  readonly gate: ServingGate;
  readonly antiEntropy: Pick<AntiEntropy, 'firstRound' | 'hasPeers'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopped: AbortSignal;
}

/** Call it once, when the relay is announced. */
export function watchBoot({ gate, antiEntropy, clock, log, stopped }: BootParts): void {
  if (gate.isOpen) return;
  const over = new AbortController();
  const startedAt = clock.now();
  let lonelySince = startedAt;
  const open = (why: string): void => {
    over.abort();
    gate.open();
    log.info({ afterMs: Math.round(clock.now() - startedAt) }, why);
  };
  void antiEntropy.firstRound.then(() => {
    if (!gate.isOpen) open('Caught up with what was deleted: chunks are served');
  });
  clock.every(
    LOOK_MS,
    () => {
      const now = clock.now();
      if (antiEntropy.hasPeers) lonelySince = now;
      if (now - lonelySince >= BOOT_LONELY_MS) open('No other relay is there: chunks are served');
      else if (now - startedAt >= BOOT_PATIENCE_MS)
        open('No other relay compares its deletions with this one: chunks are served all the same');
    },
    AbortSignal.any([stopped, over.signal]),
  );
}
