import { systemClock } from '../../shared/engine/clock.ts';
import { AppError, isErrorCode } from '../../shared/errors.ts';
import { REQUEST_TIMEOUT_MS } from '../../shared/limits.ts';
import { operatorRoutes } from '../../shared/protocol/operator-routes.ts';
import type { DepartureStatus } from '../../shared/protocol/operator-routes.ts';
import { confirm } from '../confirm.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import { operatedRelays, order } from '../network/operated.ts';
import type { OperatedOptions, OperatedRelay } from '../network/operated.ts';
import type { Output } from '../output.ts';
import { plural } from '../text.ts';

/** Well within the time that a relay which has left still answers. */
const POLL_MS = 300;

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
  const { total } = await leave(relay, output, signal);
  output.say(`${relay.name} has left: ${plural(total, 'chunk')} handed over, and its own copies are wiped.`);
  output.result({ relay: relay.name, left: true, chunks: total });
  return EXIT_CODES.ok.status;
}

async function leave(relay: OperatedRelay, output: Output, signal: AbortSignal): Promise<DepartureStatus> {
  let status = await order(relay, operatorRoutes.unjoin, REQUEST_TIMEOUT_MS, signal);
  let said = '';
  for (;;) {
    const { state, placed, total, error } = status;
    if (state === 'left') return status;
    if (error !== undefined)
      throw new AppError(isErrorCode(error.code) ? error.code : 'UNAVAILABLE', error.message);
    if (state === 'serving')
      throw new AppError('UNAVAILABLE', `${relay.name} does not leave any more: it was started anew.`);
    const line = `${relay.name}: ${state}, ${String(placed)} of ${plural(total, 'chunk')} handed over`;
    if (line !== said) output.say(line);
    said = line;
    await systemClock.sleep(POLL_MS, signal);
    try {
      status = await order(relay, operatorRoutes.unjoinStatus, REQUEST_TIMEOUT_MS, signal);
    } catch (cause) {
      if (signal.aborted || AppError.from(cause).code !== 'UNAVAILABLE') throw cause;
      const message = `${relay.name} stopped answering while it left. Start it again on its folder: it goes on by itself.`;
      throw new AppError('UNAVAILABLE', message, { cause });
    }
  }
}
