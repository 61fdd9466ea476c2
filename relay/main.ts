/** The relay process: settings in, one ready line out, signals stop it. */
import { enableCompileCache, flushCompileCache } from 'node:module';
import path from 'node:path';
import type { RelayConfig } from './config/config.ts';

// Before anything else is loaded. Beside the dependencies, not in the shared temp folder, where others could plant code.
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/node-compile'));
const { AppError } = await import('../shared/errors.ts');
const { readCommandLine } = await import('./config/command-line.ts');

const EXIT_FAILED = 1;
const EXIT_BAD_SETTINGS = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  let config: RelayConfig;
  try {
    const task = await readCommandLine(argv, process.env);
    if ('print' in task) {
      process.stdout.write(task.print);
      return 0;
    }
    config = task.config;
  } catch (error) {
    complain(error);
    return EXIT_BAD_SETTINGS;
  }
  const { startRelay } = await import('./app.ts');
  try {
    await using relay = await startRelay(config);
    // Until here a signal ends the process at once, which storage is made for.
    const stop = stopSignal();
    const ready = { event: 'ready', id: relay.id, port: relay.httpPort, link: relay.linkPort };
    process.stdout.write(`${JSON.stringify(ready)}\n`);
    flushCompileCache();
    await Promise.race([stop, relay.left]);
  } catch (error) {
    complain(error);
    return EXIT_FAILED;
  }
  return 0;
}

function complain(error: unknown): void {
  process.stderr.write(`lanvault relay: ${AppError.from(error).message}\n`);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, as is the default. */
function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(undefined));
  return promise.then(() => undefined);
}
