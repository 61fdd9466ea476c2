/** The relay process: settings in, one ready line out, signals stop it. */
import { enableCompileCache, flushCompileCache } from 'node:module';
import path from 'node:path';
import type { Ready } from '../shared/protocol/ready.ts';
import type { RelayConfig } from './config/config.ts';

// Before anything else is loaded. Beside the dependencies, not in the shared temp folder, where others could plant code.
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/node-compile'));
const { AppError } = await import('../shared/errors.ts');
const { readCommandLine } = await import('./config/command-line.ts');
const { exitStatusOf } = await import('./exit-status.ts');

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  try {
    const task = await readCommandLine(argv, process.env);
    if ('print' in task) process.stdout.write(task.print);
    else await runRelay(task.config);
    return 0;
  } catch (cause) {
    const error = AppError.from(cause);
    process.stderr.write(`lanvault relay: ${error.message}\n`);
    return exitStatusOf(error.code);
  }
}

/** Resolves when the relay has stopped in order. */
async function runRelay(config: RelayConfig): Promise<void> {
  const { startRelay } = await import('./app.ts');
  await using relay = await startRelay(config);
  // Until here a signal ends the process at once, which storage is made for.
  const stop = stopSignal();
  const { id, httpPort: port, linkPort: link, httpsPort, authorityFingerprint } = relay;
  const secure = httpsPort === null ? {} : { https: httpsPort };
  const trust = authorityFingerprint === null ? {} : { authority: authorityFingerprint };
  const ready: Ready = { event: 'ready', id, port, link, ...secure, ...trust };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  flushCompileCache();
  await Promise.race([stop, relay.left]);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once, as is the default. */
function stopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(undefined));
  return promise.then(() => undefined);
}
