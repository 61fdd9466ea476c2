/** Asks before something that cannot be undone. */
import { createInterface } from 'node:readline/promises';
import { AppError } from '../shared/errors.ts';
import type { Output } from './output.ts';

/** Whether the person says yes. Throws `BAD_INPUT` where there is nobody to ask: a script says `--yes`. */
export async function confirm(question: string, output: Output, signal: AbortSignal): Promise<boolean> {
  if (output.json || !process.stdin.isTTY || !process.stderr.isTTY)
    throw new AppError('BAD_INPUT', 'This cannot be undone: add --yes to go on.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}
