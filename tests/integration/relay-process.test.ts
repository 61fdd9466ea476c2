/** One relay as a process: its command line, its ready line, its stop, its lock, and what SIGKILL does to it. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readFile, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChunksPage, PutAnswer, Status } from '../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { RELAY_PROGRAM } from '../helpers/programs.ts';
import { RelayProcess } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'lanvault-process-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const storage = (): string => path.join(dir, 'relay');
const start = (extraArgs: string[] = [], port = 0): Promise<RelayProcess> =>
  RelayProcess.start({ discoveryPort: 0, dir: storage(), extraArgs, port });

/** Runs to the end, however that comes. */
async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [RELAY_PROGRAM, ...args]);
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, stdout, stderr };
}

function sample(sizeBytes: number): { id: string; bytes: Buffer } {
  const bytes = randomBytes(sizeBytes);
  const bodyHash = createHash('sha256').update(bytes.subarray(32)).digest();
  return { id: createHash('sha256').update(bytes.subarray(0, 32)).update(bodyHash).digest('hex'), bytes };
}

async function put(url: string, { id, bytes }: { id: string; bytes: Buffer }): Promise<boolean> {
  const answer = await fetch(`${url}/chunk/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', 'x-client-nonce': '00'.repeat(16) },
    body: new Uint8Array(bytes),
  });
  const body = await answer.text();
  return answer.status === 200 && parseJsonWith(PutAnswer, body, 'The answer').receipts.length === 1;
}

describe('the command line', () => {
  it('helps', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: /);
    expect(stderr).toBe('');
  });

  it.each([
    [[], '--storage-dir'],
    [['--storage-dir', 'x', '--port', 'http'], '--port'],
    [['--storage-dir', 'x', '--prot', '1'], '--prot'],
    [['--storage-dir', 'x', '--capacity', '-5'], '--capacity'],
  ])('refuses %j in one line, exit 2', async (args, flag) => {
    const { code, stdout, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(flag);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says when its port is taken, and when its folder cannot be used, with their exit codes', async () => {
    await using relay = await start();
    const flags = ['--host', '127.0.0.1', '--discovery-port', '0', '--log-level', 'silent'];
    const taken = await run('--storage-dir', path.join(dir, 'b'), '--port', String(relay.port), ...flags);
    expect(taken).toMatchObject({ code: 8, stdout: '' });
    expect(taken.stderr).toBe(
      `lanvault relay: Port ${relay.port} is in use. Choose another one with --port.\n`,
    );
    const nowhere = await run(
      '--storage-dir',
      path.join(storage(), 'identity.key', 'x'),
      '--port',
      '0',
      ...flags,
    );
    expect(nowhere).toMatchObject({ code: 6, stdout: '' });
    expect(nowhere.stderr).toMatch(/^lanvault relay: The storage folder cannot be made/);
  });

  it('lets no second relay use the folder of a living one', async () => {
    await using relay = await start();
    const flags = ['--host', '127.0.0.1', '--port', '0', '--discovery-port', '0', '--log-level', 'silent'];
    const second = await run('--storage-dir', storage(), ...flags);
    expect(second.code).toBe(8);
    expect(second.stderr).toContain('Another relay uses this storage folder');
    await relay.kill('SIGKILL');
    await using again = await start();
    expect(again.id).toBe(relay.id);
  });
});

describe('life and death', () => {
  it('stops on SIGTERM with exit 0, keeps identity and chunks, and logs JSON without ids', async () => {
    const chunk = sample(200_000);
    const flags = ['--host', '127.0.0.1', '--port', '0', '--discovery-port', '0'];
    const child = spawn(process.execPath, [RELAY_PROGRAM, '--storage-dir', storage(), ...flags]);
    const [logged, exited] = [text(child.stderr), once(child, 'exit')];
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const relay = JSON.parse(line) as { event: string; id: string; port: number; link: number };
    expect(Object.keys(relay)).toEqual(['event', 'id', 'port', 'link']);
    const url = `http://127.0.0.1:${relay.port}`;
    expect(await put(url, chunk)).toBe(true);
    await fetch(`${url}/chunk/${chunk.id}`).then((answer) => answer.arrayBuffer());
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    const log = await logged;
    for (const entry of log.trimEnd().split('\n')) expect(JSON.parse(entry)).toHaveProperty('msg');
    expect(log).not.toContain(chunk.id);
    expect((await stat(path.join(storage(), 'identity.key'))).mode & 0o777).toBe(0o600);

    await using again = await start();
    expect(again.id).toBe(relay.id);
    await until(() => again.ready(), 'a relay that is alone serves');
    const status = parseJsonWith(Status, await (await fetch(`${again.url}/status`)).text(), 'The status');
    expect(status).toMatchObject({ chunks: 1, used: 200_000, peers: 1 });
    const back = await fetch(`${again.url}/chunk/${chunk.id}`);
    expect(Buffer.from(await back.arrayBuffer()).equals(chunk.bytes)).toBe(true);
  });

  it('appends to its log, which may be cut while it runs', async () => {
    const file = path.join(dir, 'relay.log');
    const log = await open(file, 'a');
    const flags = ['--host', '127.0.0.1', '--port', '0', '--discovery-port', '0', '--log-level', 'debug'];
    // Nobody is there: a line every now and then.
    const args = ['--storage-dir', storage(), ...flags, '--join', 'http://127.0.0.1:1'];
    const child = spawn(process.execPath, [RELAY_PROGRAM, ...args], {
      stdio: ['ignore', 'ignore', log.fd],
    });
    const exited = once(child, 'exit');
    await log.close();
    const lines = async (): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    await until(async () => (await lines()).some((line) => line.includes('could not join')), 'it logs');
    await truncate(file);
    await until(async () => (await lines()).length > 0, 'it goes on at the beginning of the file');
    child.kill('SIGTERM');
    await exited;
    for (const line of await lines()) expect(JSON.parse(line)).toMatchObject({ level: 'debug' });
  });

  it('killed again and again while it takes chunks, it loses none that it acknowledged', async () => {
    const acknowledged = new Map<string, Buffer>();
    for (let round = 0; round < 4; round++) {
      const relay = await start();
      const stopAfter = acknowledged.size + 5 + round * 7;
      let alive = true;
      const writers = Array.from({ length: 6 }, async () => {
        while (alive) {
          const chunk = sample(1_000 + Math.floor(Math.random() * 400_000));
          // Cut connections are what this test makes; only an answer counts.
          const stored = await put(relay.url, chunk).catch(() => false);
          if (stored) acknowledged.set(chunk.id, chunk.bytes);
          if (acknowledged.size < stopAfter) continue;
          alive = false;
          await relay.kill('SIGKILL');
        }
      });
      await Promise.all(writers);
    }
    await using relay = await start();
    await until(() => relay.ready(), 'a relay that is alone serves');
    for (const [id, bytes] of acknowledged) {
      const answer = await fetch(`${relay.url}/chunk/${id}`, { headers: { 'x-local-only': '1' } });
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
    }
    const page = parseJsonWith(ChunksPage, await (await fetch(`${relay.url}/chunks`)).text(), 'The page');
    const listed = new Set(page.chunks.map(({ id }) => id));
    for (const id of acknowledged.keys()) expect(listed.has(id)).toBe(true);
    expect(await readdir(path.join(storage(), 'tmp'))).toEqual([]);
  });
});
