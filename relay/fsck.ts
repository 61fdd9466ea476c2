/** The process behind `lanvault fsck`: checks the storage folder of a relay that does not run, and mends it when asked to. */
import { parseArgs } from 'node:util';
import { AppError } from '../shared/errors.ts';
import { readConfigFile, readEnvironment } from './config/sources.ts';
import { readValue } from './config/settings.ts';
import { exitStatusOf } from './exit-status.ts';
import { fsck } from './storage/fsck/fsck.ts';
import type { FsckReport } from './storage/fsck/fsck.ts';

const HELP = `Usage: node relay/fsck.ts --storage-dir DIR [--config FILE] [--repair] [--json]

Checks a stopped relay's storage folder: every chunk is hashed, the index and the deletions are compared with what is
there. Nothing is changed unless --repair is given. Exit codes: 0 sound, or all mended; 5 problems are left;
2 no storage folder; 6 the disk fails; 8 a relay is using the folder; 130 interrupted.
`;
const PROGRESS_MS = 500;
const GIB = 2 ** 30;

process.exitCode = await main();

async function main(): Promise<number> {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
  try {
    const { help, json, repair, dir } = await readArguments();
    if (help) {
      process.stdout.write(HELP);
      return 0;
    }
    using progress = showProgress(json);
    const options = { dir, repair, now: Date.now(), onChunk: progress.count };
    const report = await fsck(options, interrupted.signal);
    progress[Symbol.dispose]();
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : describe(report, repair));
    return report.sound ? 0 : exitStatusOf('CORRUPT');
  } catch (cause) {
    const error = AppError.from(cause);
    const asJson = process.argv.includes('--json');
    const line = asJson ? JSON.stringify({ error: error.toObject() }) : `lanvault fsck: ${error.message}`;
    process.stderr.write(`${line}\n`);
    return exitStatusOf(error.code);
  }
}

interface Arguments {
  readonly help: boolean;
  readonly json: boolean;
  readonly repair: boolean;
  readonly dir: string;
}

/** The folder is found as the relay finds it: by flag, environment or config file. */
async function readArguments(): Promise<Arguments> {
  const flags = parse();
  const { help = false, json = false, repair = false } = flags;
  if (help) return { help, json, repair, dir: '' };
  const environment = readEnvironment(process.env);
  const file = flags.config ?? environment.configFile;
  const text = flags['storage-dir'];
  const fromFlag =
    text === undefined ? undefined : { texts: [text], where: '--storage-dir', folder: process.cwd() };
  const given =
    fromFlag ??
    environment.settings.get('storage-dir') ??
    (file === undefined ? undefined : (await readConfigFile(file)).get('storage-dir'));
  const [first] = given?.texts ?? [];
  if (given === undefined || first === undefined)
    throw new AppError('BAD_INPUT', '--storage-dir DIR is required.');
  return { help, json, repair, dir: String(readValue('storage-dir', first, given.folder, given.where)) };
}

function parse() {
  try {
    return parseArgs({
      options: {
        'storage-dir': { type: 'string' },
        config: { type: 'string' },
        repair: { type: 'boolean' },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    const [firstSentence] = (cause instanceof Error ? cause.message : String(cause)).split(/\.\s/);
    throw new AppError('BAD_INPUT', `${firstSentence ?? ''}. See --help.`, { cause });
  }
}

/** One line on a terminal that is written over, and nothing elsewhere. */
function showProgress(quiet: boolean): Disposable & { readonly count: (sizeBytes: number) => void } {
  let [chunks, bytes] = [0, 0];
  const shown = process.stderr.isTTY && !quiet;
  const show = (): void => {
    process.stderr.write(`\r${chunks} chunks, ${(bytes / GIB).toFixed(2)} GiB checked`);
  };
  let timer = shown ? setInterval(show, PROGRESS_MS) : undefined;
  return {
    count: (sizeBytes) => {
      chunks++;
      bytes += sizeBytes;
    },
    [Symbol.dispose]: () => {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      process.stderr.write('\r\u001b[K');
    },
  };
}

function describe({ chunks, bytes, findings, sound }: FsckReport, repaired: boolean): string {
  const lines = findings.map(({ count, says, examples, state }) => {
    const shown = examples.map((example) => `    ${example}\n`).join('');
    const more =
      count > examples.length && examples.length > 0 ? `    and ${count - examples.length} more\n` : '';
    return `${state === 'open' ? 'PROBLEM' : state}: ${count} ${says}\n${shown}${more}`;
  });
  const verdict = sound
    ? 'The folder is sound.'
    : repaired
      ? 'Some problems are left.'
      : 'There are problems; "lanvault fsck --repair" mends what can be mended.';
  return `${lines.join('')}${chunks} whole chunks, ${bytes} bytes. ${verdict}\n`;
}
