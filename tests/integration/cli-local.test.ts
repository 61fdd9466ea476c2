/** The real command line on simulated nodes: round trip, dead nodes, bad input, resume. No network. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import type { CliResult } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile, writeRandomFile } from '../helpers/files.ts';
import { CLI_PROGRAM } from '../helpers/programs.ts';
import { holdersOfAll } from '../helpers/stored-chunks.ts';
import { until } from '../helpers/until.ts';

interface ManifestJson {
  filename: string;
  size: number;
  chunks: { index: number; id: string; size: number; compression: string }[];
}

/** One line on stderr, no stack, and this status: what every refused command owes its user. */
function expectRefusal(result: CliResult, code: number, words: RegExp): void {
  expect(result.code, result.stderr).toBe(code);
  expect(result.stderr.trimEnd().split('\n'), result.stderr).toHaveLength(1);
  expect(result.stderr).toMatch(words);
  expect(result.stdout).toBe('');
}

async function withUpload(): Promise<{ user: CliUser; file: string; manifest: string }> {
  const user = await CliUser.create();
  onTestFinished(() => user[Symbol.asyncDispose]());
  const file = user.path('notes.bin');
  await writeMixedFile(file, 2 * 2 ** 20 + 17);
  const manifest = user.path('notes.manifest');
  const up = await user.run('distribute', '-f', file, '-m', manifest, '--compression', 'fast');
  expect(up, up.stderr).toMatchObject({ code: 0 });
  return { user, file, manifest };
}

describe('local simulation', () => {
  test('spreads chunks over five of ten folders and gives the file back with four holders dead', async () => {
    const { user, file, manifest } = await withUpload();
    const { chunks } = JSON.parse(await readFile(manifest, 'utf8')) as ManifestJson;
    expect((await stat(manifest)).mode & 0o777).toBe(0o600);
    const nodes = Array.from({ length: 10 }, (_, i) => user.path(`network_data/node_${i}`));
    const holders = await holdersOfAll(nodes);
    expect([...holders.keys()].sort()).toEqual(chunks.map(({ id }) => id).sort());
    for (const dirs of holders.values()) expect(new Set(dirs).size).toBe(5);

    const dead = (holders.get(chunks[0]?.id ?? '') ?? []).slice(1).map((dir) => path.basename(dir));
    expect(dead).toHaveLength(4);
    const kill = dead.flatMap((name) => ['--kill-node', name]);
    const down = await user.run('reconstruct', '-m', manifest, '--output', user.path('copy'), ...kill);
    expect(down, down.stderr).toMatchObject({ code: 0 });
    for (const name of dead) expect(down.stdout).toContain(`${name} is down`);
    expect(await sha256OfFile(user.path('copy'))).toBe(await sha256OfFile(file));

    const all = nodes.flatMap((dir) => ['--kill-node', path.basename(dir)]);
    const none = await user.run('reconstruct', manifest, user.path('lost'), '--json', ...all);
    expect(none.code).toBe(5);
    expect(JSON.parse(none.stderr)).toMatchObject({ error: { message: expect.any(String) as string } });
    expect(await readdir(user.dir)).not.toContain('lost');
  });

  test('uploads a folder, each file with its own manifest, and speaks JSON', async () => {
    await using user = await CliUser.create();
    await mkdir(user.path('album/2026'), { recursive: true });
    await writeFile(user.path('album/a.txt'), 'eins');
    await writeFile(user.path('album/2026/b.html'), '');
    const up = await user.run('distribute', '-r', 'album', '--json');
    expect(up, up.stderr).toMatchObject({ code: 0, stderr: '' });
    const lines = up.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ manifest }) => manifest)).toEqual([
      user.path('manifests/album/2026/b.html.manifest'),
      user.path('manifests/album/a.txt.manifest'),
    ]);
    expect(lines[1]).toMatchObject({
      size: 4,
      chunks: 1,
      replicas_min: 5,
      degraded: false,
      resumed_bytes: 0,
    });
    const down = await user.run('reconstruct', 'manifests/album/a.txt.manifest', '-');
    expect(down).toMatchObject({ code: 0, stdout: 'eins' });
  });

  test('keeps an earlier manifest instead of overwriting it', async () => {
    const { user, file, manifest } = await withUpload();
    const first = await readFile(manifest);
    const again = await user.run('distribute', file, '-m', manifest, '--compression', 'none');
    expect(again, again.stderr).toMatchObject({ code: 0 });
    expect((await readFile(`${manifest}.1`)).equals(first)).toBe(true);
    expect((await readFile(manifest)).equals(first)).toBe(false);
  });
});

describe('a reader of stdout that leaves', () => {
  /** The command's status and words, with nobody at the other end of its stdout after `bytes` of it. */
  async function leaving(
    user: CliUser,
    bytes: number,
    ...args: readonly string[]
  ): Promise<{ code: number | null; stderr: string }> {
    const child = user.spawn(...args);
    let stderr = '';
    child.stderr?.on('data', (part: Buffer) => (stderr += part.toString()));
    const closed = once(child, 'close');
    let seen = 0;
    child.stdout?.on('data', (part: Buffer) => {
      seen += part.length;
      if (seen >= bytes) child.stdout?.destroy();
    });
    if (bytes === 0) child.stdout?.destroy();
    const [code] = (await closed) as [number | null];
    return { code, stderr };
  }

  test('ends what is written for it, without noise, and nothing else', async () => {
    const { user, manifest } = await withUpload();
    expect(await leaving(user, 1, 'reconstruct', manifest, '-')).toEqual({ code: 0, stderr: '' });
    expect(await leaving(user, 0, 'visualize', manifest)).toEqual({ code: 0, stderr: '' });

    await mkdir(user.path('album'));
    for (const name of ['a', 'b', 'c']) await writeFile(user.path(`album/${name}.txt`), name);
    expect(await leaving(user, 1, 'distribute', '-r', 'album')).toEqual({ code: 0, stderr: '' });
    expect((await readdir(user.path('manifests/album'))).sort()).toEqual(
      ['a', 'b', 'c'].map((name) => `${name}.txt.manifest`),
    );
    // A manifest that nobody got is a failure: without it the file is lost.
    const unread = await leaving(user, 0, 'distribute', 'album/a.txt', '-m', '-');
    expect(unread).toMatchObject({
      code: 6,
      stderr: expect.stringContaining('run the same command again') as string,
    });
  });

  test('one that has stopped reading does not hold an interrupted command', async () => {
    const { user, manifest } = await withUpload();
    const child = user.spawn('reconstruct', manifest, '-');
    if (child.stdout === null) throw new Error('It has a stdout.');
    await once(child.stdout, 'readable');
    const exit = once(child, 'exit');
    const began = performance.now();
    child.kill('SIGINT');
    expect(await exit).toEqual([130, null]);
    // Not by the last resort, which comes after ten seconds.
    expect(performance.now() - began).toBeLessThan(8_000);
  });

  test('a stdout that takes nothing is told as such', async () => {
    await using user = await CliUser.create();
    const { status, stderr } = spawnSync(
      'sh',
      ['-c', '"$0" "$1" list > /dev/full', process.execPath, CLI_PROGRAM],
      { encoding: 'utf8', env: { ...process.env, XDG_DATA_HOME: user.path('data'), INIT_CWD: user.dir } },
    );
    expect([status, stderr]).toEqual([
      6,
      expect.stringMatching(/^lanvault: .*the disk is full.*\n$/) as string,
    ]);
  });
});

describe('an interrupted upload', () => {
  test('ends with 130 and goes on with the same command, without sending again what is stored', async () => {
    await using user = await CliUser.create();
    const file = user.path('big.bin');
    await writeMixedFile(file, 24 * 2 ** 20);
    const command = ['distribute', file, '-m', user.path('m'), '--json', '--compression', 'none'];
    const child = user.spawn(...command);
    const journals = user.path('data/lanvault/journals');
    await until(async () => {
      const names = await readdir(journals).catch((): string[] => []);
      const name = names.find((candidate) => candidate.endsWith('.open.jsonl'));
      return name !== undefined && (await readFile(path.join(journals, name), 'utf8')).includes('"stored"');
    }, 'the journal says that a chunk is stored');
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    expect(await exit).toEqual([130, null]);
    expect(await readdir(user.dir)).not.toContain('m');

    const resumed = await user.run(...command);
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    const result = JSON.parse(resumed.stdout) as { resumed_bytes: number; size: number };
    expect(result.resumed_bytes).toBeGreaterThanOrEqual(2 ** 20);
    expect(result.resumed_bytes).toBeLessThan(result.size);
    const down = await user.run('reconstruct', user.path('m'), user.path('copy'));
    expect(down, down.stderr).toMatchObject({ code: 0 });
    expect(await sha256OfFile(user.path('copy'))).toBe(await sha256OfFile(file));
  });

  test('is noticed when the file changes meanwhile', async () => {
    await using user = await CliUser.create();
    const file = user.path('log.bin');
    await writeMixedFile(file, 24 * 2 ** 20);
    const child = user.spawn('distribute', file, '-m', user.path('m'));
    let stderr = '';
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    await until(
      async () => (await readdir(user.path('data/lanvault/journals')).catch((): string[] => [])).length > 0,
      'the upload has begun',
    );
    const exit = once(child, 'close');
    await appendFile(file, 'more');
    expect(await exit, stderr).toEqual([7, null]);
    expect(stderr).toMatch(/changed while it was read/);
    expect(await readdir(user.dir)).not.toContain('m');
  });
});

describe('bad input', () => {
  test('each gets one clear line and its exit code', async () => {
    const { user, manifest } = await withUpload();
    await mkdir(user.path('folder'));
    expectRefusal(await user.run('distribute', 'missing'), 6, /missing failed: there is no such file/);
    expectRefusal(await user.run('distribute', 'folder'), 2, /is a folder\. Add -r/);
    expectRefusal(await user.run('distribute'), 2, /Name a file/);
    expectRefusal(
      await user.run('distribute', 'notes.bin', '--compression', 'zip'),
      2,
      /smallest, fast, none/,
    );
    expectRefusal(
      await user.run('distribute', 'notes.bin', '--entry-node', 'http://127.0.0.1:1'),
      4,
      /No relay/,
    );
    expectRefusal(await user.run('reconstruct', manifest), 2, /MANIFEST OUTPUT/);
    expectRefusal(await user.run('reconstruct', 'folder', 'o'), 2, /is a folder/);
    expectRefusal(await user.run('reconstruct', 'missing', 'o'), 6, /no such file/);
    expectRefusal(
      await user.run('reconstruct', manifest, 'o', '--kill-node', 'node_99'),
      2,
      /no node "node_99"/,
    );
    expectRefusal(
      await user.run('reconstruct', manifest, 'o', '--scan', '--entry-node', 'a:1'),
      2,
      /not both/,
    );
    expectRefusal(await user.run('reconstruct', manifest, 'notes.bin'), 8, /already exists/);
    expectRefusal(await user.run('reconstruct', manifest, '/proc/none/o'), 6, /Creating/);
    expectRefusal(await user.run('nonsense'), 2, /unknown command/);
  });

  test('hostile manifests do no harm', async () => {
    const { user, manifest, file } = await withUpload();
    const good = JSON.parse(await readFile(manifest, 'utf8')) as ManifestJson;
    const [first] = good.chunks;
    if (first === undefined) throw new Error('The manifest has no chunk.');
    const refuse = async (name: string, text: string, code = 5): Promise<void> => {
      await writeFile(user.path(name), text);
      expectRefusal(await user.run('reconstruct', name, 'o'), code, new RegExp(name));
    };
    await refuse('truncated', (await readFile(manifest, 'utf8')).slice(0, -40));
    await refuse('foreign', '%PDF-1.7');
    await refuse('other-version', JSON.stringify({ ...good, format: 'lanvault/2' }), 2);
    await refuse('lying-size', JSON.stringify({ ...good, size: 10 ** 15 }));
    await refuse('lying-row', JSON.stringify({ ...good, chunks: [{ ...first, size: 10 ** 9 }] }));
    await refuse('path', JSON.stringify({ ...good, filename: '../../etc/passwd' }));
    await refuse('absolute', JSON.stringify({ ...good, filename: '/etc/passwd' }));
    expect(await readdir(user.dir)).not.toContain('o');
    expect((await stat(file)).size).toBe(good.size);
  });

  test.runIf(process.getuid?.() === 0)('a full disk loses nothing', async () => {
    const { user, manifest, file } = await withUpload();
    const disk = user.path('disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    onTestFinished(() => void execFileSync('umount', ['-l', disk]));
    expectRefusal(await user.run('reconstruct', manifest, 'disk/copy'), 6, /Free some space/);
    expect(await readdir(disk)).toEqual([]);
    // Every node on the full disk: the chunks find no room.
    await writeRandomFile(user.path('more.bin'), 3 * 2 ** 20);
    const up = await user.run('distribute', 'more.bin', '--data-dir', 'disk/nodes', '-m', user.path('m'));
    expect([4, 6]).toContain(up.code);
    expect(up.stderr).not.toMatch(/\n\s+at /);
    expect(await readdir(user.dir)).not.toContain('m');
    const down = await user.run('reconstruct', manifest, 'copy');
    expect(down, down.stderr).toMatchObject({ code: 0 });
    expect(await sha256OfFile(user.path('copy'))).toBe(await sha256OfFile(file));
  });

  test.runIf(process.getuid?.() === 0)('an unreadable file is named', async () => {
    const secret = '/root/.lanvault-test-unreadable';
    await writeFile(secret, 'x', { mode: 0o600 });
    onTestFinished(() => void execFileSync('rm', ['-f', secret]));
    await using user = await CliUser.create();
    execFileSync('chmod', ['777', user.dir]);
    const child = spawn(process.execPath, [CLI_PROGRAM, 'distribute', secret], {
      cwd: user.dir,
      env: { ...process.env, XDG_DATA_HOME: user.path('data') },
      uid: 65_534,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    expect(await once(child, 'close')).toEqual([6, null]);
    expect(stderr).toMatch(/permission denied/);
  });
});
