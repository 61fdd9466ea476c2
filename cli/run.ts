/** Runs one command and ends with its documented exit status. */
import { CommanderError } from 'commander';
import { AppError } from '../shared/errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { reportError } from './output.ts';
import { createProgram } from './program.ts';

const json = process.argv.includes('--json');
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

async function run(): Promise<number> {
  let status: number = EXIT_CODES.ok.status;
  const program = createProgram(interrupted.signal, (value) => (status = value));
  try {
    await program.parseAsync(process.argv);
    return status;
  } catch (cause) {
    if (!(cause instanceof CommanderError)) return reportError(cause, json);
    if (cause.exitCode === 0) return EXIT_CODES.ok.status;
    // Without a command, commander has printed the help, which says it all.
    if (cause.code === 'commander.help') return EXIT_CODES.usage.status;
    const message = cause.message.replace(/^error: /, '').replace(/\.?$/, '.');
    return reportError(new AppError('BAD_INPUT', `${message} See --help.`), json);
  }
}

process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);
// A reader that has had enough (`lanvault … | head`) is no fault.
process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
  process.exit(cause.code === 'EPIPE' ? EXIT_CODES.ok.status : reportError(cause, json));
});
process.exitCode = await run();
