import { CommanderError } from 'commander';
import { AppError } from '../shared/errors.ts';
import { isReaderGone } from './adapters/file-output.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { reportError } from './output.ts';
import { createProgram } from './program.ts';

/** Runs the command of these arguments (without node and script), and gives its exit status; whatever goes wrong is one line on stderr. */
export async function runCommand(args: readonly string[], signal: AbortSignal): Promise<number> {
  let status: number = EXIT_CODES.ok.status;
  const json = args.includes('--json');
  const program = createProgram({ signal, setStatus: (value) => (status = value) });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (cause) {
    if (!(cause instanceof CommanderError)) {
      const error = AppError.from(cause);
      return isReaderGone(error) ? EXIT_CODES.ok.status : reportError(error, json);
    }
    if (cause.exitCode === 0) return EXIT_CODES.ok.status;
    // Without a command, commander has printed the help, which says it all.
    if (cause.code === 'commander.help') return EXIT_CODES.usage.status;
    const message = cause.message.replace(/^error: /, '').replace(/\.?$/, '.');
    return reportError(new AppError('BAD_INPUT', `${message} See --help.`), json);
  }
}
