import type { CareReport } from '../../shared/protocol/care-events.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import { operatedRelays, operatorOf } from '../network/operated.ts';
import type { OperatedOptions } from '../network/operated.ts';
import type { Output } from '../output.ts';
import { plural } from '../text.ts';

export type RepairOptions = OperatedOptions;

/** Forces one relay, or each of a network's in turn, to look at its chunks now. Resolves with `degraded` when replicas stay missing. */
export async function repair(
  names: readonly string[],
  options: RepairOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const relays = await operatedRelays(names, options);
  const reports: (CareReport & { relay: string })[] = [];
  for (const relay of relays) {
    const report = await operatorOf(relay).repair(() => undefined, signal);
    output.say(`${relay.name}: ${describe(report)}`);
    reports.push({ relay: relay.name, ...report });
  }
  output.result({ relays: reports });
  return reports.some(({ failed }) => failed > 0) ? EXIT_CODES.degraded.status : EXIT_CODES.ok.status;
}

function describe({ checked, missing, repaired, balanced, dropped, failed }: CareReport): string {
  const parts = [
    `${plural(checked, 'chunk')} checked`,
    `${String(repaired)} of ${plural(missing, 'missing replica')} made`,
  ];
  if (balanced > 0) parts.push(`${String(balanced)} moved to newer relays`);
  if (dropped > 0) parts.push(`${String(dropped)} given up as surplus`);
  if (failed > 0)
    parts.push(`${String(failed)} could not be made: no relay is left that lacks them and takes them`);
  return `${parts.join(', ')}.`;
}
