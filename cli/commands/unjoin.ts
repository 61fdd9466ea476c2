import { AppError } from '../../shared/errors.ts';
import type { DepartureStatus } from '../../shared/protocol/operator-routes.ts';
import { confirm } from '../confirm.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import { operatedRelays, operatorOf } from '../network/operated.ts';
import type { OperatedOptions } from '../network/operated.ts';
import type { Output } from '../output.ts';
import { plural } from '../text.ts';

export interface UnjoinOptions extends OperatedOptions {
  readonly yes?: boolean;
}

/** Has one relay hand its chunks over, wipe them and stop. Throws what it could not leave for; then nothing was wiped. */
export async function unjoin(
  name: string | undefined,
  options: UnjoinOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const [relay, ...others] = await operatedRelays(name === undefined ? [] : [name], options);
  if (relay === undefined || others.length > 0)
    throw new AppError(
      'BAD_INPUT',
      'Say which relay: unjoin NAME, unjoin PORT or unjoin --storage-dir FOLDER.',
    );
  const question = `Hand the chunks of ${relay.name} over to other relays, wipe it and stop it?`;
  if (options.yes !== true && !(await confirm(question, output, signal))) return EXIT_CODES.ok.status;
  let said = '';
  const say = ({ state, placed, total: all }: DepartureStatus): void => {
    const line = `${relay.name}: ${state}, ${String(placed)} of ${plural(all, 'chunk')} handed over`;
    if ((state === 'leaving' || state === 'wiping') && line !== said) output.say(line);
    said = line;
  };
  const { total } = await operatorOf(relay).leave(say, signal);
  output.say(`${relay.name} has left: ${plural(total, 'chunk')} handed over, and its own copies are wiped.`);
  output.result({ relay: relay.name, left: true, chunks: total });
  return EXIT_CODES.ok.status;
}
