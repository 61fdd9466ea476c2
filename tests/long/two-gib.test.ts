import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeRandomFile } from '../helpers/files.ts';
import { CLI_PROGRAM } from '../helpers/programs.ts';
import { startRelays } from '../helpers/relays.ts';

const MIB = 2 ** 20;
const RSS_LIMIT_MIB = 300;
/** How much more the large file may need than the small one. */
const GROWTH_LIMIT = 1.1;

/** Runs the CLI under Python's `getrusage`, which gives the peak of the whole process. */
async function peakRssMib(user: CliUser, ...args: readonly string[]): Promise<number> {
  const script =
    'import resource,subprocess,sys; r=subprocess.run(sys.argv[1:],stdout=sys.stderr).returncode; ' +
    'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(r)';
  const command = ['-c', script, process.execPath, CLI_PROGRAM, ...args];
  const { stdout } = await promisify(execFile)('/usr/bin/python3', command, {
    cwd: user.dir,
    env: { ...process.env, XDG_DATA_HOME: user.path('data'), INIT_CWD: user.dir },
    maxBuffer: 64 * MIB,
  });
  return Number(stdout.trim()) / 1024;
}

test('2 GiB up and down by the CLI in flat memory', async () => {
  await using swarm = await startRelays(5);
  await using user = await CliUser.create();
  const peaks: Record<string, number> = {};
  for (const sizeMib of [256, 2048]) {
    const file = user.path(`${String(sizeMib)}.bin`);
    const manifest = user.path(`${String(sizeMib)}.manifest`);
    await writeRandomFile(file, sizeMib * MIB);
    const network = ['--entry-node', swarm.entry.url] as const;
    peaks[`up ${String(sizeMib)}`] = await peakRssMib(user, 'distribute', file, ...network, '-m', manifest);
    const output = user.path(`${String(sizeMib)}.copy`);
    peaks[`down ${String(sizeMib)}`] = await peakRssMib(user, 'reconstruct', manifest, output, ...network);
    expect(await sha256OfFile(output)).toBe(await sha256OfFile(file));
    await rm(file);
    await rm(output);
  }
  console.log('peak RSS, MiB:', peaks);
  for (const way of ['up', 'down']) {
    const small = peaks[`${way} 256`] ?? Number.NaN;
    const large = peaks[`${way} 2048`] ?? Number.NaN;
    expect(large, `${way}: peak RSS in MiB`).toBeLessThanOrEqual(RSS_LIMIT_MIB);
    expect(large, `${way}: 2 GiB against 256 MiB`).toBeLessThanOrEqual(small * GROWTH_LIMIT);
  }
});
