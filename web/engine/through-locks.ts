import { AppError } from '../../shared/errors.ts';
import type { SwarmGate } from './swarm-gate.ts';

/** Tries `work` again when a private swarm had turned the key away in between. Throws what `work` throws, `ABORTED`. */
export async function throughLocks<T>(
  gate: Pick<SwarmGate, 'locks' | 'whenOpen'>,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  for (;;) {
    await gate.whenOpen(signal);
    const { locks } = gate;
    try {
      return await work();
    } catch (cause) {
      if (gate.locks === locks || signal.aborted) throw AppError.from(cause);
    }
  }
}
