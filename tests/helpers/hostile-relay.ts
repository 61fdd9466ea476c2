/** Swarms of honest and hostile relay processes. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '../../relay/storage/file-ops.ts';
import { DROPPED } from './hostile-answers.ts';
import { RelayProcess } from './relays.ts';
import type { RelaySwarm } from './relays.ts';
import { until } from './until.ts';

const PATIENCE_MS = 120_000;

/** The hostile processes of a swarm; gone when disposed. */
export class HostileRelays implements AsyncDisposable {
  readonly relays: RelayProcess[] = [];

  /** Adds `count` of them to a swarm, and waits until each honest relay lists every relay. */
  static async join(swarm: RelaySwarm, count: number): Promise<HostileRelays> {
    const hostile = new HostileRelays();
    try {
      for (let i = 0; i < count; i++) {
        hostile.relays.push(
          await RelayProcess.start({
            discoveryPort: swarm.discoveryPort,
            dir: path.join(swarm.dir, `hostile-${String(i)}`),
            main: 'tests/helpers/hostile-relay-main.ts',
          }),
        );
      }
      await hostile.#areListed(swarm);
      return hostile;
    } catch (cause) {
      await hostile[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Chunks that one of them has signed for; none of them keeps any. */
  async dropped(): Promise<Set<string>> {
    const ledgers = await Promise.all(
      this.relays.map(({ dir }) => readFile(path.join(dir, DROPPED), 'utf8').catch(emptyUnlessFault)),
    );
    return new Set(ledgers.flatMap((ledger) => ledger.split('\n')));
  }

  /** Exactly the true ones: none that was invented, and none under another's name. */
  async #areListed({ relays }: RelaySwarm): Promise<void> {
    const expected = [...relays, ...this.relays]
      .map(({ id, linkPort }) => `${id} ${String(linkPort)}`)
      .sort();
    await until(
      async () => {
        for (const relay of relays) {
          const listed = (await relay.peers()).map(({ id, link }) => `${id} ${String(link)}`).sort();
          if (listed.join() !== expected.join()) return false;
        }
        return true;
      },
      `${String(relays.length)} honest relays list ${String(this.relays.length)} hostile ones`,
      PATIENCE_MS,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.relays.map((relay) => relay[Symbol.asyncDispose]()));
  }
}

/** A relay that was sent nothing has no ledger. */
function emptyUnlessFault(cause: unknown): string {
  if (errnoOf(cause) === 'ENOENT') return '';
  throw cause;
}
