/** Runs one command and ends with its documented exit status. */
import { AppError } from '../shared/errors.ts';
import { ioError } from './adapters/io-errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { reportError } from './output.ts';
import { runCommand } from './run-command.ts';

const args = process.argv.slice(2);
const interrupted = new AbortController();
let interrupts = 0;
const INTERRUPT_GRACE_MS = 10_000;

/** The first Ctrl-C ends the work in order, a second one at once. */
function interrupt(): void {
  interrupts++;
  if (interrupts > 1) process.exit(EXIT_CODES.interrupted.status);
  // A system call that hangs (a dead network disk) must not hold the user.
  setTimeout(() => process.exit(EXIT_CODES.interrupted.status), INTERRUPT_GRACE_MS).unref();
  interrupted.abort(new AppError('ABORTED', 'Interrupted.'));
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
  // Nobody listens any more (`lanvault … | head`): what else there is to do goes on.
  if (cause.code === 'EPIPE') return;
  process.exit(reportError(ioError(cause, 'Writing the output'), args.includes('--json')));
});
process.exitCode = await runCommand(args, interrupted.signal);
// Output that nobody takes would hold it.
if (interrupted.signal.aborted) process.exit();
