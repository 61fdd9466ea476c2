import type { Target } from '../target.ts';
import { formatTargets } from './format-targets.ts';
import { linkTargets } from './link-targets.ts';
import { localTargets } from './local-targets.ts';
import { protocolTargets } from './protocol-targets.ts';
import { relayTargets } from './relay-targets.ts';
import { vaultTargets } from './vault-targets.ts';

/** Every decoder of Lanvault, until disposed of. */
export class AllTargets implements AsyncDisposable {
  readonly targets: readonly Target[];
  readonly #removals: readonly (() => Promise<void>)[];

  private constructor(targets: readonly Target[], removals: readonly (() => Promise<void>)[]) {
    this.targets = targets;
    this.#removals = removals;
  }

  static async create(): Promise<AllTargets> {
    const local = await localTargets();
    const relay = await relayTargets();
    const targets = [
      ...(await formatTargets()),
      ...(await vaultTargets()),
      ...(await protocolTargets()),
      ...linkTargets(),
      ...local.targets,
      ...relay.targets,
    ];
    return new AllTargets(targets, [local.remove, relay.remove]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const remove of this.#removals) await remove();
  }
}
