/** Runs one command and ends with its documented exit status. */
import { AppError } from '../shared/errors.ts';
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
// A reader that has had enough (`lanvault … | head`) is no fault.
process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
  process.exit(cause.code === 'EPIPE' ? EXIT_CODES.ok.status : reportError(cause, args.includes('--json')));
});
process.exitCode = await runCommand(args, interrupted.signal);
