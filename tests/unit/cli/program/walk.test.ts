/** Every command and flag that commander knows, with bad input: one clear line, and an exit code that the command's help names. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT_CODES } from '../../../../cli/exit-codes.ts';
import type { Outcome } from '../../../../cli/exit-codes.ts';
import { helpOf } from '../../../../cli/program/command-help.ts';
import { runCommand } from '../../../../cli/run-command.ts';
import { callCli, useHome } from '../../../helpers/cli-call.ts';
import type { CallResult } from '../../../helpers/cli-call.ts';
import { commandsOf, programTree } from '../../../helpers/cli-tree.ts';
import { TempFolder } from '../adapters/temp-folder.ts';

const commands = commandsOf(programTree());
const NOBODY = ['--entry-node', 'http://127.0.0.1:1'];

/** What is wrong with a value, by what its option calls it. None: any text may be right, and using it tells. */
const BAD_VALUES: Readonly<Record<string, readonly string[]>> = {
  n: ['', 'x', '-1', '1.5', '99999999'],
  ms: ['', 'x', '-1', '5', '99999999'],
  url: ['', 'ftp://a', 'http://a/b', 'http://a b'],
  mode: ['', 'best'],
  format: ['', 'png'],
  ...{ file: [], folder: [], path: [], name: [], size: [], time: [], level: [], address: [] },
};
/** Relays check their own flags: see tests/unit/relay/config. */
const FOREGROUND = new Set(['start-node', 'web-ui']);

let folder: TempFolder;
let file: string;
let manifest: string;
let sim: string;
const reached = new Set<number>();

beforeAll(async () => {
  folder = await TempFolder.create();
  useHome(folder.path);
  file = folder.join('notes.txt');
  manifest = folder.join('notes.manifest');
  sim = folder.join('sim');
  await writeFile(file, 'a note\n'.repeat(1000));
  await writeFile(folder.join('damaged.manifest'), '{"format":"lanvault/1"');
  expect(await callCli(['distribute', file, '-m', manifest, '--data-dir', sim])).toMatchObject({ code: 0 });
}, 60_000);
beforeEach(() => useHome(folder.path));
afterAll(async () => {
  vi.unstubAllEnvs();
  await folder[Symbol.asyncDispose]();
});

function expectRefused({ code, stdout, stderr }: CallResult, expected: number, what: string): void {
  expect(code, `${what}: ${stderr}`).toBe(expected);
  expect(stderr, what).toMatch(/^lanvault: [^\n]+[.)]\n$/);
  expect(stdout, what).toBe('');
}

/** Once at work, a command may have told of it before it fails; what it fails of is one line, the last. */
function expectFailure({ code, stderr }: CallResult, expected: number, what: string): void {
  expect(code, `${what}: ${stderr}`).toBe(expected);
  const said = stderr.trimEnd().split('\n');
  expect(said.at(-1), what).toMatch(/^lanvault: .+[.)]$/);
  expect(said.filter((line) => line.startsWith('lanvault: '))).toHaveLength(1);
  expect(stderr).not.toMatch(/^ +at /m);
}

const outcomesOf = (name: string): readonly Outcome[] => {
  const found = commands.find(({ path }) => path.join(' ') === name);
  return (found && helpOf(found.command)?.outcomes) ?? [];
};

describe.each(commands.map(({ path, command }) => [path.join(' '), path, command] as const))(
  '%s',
  (name, path, command) => {
    const required = command.registeredArguments.filter((argument) => argument.required);
    const enough = required.map(() => 'x');

    it('refuses what it does not know, with and without --json', async () => {
      expectRefused(await callCli([...path, ...enough, '--no-such-flag']), 2, 'an unknown flag');
      const { code, stdout, stderr } = await callCli([...path, ...enough, '--no-such-flag', '--json']);
      expect([code, stdout]).toEqual([2, '']);
      expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'BAD_INPUT' } });
      if (!command.registeredArguments.some((argument) => argument.variadic)) {
        const many = [...command.registeredArguments.map(() => 'x'), 'too-many'];
        expectRefused(await callCli([...path, ...many]), 2, 'an argument too many');
      }
      if (required.length > 0) expectRefused(await callCli(path), 2, 'no arguments');
    });

    const valued = command.options.filter((option) => option.required);
    it.each(valued.map((option) => [option.long ?? option.flags, option] as const))(
      'refuses bad values of %s',
      async (flag, option) => {
        expectRefused(await callCli([...path, ...enough, flag]), 2, `${flag} without a value`);
        const kind = /<(\w+)>/.exec(option.flags)?.[1] ?? '';
        expect(Object.keys(BAD_VALUES), `a kind of value that this test knows: ${kind}`).toContain(kind);
        if (FOREGROUND.has(name)) return;
        for (const bad of BAD_VALUES[kind] ?? [])
          expectRefused(await callCli([...path, ...enough, `${flag}=${bad}`]), 2, `${flag}=${bad}`);
      },
    );

    it('prints its help', async () => {
      const { code, stdout, stderr } = await callCli([...path, '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`Usage: lanvault ${name}`);
    });
  },
);

/** Arguments of a call that has nothing wrong with it, for every command that can run in this process. */
const SOUND: Readonly<Record<string, () => readonly string[]>> = {
  distribute: () => [file, '-m', folder.join('again.manifest')],
  reconstruct: () => [manifest, folder.join('copy.txt')],
  share: () => [manifest],
  health: () => [manifest],
  visualize: () => [manifest],
  export: () => [`lanvault:${'a'.repeat(64)}#${'A'.repeat(43)}`, folder.join('kept.manifest')],
  delete: () => ['f'.repeat(64), '--yes'],
  prune: () => ['--dry-run'],
  list: () => [],
  mkdir: () => ['a'],
  mv: () => ['a', 'b'],
  rm: () => ['a', '--yes'],
  'catalog list': () => [],
  'catalog search': () => ['a'],
  'catalog get': () => ['a', folder.join('got')],
  'catalog publish': () => [manifest, '--yes'],
  'catalog unpublish': () => ['a'],
  repair: () => [],
  unjoin: () => ['relay-8000', '--yes'],
  'network status': () => [],
  'network kill': () => ['1'],
  'network slow': () => ['1'],
  'network revive': () => [],
};
/** What these are asked for is not here, which they find out by themselves. */
const KNOWN_WITHOUT_RELAYS: Readonly<Record<string, Outcome>> = {
  'catalog unpublish': 'lost',
  delete: 'forbidden',
};
const split = (name: string): string[] => name.split(' ');
const onRelays = commands
  .filter(
    ({ path, command }) => path.join(' ') in SOUND && command.options.some(({ long }) => long === '--scan'),
  )
  .map(({ path }) => path.join(' '));

function expectDocumented(name: string, result: CallResult, outcome: Outcome): void {
  expectFailure(result, EXIT_CODES[outcome].status, name);
  expect(outcomesOf(name), name).toContain(outcome);
  reached.add(result.code);
}

describe('what can go wrong', () => {
  it.each(onRelays)(
    '%s: no relay, a missing key, both ways to find relays, an interruption',
    async (name) => {
      const args = SOUND[name]?.() ?? [];
      const call = async (more: readonly string[], signal?: AbortSignal): Promise<CallResult> =>
        callCli([...split(name), ...args, ...more], signal);
      const early = KNOWN_WITHOUT_RELAYS[name];
      expectDocumented(name, await call(NOBODY), early ?? 'relays');
      if (early === 'lost') return;
      expectDocumented(name, await call(['--scan', ...NOBODY]), 'usage');
      expectDocumented(name, await call([...NOBODY, '--swarm-key', folder.join('no.key')]), 'io');
      if (early === undefined) expectDocumented(name, await call(NOBODY, AbortSignal.abort()), 'interrupted');
    },
    60_000,
  );

  it.each(['repair', 'unjoin', 'network status', 'network kill', 'network slow', 'network revive'])(
    '%s: no network, and one whose state is damaged',
    async (name) => {
      const call = async (data: string): Promise<CallResult> =>
        callCli([...split(name), ...(SOUND[name]?.() ?? []), '--data-dir', folder.join(data)]);
      await mkdir(folder.join('none'), { recursive: true });
      const none = await call('none');
      expect(none.code, none.stderr).toBe(EXIT_CODES.relays.status);
      expect(outcomesOf(name)).toContain('relays');
      await mkdir(folder.join('bad'), { recursive: true });
      await writeFile(folder.join('bad/network.json'), '{');
      expectDocumented(name, await call('bad'), 'lost');
    },
  );

  it('a damaged vault stops what needs it, and nothing is overwritten', async () => {
    const home = folder.join('damaged-home');
    await mkdir(`${home}/lanvault`, { recursive: true });
    await writeFile(`${home}/lanvault/vault.json`, '{}', { mode: 0o600 });
    for (const name of ['distribute', 'delete', 'prune', 'list', 'mkdir', 'mv', 'rm', 'catalog publish']) {
      vi.stubEnv('XDG_DATA_HOME', home);
      const extra = name === 'rm' ? ['--list-only'] : ['--data-dir', sim];
      const result = await callCli([...split(name), ...(SOUND[name]?.() ?? []), ...extra]);
      expectDocumented(name, result, 'lost');
    }
    vi.stubEnv('XDG_DATA_HOME', home);
    expectDocumented(
      'vault phrase',
      { ...(await callCli(['vault', 'phrase', '--yes', '--json'])), stderr: 'lanvault: x.\n' },
      'lost',
    );
  });

  it('a home that is no folder', async () => {
    for (const name of ['distribute', 'delete', 'prune', 'list', 'mkdir']) {
      vi.stubEnv('XDG_DATA_HOME', file);
      const result = await callCli([...split(name), ...(SOUND[name]?.() ?? []), '--data-dir', sim]);
      expectDocumented(name, result, 'io');
    }
  });

  it('files: missing, damaged, there already, somebody else’s, changing, short of copies', async () => {
    const local = ['--data-dir', sim];
    const refused = async (outcome: Outcome, ...args: string[]): Promise<void> => {
      const [name = ''] = args;
      expectDocumented(name, await callCli([...args, ...local]), outcome);
    };
    await refused('usage', 'distribute');
    await refused('usage', 'distribute', folder.path);
    await refused('usage', 'distribute', '-');
    await refused('usage', 'distribute', file, file, '--name', 'a');
    await refused('usage', 'distribute', file, file, '-m', '-');
    await refused('usage', 'distribute', file, '--publish', '--yes');
    await refused('usage', 'reconstruct', manifest);
    await refused('usage', 'reconstruct', manifest, folder.join('x'), '--kill-node', 'node_99');
    await refused('usage', 'reconstruct', 'lanvault:abc', folder.join('x'));
    await refused('usage', 'delete', manifest);
    await refused('usage', 'share', manifest, '--qr');
    await refused('usage', 'rm', 'a');
    await refused('usage', 'visualize');
    expect((await callCli(['visualize', manifest, '--format', 'svg', '--json', ...local])).code).toBe(2);
    await refused('conflict', 'visualize', manifest, '-o', file);
    await refused('io', 'visualize', manifest, '-o', folder.join('notes.txt/below'));
    await refused('lost', 'visualize', folder.join('damaged.manifest'));
    await refused('io', 'distribute', folder.join('nothing'));
    await refused('io', 'reconstruct', folder.join('nothing'), folder.join('x'));
    await refused('io', 'reconstruct', manifest, folder.join('notes.txt/below'));
    await refused('lost', 'reconstruct', folder.join('damaged.manifest'), folder.join('x'));
    await refused('lost', 'health', folder.join('damaged.manifest'));
    await refused('conflict', 'reconstruct', manifest, file);
    const all = Array.from({ length: 10 }, (_, i) => ['--kill-node', `node_${String(i)}`]).flat();
    await refused('lost', 'reconstruct', manifest, folder.join('x'), ...all);

    vi.stubEnv('XDG_DATA_HOME', folder.join('stranger'));
    await refused('forbidden', 'delete', manifest, '--yes');
    useHome(folder.path);

    const held = (await callCli(['health', manifest, ...local])).stdout.match(/node_\d+/g) ?? [];
    expect(held).toHaveLength(5);
    const without = held.flatMap((name) => ['--kill-node', name]);
    const short = await callCli(['health', manifest, ...local, ...without.slice(0, 2)]);
    expect(short).toMatchObject({ code: EXIT_CODES.degraded.status, stderr: '' });
    expect(outcomesOf('health')).toContain('degraded');
    reached.add(short.code);
    expect((await callCli(['health', manifest, ...local, ...without])).code).toBe(EXIT_CODES.lost.status);

    const growing = folder.join('growing.bin');
    await writeFile(
      growing,
      new Uint8Array(6 * 2 ** 20).map((_, i) => (i * 7919) % 253),
    );
    const uploading = callCli([
      'distribute',
      growing,
      '--compression',
      'none',
      '-m',
      folder.join('g'),
      ...local,
    ]);
    const done = new AbortController();
    const ended = uploading.finally(() => done.abort());
    while (!done.signal.aborted) {
      await appendFile(growing, 'x');
      await new Promise(setImmediate);
    }
    expectDocumented('distribute', await ended, 'changed');
  }, 60_000);

  it('a shell that is not known', async () => {
    expectDocumented('completion', await callCli(['completion', 'tcsh']), 'usage');
  });

  it('a key that is there, a port that is taken', async () => {
    const key = folder.join('swarm.key');
    expect((await callCli(['swarm-key', key])).code).toBe(0);
    expectDocumented('swarm-key', await callCli(['swarm-key', key]), 'conflict');
    expectDocumented('swarm-key', await callCli(['swarm-key', `${file}/below`]), 'io');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const start = ['--nodes', '1', '--base-port', String(port), '--web-port', '0'];
    const place = ['--data-dir', folder.join('net'), '--log-dir', folder.join('logs')];
    const taken = await callCli(['network', 'start', ...start, ...place]);
    server.close();
    expectDocumented('network start', taken, 'conflict');
    expectDocumented(
      'network start',
      await callCli(['network', 'start', ...start, '--data-dir', `${file}/below`]),
      'io',
    );
    expectDocumented(
      'network stop',
      await callCli(['network', 'stop', '--data-dir', folder.join('bad')]),
      'lost',
    );
  });

  it('a bug: one line, and a stack only for who asks for it', async () => {
    const broken = async (): Promise<CallResult> => {
      let stderr = '';
      const spies = [
        vi.spyOn(process.stdout, 'write').mockImplementation(() => {
          throw new TypeError('the sky\n  has fallen.');
        }),
        vi.spyOn(process.stderr, 'write').mockImplementation((part) => {
          stderr += String(part);
          return true;
        }),
      ];
      const code = await runCommand(['list'], new AbortController().signal);
      for (const spy of spies) spy.mockRestore();
      return { code, stdout: '', stderr };
    };
    const plain = await broken();
    expectFailure(plain, EXIT_CODES.unexpected.status, 'a bug');
    reached.add(plain.code);
    vi.stubEnv('LANVAULT_DEBUG', '1');
    expect((await broken()).stderr).toMatch(
      /^lanvault: the sky has fallen\.\nTypeError: [^]*\n +at .*walk\.test/,
    );
    vi.stubEnv('LANVAULT_DEBUG', undefined);
  });

  it('reaches every code of the table', () => {
    const all = Object.values(EXIT_CODES).map(({ status }) => status);
    expect(all.filter((status) => status !== 0 && !reached.has(status))).toEqual([]);
  });
});
