import { describe, expect, it } from 'vitest';
import {
  VAULT_PUBLISH_DELAY_MS,
  VAULT_READ_INTERVAL_MS,
  VAULT_RETRY_FIRST_MS,
} from '../../../../../shared/limits.ts';
import { VaultRounds } from '../../../../../web/engine/vault/vault-rounds.ts';
import { VirtualClock } from '../../../shared/engine/virtual-clock.ts';

class Page extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';

  turn(state: DocumentVisibilityState): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

/** Runs for so long; gives when rounds began. */
async function run(
  forMs: number,
  {
    page = new Page(),
    outcome = () => true,
    urgent = false,
  }: {
    page?: Page;
    outcome?: (round: number) => boolean;
    urgent?: boolean;
  },
  meanwhile: (rounds: VaultRounds, clock: VirtualClock) => Promise<void> = () => Promise.resolve(),
): Promise<number[]> {
  const clock = new VirtualClock();
  const began: number[] = [];
  const rounds = new VaultRounds({
    clock,
    page,
    round: () => {
      began.push(clock.now());
      return Promise.resolve(outcome(began.length));
    },
    isUrgent: () => urgent,
    onError: () => undefined,
  });
  const signal = new AbortController().signal;
  const end = clock.sleep(forMs, signal).then(() => rounds.dispose());
  await clock.run(Promise.all([rounds.run(), end, meanwhile(rounds, clock)]));
  return began;
}

describe('when devices are compared', () => {
  it('at once, then every so often while somebody looks', async () => {
    expect(await run(2 * VAULT_READ_INTERVAL_MS, {})).toEqual([0, VAULT_READ_INTERVAL_MS]);
  });

  it('not while nobody looks, unless something waits to be published', async () => {
    const page = new Page();
    page.visibilityState = 'hidden';
    expect(await run(60_000, { page })).toEqual([]);
    expect((await run(VAULT_READ_INTERVAL_MS, { page, urgent: true })).length).toBeGreaterThan(0);
  });

  it('soon after a change, changes of a moment together', async () => {
    const began = await run(VAULT_READ_INTERVAL_MS, {}, async (rounds, clock) => {
      const { signal } = new AbortController();
      await clock.sleep(5000, signal);
      rounds.soon();
      await clock.sleep(500, signal);
      rounds.soon();
    });
    expect(began).toEqual([0, 5000 + VAULT_PUBLISH_DELAY_MS]);
  });

  it('later and later while they fail', async () => {
    const began = await run(10 * VAULT_RETRY_FIRST_MS, {
      outcome: () => {
        throw new Error('No relay answers.');
      },
    });
    expect(began).toEqual([0, 1, 3, 7].map((times) => times * VAULT_RETRY_FIRST_MS));
  });

  it('when somebody looks again', async () => {
    const page = new Page();
    const began = await run(VAULT_READ_INTERVAL_MS, { page }, async (_rounds, clock) => {
      const { signal } = new AbortController();
      await clock.sleep(1000, signal);
      page.turn('hidden');
      await clock.sleep(9000, signal);
      page.turn('visible');
    });
    expect(began).toEqual([0, 10_000]);
  });
});
