import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../../../cli/program.ts';
import { readCommandLine } from '../../../../relay/config/command-line.ts';
import type { RelayConfig } from '../../../../relay/config/config.ts';
import { SETTING_NAMES } from '../../../../relay/config/settings.ts';
import { parseSize } from '../../../../relay/config/sizes.ts';
import { variableOf } from '../../../../relay/config/sources.ts';
import { AppError } from '../../../../shared/errors.ts';
import { relayConfig } from '../../../helpers/relay-config.ts';
import { tempFolder } from '../fixtures.ts';

type Env = Record<string, string>;

async function configOf(argv: string[], env: Env): Promise<RelayConfig> {
  const task = await readCommandLine(argv, env);
  if ('print' in task) throw new Error('Nothing was to be printed.');
  return task.config;
}

async function printOf(argv: string[], env: Env = {}): Promise<string> {
  const task = await readCommandLine(argv, env);
  if ('config' in task) throw new Error('Something was to be printed.');
  return task.print;
}

async function refusal(argv: string[], env: Env = {}): Promise<string> {
  try {
    await readCommandLine(argv, env);
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
  throw new Error('The settings were accepted.');
}

/** A folder with a config file in it. */
async function withFile(text: string) {
  const folder = await tempFolder();
  const file = path.join(folder.path, 'relay.toml');
  await writeFile(file, text);
  return { file, dir: folder.path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

describe('flags', () => {
  it('fill in what is not said', async () => {
    const config = await relayConfig('--storage-dir', 'data');
    expect(config).toMatchObject({
      storageDir: path.resolve('data'),
      host: '0.0.0.0',
      httpPort: 8000,
      linkPort: 0,
      discoveryPort: 9999,
      join: [],
      repairGraceMs: 300_000,
      allowedHosts: [],
      capacityBytes: 10 * 2 ** 30,
      minFreeBytes: 64 * 2 ** 20,
      swarmKeyFile: null,
      logLevel: 'info',
    });
    expect(config.webDir).toBe(path.resolve(import.meta.dirname, '../../../../dist/web'));
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('are all taken', async () => {
    const argv = [
      ...['--storage-dir', '/data', '--port', '0', '--host', '::1', '--link-port', '4000'],
      ...['--discovery-port', '0', '--join', 'http://10.0.0.1:8000', '--join', 'https://a.local/x'],
      ...['--capacity', '512M', '--web-dir', '/web', '--allow-host', 'Box.lan', '--log-level', 'debug'],
      ...['--repair-grace', '90s', '--min-free', '1G', '--swarm-key', '/key'],
      ...['--tls', '--tls-port', '0', '--tls-dir', '/authority'],
    ];
    expect(await relayConfig(...argv)).toMatchObject({
      storageDir: '/data',
      httpPort: 0,
      host: '::1',
      linkPort: 4000,
      discoveryPort: 0,
      join: ['http://10.0.0.1:8000', 'https://a.local'],
      capacityBytes: 512 * 2 ** 20,
      minFreeBytes: 2 ** 30,
      webDir: '/web',
      repairGraceMs: 90_000,
      allowedHosts: ['box.lan'],
      swarmKeyFile: '/key',
      tls: { port: 0, certificate: { authorityFolder: '/authority' } },
      logLevel: 'debug',
    });
  });

  it('turn HTTPS on, with an authority in the storage folder or a certificate of one’s own', async () => {
    const tlsOf = async (...argv: string[]) => (await relayConfig('--storage-dir', '/data', ...argv)).tls;
    expect(await tlsOf()).toBeNull();
    expect(await tlsOf('--tls')).toEqual({ port: 8443, certificate: { authorityFolder: '/data/tls' } });
    const own = ['--tls-cert', '/c.pem', '--tls-key', '/k.pem'];
    const certificate = { certFile: '/c.pem', keyFile: '/k.pem' };
    expect(await tlsOf(...own)).toEqual({ port: 8443, certificate });
    expect(await tlsOf(...own, '--tls', '--tls-port', '443')).toEqual({ port: 443, certificate });
  });

  it('are named by --help, with the two that are no settings, and known to `lanvault start-node`', async () => {
    const text = await printOf(['--help']);
    for (const name of [...SETTING_NAMES, 'config', 'print-config'])
      expect(text).toMatch(new RegExp(`^  --${name} `, 'm'));
    const program = createProgram({ signal: new AbortController().signal, setStatus: () => undefined });
    const startNode = program.commands.find((command) => command.name() === 'start-node');
    const options = startNode?.options.map(({ long }) => long);
    expect(options?.sort()).toEqual(
      [...SETTING_NAMES, 'config', 'print-config'].map((name) => `--${name}`).sort(),
    );
  });

  it.each([
    [['--port', '1'], '--storage-dir DIR is required'],
    [['--storage-dir', ''], '--storage-dir takes a folder'],
    [['--storage-dir', 'd', '--tls-cert', 'c.pem'], '--tls-cert and --tls-key belong together'],
    [['--storage-dir', 'd', '--tls-key', 'k.pem'], '--tls-cert and --tls-key belong together'],
    [['--storage-dir', 'd', '--tls-port', '70000'], '--tls-port takes a port'],
    [['--storage-dir', 'd', '--repair-grace', '5'], '--repair-grace takes a time from 1s to 7d'],
    [['--storage-dir', 'd', '--repair-grace', '-5m'], '--repair-grace'],
    [['--storage-dir', 'd', '--repair-grace', '10ms'], '--repair-grace takes a time from 1s to 7d'],
    [['--storage-dir', 'd', '--repair-grace', '8d'], '--repair-grace takes a time from 1s to 7d'],
    [['--storage-dir', 'd', '--port', '70000'], '--port takes a port'],
    [['--storage-dir', 'd', '--port', '80a'], '--port takes a port'],
    [['--storage-dir', 'd', '--port', '-1'], '--port'],
    [['--storage-dir', 'd', '--discovery-port', ''], '--discovery-port takes a port'],
    [['--storage-dir', 'd', '--capacity', 'lots'], '--capacity takes a size'],
    [['--storage-dir', 'd', '--capacity', 'a\nb'], '--capacity takes a size'],
    [['--storage-dir', 'd', '--min-free', '-1'], '--min-free'],
    [['--storage-dir', 'd', '--join', 'ftp://x'], '--join takes'],
    [['--storage-dir', 'd', '--join', 'nonsense'], '--join takes'],
    [['--storage-dir', 'd', '--join', 'http://me:secret@x'], '--join takes'],
    [['--storage-dir', 'd', '--log-level', 'loud'], '--log-level takes one of'],
    [['--storage-dir', 'd', '--host', 'a b'], '--host takes'],
    [['--storage-dir', 'd', '--allow-host', 'http://x'], '--allow-host takes'],
    [['--storage-dir', 'd', '--nonsense'], '--nonsense'],
    [['--storage-dir', 'd', 'extra'], 'extra'],
    [['--storage-dir'], '--storage-dir'],
    [['--storage-dir', 'd', '--config', '/no/such/file'], '/no/such/file cannot be read'],
  ])('%j are refused in one clear line', async (argv, message) => {
    const text = await refusal(argv);
    expect(text).toContain(message);
    expect(text).not.toContain('\n');
  });
});

describe('the environment', () => {
  it('sets everything that flags do, lists with commas; what is empty is not set', async () => {
    const env = {
      LANVAULT_RELAY_STORAGE_DIR: '/data',
      LANVAULT_RELAY_PORT: '81',
      LANVAULT_RELAY_JOIN: 'http://a:1,http://b:2',
      LANVAULT_RELAY_CAPACITY: '',
      LANVAULT_RELAY_TLS: 'true',
      LANVAULT_DEBUG: '1',
      PORT: '9',
    };
    expect(await configOf([], env)).toMatchObject({
      storageDir: '/data',
      httpPort: 81,
      join: ['http://a:1', 'http://b:2'],
      capacityBytes: 10 * 2 ** 30,
      tls: { port: 8443, certificate: { authorityFolder: '/data/tls' } },
    });
    expect(SETTING_NAMES.map(variableOf)).toContain('LANVAULT_RELAY_DISCOVERY_PORT');
  });

  it.each([
    [{ LANVAULT_RELAY_PROT: '1' }, 'LANVAULT_RELAY_PROT is no setting'],
    [{ LANVAULT_RELAY_PORT: 'x' }, 'LANVAULT_RELAY_PORT takes a port from 0 to 65535, not "x".'],
    [{ LANVAULT_RELAY_JOIN: 'http://a:1,' }, 'LANVAULT_RELAY_JOIN takes'],
    [{ LANVAULT_RELAY_TLS: 'yes' }, 'LANVAULT_RELAY_TLS takes true or false, not "yes".'],
  ])('%j is refused', async (env, message) => {
    expect(await refusal(['--storage-dir', 'd'], env)).toContain(message);
  });
});

describe('a config file', () => {
  it('sets everything, with comments; its relative paths start where it lies', async () => {
    await using given = await withFile(`
      # The disk in the basement.
      storage-dir = "data"
      port = 8001 # a number
      capacity = "1.5T"
      join = ["http://10.0.0.1:8000"]
      allow-host = "one.lan"
      log-level = "warn"
    `);
    expect(await configOf(['--config', given.file], {})).toMatchObject({
      storageDir: path.join(given.dir, 'data'),
      httpPort: 8001,
      capacityBytes: 1.5 * 2 ** 40,
      join: ['http://10.0.0.1:8000'],
      allowedHosts: ['one.lan'],
      logLevel: 'warn',
    });
    const env = { LANVAULT_RELAY_CONFIG: given.file };
    expect(await configOf([], env)).toEqual(await configOf(['--config', given.file], {}));
  });

  it('counts after the environment, which counts after flags; a list is taken as a whole', async () => {
    await using given = await withFile(`
      storage-dir = "/file"
      port = 1
      link-port = 1
      host = "1.1.1.1"
      join = ["http://a:1", "http://b:1"]
    `);
    const env = {
      LANVAULT_RELAY_CONFIG: '/overruled/by/the/flag',
      LANVAULT_RELAY_PORT: '2',
      LANVAULT_RELAY_LINK_PORT: '2',
    };
    const argv = ['--config', given.file, '--port', '3', '--join', 'http://c:3'];
    expect(await configOf(argv, env)).toMatchObject({
      storageDir: '/file',
      host: '1.1.1.1',
      httpPort: 3,
      linkPort: 2,
      join: ['http://c:3'],
      capacityBytes: 10 * 2 ** 30,
    });
  });

  it.each([
    ['prot = 1', 'relay.toml: prot is no setting'],
    ['port = "x"', 'relay.toml: port takes a port from 0 to 65535, not "x".'],
    ['port = 1.5', 'relay.toml: port takes'],
    ['port = [1]', 'relay.toml: port takes'],
    ['port = true', 'relay.toml: port takes'],
    ['tls = 1', 'relay.toml: tls takes true or false'],
    ['port = 9007199254740993', 'relay.toml'],
    ['join = [["a"]]', 'relay.toml: join takes'],
    ['[relay]\nport = 1', 'relay.toml: relay is no setting'],
    ['port = 1\nport = 2', 'relay.toml, line 2: '],
    ['port = 1\n\nhost = ', 'relay.toml, line 3: '],
    ['"__proto__" = 1', 'relay.toml: __proto__ is no setting'],
  ])('with %j is refused in one clear line, also where a flag would win', async (text, message) => {
    await using given = await withFile(text);
    const line = await refusal(['--config', given.file, '--storage-dir', 'd', '--port', '5']);
    expect(line).toContain(message);
    expect(line).not.toContain('\n');
  });
});

describe('--print-config', () => {
  it('says every value and where it comes from, and is itself a config file that says the same', async () => {
    await using given = await withFile(
      [
        ...['storage-dir = "data"', 'host = "10.0.0.1"', 'swarm-key = "key"', 'tls = true'],
        ...['tls-dir = "tls"', 'tls-cert = "c.pem"', 'tls-key = "k.pem"'],
      ].join('\n'),
    );
    await writeFile(path.join(given.dir, 'key'), 'TOP-SECRET');
    const env = { LANVAULT_RELAY_CAPACITY: '3G' };
    const argv = ['--config', given.file, '--repair-grace', '90s', '--join', 'http://a:1/'];
    const text = await printOf([...argv, '--print-config'], env);
    const lines = text.split('\n');
    expect(lines).toContain(`storage-dir = "${given.dir}/data" # ${given.file}: storage-dir`);
    expect(lines).toContain('capacity = "3G" # LANVAULT_RELAY_CAPACITY');
    expect(lines).toContain('repair-grace = "90s" # --repair-grace');
    expect(lines).toContain('join = [ "http://a:1" ] # --join');
    expect(lines).toContain('port = "8000" # default');
    for (const name of SETTING_NAMES) expect(text).toMatch(new RegExp(`^${name} = `, 'm'));
    expect(text).not.toContain('TOP-SECRET');
    await using printed = await withFile(text);
    expect(await configOf(['--config', printed.file], {})).toEqual(await configOf(argv, env));
  });

  it('tells what is not set, in the order of the table', async () => {
    const text = await printOf(['--storage-dir', 'd', '--print-config']);
    const names = text.matchAll(/^(?:# )?([a-z-]+) (?:=|is not set)/gm);
    expect(Array.from(names, ([, name]) => name)).toEqual(SETTING_NAMES);
    expect(text).toContain('# swarm-key is not set');
  });
});

describe('parseSize', () => {
  it.each([
    ['0', 0],
    ['1048576', 1_048_576],
    ['1K', 1024],
    ['512m', 536_870_912],
    ['10G', 10_737_418_240],
    ['10GiB', 10_737_418_240],
    ['1.5T', 1_649_267_441_664],
    ['7B', 7],
  ])('%s is %i bytes', (text, sizeBytes) => {
    expect(parseSize(text)).toBe(sizeBytes);
  });

  it.each(['', '-1', '1e9', 'G', '1X', '1 2', '99999999T', '0x10', 'NaN', '١'])('%j is no size', (text) => {
    expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });
});
