/**
 * What docs/operations.md says of a relay whose disk, files or clock fail while it runs, on real processes. Whatever happens, a chunk
 * that was acknowledged and is still on the disk is served again.
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { RelayProcess, startRelays } from '../helpers/relays.ts';
import { SmallDisk } from '../helpers/small-disk.ts';
import { until } from '../helpers/until.ts';
import { ownedChunk } from '../unit/relay/deletion-fixtures.ts';
import type { OwnedChunk } from '../unit/relay/deletion-fixtures.ts';

const MIB = 2 ** 20;
const DISK_BYTES = 24 * MIB;
const YEAR_MS = 31_536_000_000;

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
}

/** One relay on one storage folder, over any number of processes, and what it has acknowledged. */
class Subject implements AsyncDisposable {
  readonly acknowledged = new Map<string, OwnedChunk>();
  readonly dir: string;
  readonly #args: readonly string[];
  readonly #within: readonly string[];
  #relay: RelayProcess | undefined;

  constructor(dir: string, args: readonly string[] = [], within: readonly string[] = []) {
    this.dir = dir;
    this.#args = args;
    this.#within = within;
  }

  get relay(): RelayProcess {
    if (this.#relay === undefined) throw new Error('It was not started.');
    return this.#relay;
  }

  /** Resolves when it gives out its chunks. */
  async start(): Promise<void> {
    const options = { discoveryPort: 0, dir: this.dir, extraArgs: this.#args, within: this.#within };
    this.#relay = await RelayProcess.start(options);
    await until(async () => (await this.get('/readyz')).status === 200, 'the relay serves');
  }

  get(url: string): Promise<Response> {
    return fetch(this.relay.url + url);
  }

  async storage(): Promise<unknown> {
    return ((await (await this.get('/readyz')).json()) as { storage: unknown }).storage;
  }

  async put(chunk: OwnedChunk = ownedChunk(200_000)): Promise<Answer> {
    const answer = await fetch(`${this.relay.url}/chunk/${chunk.id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'x-client-nonce': '00'.repeat(16) },
      body: chunk.bytes,
    });
    if (answer.status === 200) this.acknowledged.set(chunk.id, chunk);
    return answerOf(answer);
  }

  async putMany(count: number): Promise<void> {
    for (let i = 0; i < count; i++) expect(await this.put()).toMatchObject({ status: 200 });
  }

  async delete({ id, tombstone }: OwnedChunk): Promise<Answer> {
    const headers = { 'x-delete-token': tombstone.token };
    const answer = await fetch(`${this.relay.url}/chunk/${id}`, { method: 'DELETE', headers });
    if (answer.status === 200) this.acknowledged.delete(id);
    return answerOf(answer);
  }

  async read(id: string): Promise<Answer & { readonly bytes: Buffer }> {
    const answer = await fetch(`${this.relay.url}/chunk/${id}`, { headers: { 'x-local-only': '1' } });
    return { status: answer.status, code: undefined, bytes: Buffer.from(await answer.arrayBuffer()) };
  }

  /** Every acknowledged chunk, byte for byte. */
  async servesAll(): Promise<void> {
    for (const { id, bytes } of this.acknowledged.values()) {
      const read = await this.read(id);
      expect(read.status).toBe(200);
      expect(read.bytes.equals(bytes)).toBe(true);
    }
  }

  /** Its log: JSON lines without any id, and not many. */
  async logs(maxLines: number): Promise<void> {
    const lines = (await readFile(this.relay.log, 'utf8')).trimEnd().split('\n');
    for (const line of lines) {
      // What ends a start is one plain line.
      if (!line.startsWith('lanvault relay: ')) expect(JSON.parse(line)).toHaveProperty('msg');
      expect(line).not.toMatch(/[0-9a-f]{64}/);
    }
    expect(lines.length).toBeLessThanOrEqual(maxLines);
  }

  async fsck(...args: readonly string[]): Promise<{ code: number | null; report: FsckOutput }> {
    await using user = await CliUser.create();
    const { code, stdout, stderr } = await user.run('fsck', '--storage-dir', this.dir, '--json', ...args);
    expect(stderr).toBe('');
    return { code, report: JSON.parse(stdout) as FsckOutput };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#relay?.kill();
  }
}

interface FsckOutput {
  readonly chunks: number;
  readonly findings: readonly { kind: string; count: number; state: string }[];
  readonly sound: boolean;
}

async function answerOf(answer: Response): Promise<Answer> {
  const body = (await answer.json()) as { error?: { code: string } };
  return { status: answer.status, code: body.error?.code };
}

async function newFolder(): Promise<AsyncDisposable & { readonly relay: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lanvault-faults-'));
  return {
    relay: path.join(folder, 'relay'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const kinds = ({ findings }: FsckOutput) =>
  Object.fromEntries(findings.map(({ kind, count, state }) => [kind, [count, state]]));

// At once: a relay with chunks that is alone waits ten seconds after each start.
describe.concurrent('a relay', () => {
  it('whose disk is full refuses chunks, serves what it has, and stores again when there is room', async () => {
    await using disk = await SmallDisk.create(DISK_BYTES);
    await using subject = new Subject(disk.dir, ['--min-free', '2M']);
    await subject.start();
    await subject.putMany(3);
    // Up to its floor by itself.
    let refused: Answer;
    do refused = await subject.put(ownedChunk(MIB));
    while (refused.status === 200);
    expect(refused).toEqual({ status: 507, code: 'NO_SPACE' });
    expect(await subject.storage()).toBe('full');
    // The rest is taken by somebody else.
    await disk.fill();
    for (let i = 0; i < 20; i++) expect(await subject.put()).toEqual({ status: 507, code: 'NO_SPACE' });
    const [held] = subject.acknowledged.values();
    if (held === undefined) throw new Error('Chunks were stored.');
    expect(await subject.delete(held)).toEqual({ status: 503, code: 'UNAVAILABLE' });
    await subject.servesAll();
    expect((await subject.get('/healthz')).status).toBe(200);
    expect(await (await subject.get('/metrics')).text()).toContain('\nlanvault_takes_chunks 0\n');

    await subject.relay.kill('SIGKILL');
    const { stderr } = await runRelay(subject.dir);
    expect(stderr).toBe('lanvault relay: The disk of this relay is full.\n');
    await disk.clear();
    await subject.start();
    await subject.servesAll();
    const [first] = subject.acknowledged.values();
    if (first === undefined) throw new Error('Chunks were stored.');
    expect(await subject.delete(first)).toMatchObject({ status: 200 });
    expect(await subject.put(ownedChunk(1000))).toMatchObject({ status: 200 });
    await subject.logs(60);
    await subject.relay.kill('SIGTERM');
    expect(await subject.fsck()).toMatchObject({ code: 0, report: { findings: [], sound: true } });
  });

  it('whose disk turns read-only serves what it has, says so, and loses nothing', async () => {
    await using disk = await SmallDisk.create(DISK_BYTES);
    await using subject = new Subject(disk.dir, ['--min-free', '0']);
    await subject.start();
    await subject.putMany(5);
    disk.turnReadOnly();
    for (let i = 0; i < 30; i++) expect(await subject.put()).toEqual({ status: 500, code: 'IO' });
    const [first] = subject.acknowledged.values();
    if (first === undefined) throw new Error('Chunks were stored.');
    expect(await subject.delete(first)).toEqual({ status: 503, code: 'UNAVAILABLE' });
    await subject.servesAll();
    expect(await subject.storage()).toBe('read-only');
    // Thirty failures, a dozen lines.
    await subject.logs(40);
    await subject.relay.kill('SIGTERM');
    await disk.remount();
    const { report } = await subject.fsck('--repair');
    expect(report).toMatchObject({ chunks: 5, sound: true });
    await subject.start();
    await subject.servesAll();
  });

  it('goes on without its index, and makes it anew at the next start', async () => {
    await using folder = await newFolder();
    await using subject = new Subject(folder.relay);
    await subject.start();
    await subject.putMany(3);
    for (const suffix of ['', '-wal', '-shm'])
      await rm(path.join(subject.dir, `dht_index.sqlite${suffix}`), { force: true });
    await subject.putMany(2);
    await subject.servesAll();
    await subject.relay.kill('SIGKILL');
    const told = await subject.fsck();
    expect(told.code).toBe(5);
    expect(kinds(told.report)).toEqual({ 'index-missing': [1, 'open'], 'chunk-unlisted': [5, 'open'] });
    await subject.start();
    await subject.servesAll();
    const status = (await (await subject.get('/status')).json()) as { chunks: number };
    expect(status.chunks).toBe(5);
    await subject.relay.kill('SIGTERM');
    expect(await subject.fsck()).toMatchObject({ code: 0, report: { chunks: 5, sound: true } });
  });

  it('stores on after its folder of chunks was taken away, and serves the old ones when it is back', async () => {
    await using folder = await newFolder();
    await using subject = new Subject(folder.relay);
    await subject.start();
    await subject.putMany(4);
    const before = new Map(subject.acknowledged);
    const away = `${subject.dir}-away`;
    await rename(path.join(subject.dir, 'chunks'), away);
    expect(await subject.storage()).toBe('failing');
    for (const id of before.keys()) expect((await subject.read(id)).status).toBe(404);
    subject.acknowledged.clear();
    await subject.putMany(2);
    await subject.servesAll();
    expect(await subject.storage()).toBe('ok');
    await subject.relay.kill('SIGTERM');
    expect(await subject.fsck()).toMatchObject({ code: 0, report: { chunks: 2, sound: true } });
    // The backup, copied over what is there.
    for (const file of await readdir(away, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const target = path.join(
        subject.dir,
        'chunks',
        path.relative(away, path.join(file.parentPath, file.name)),
      );
      await cp(path.join(file.parentPath, file.name), target);
    }
    const mended = await subject.fsck('--repair');
    expect(kinds(mended.report)).toEqual({ 'chunk-unlisted': [4, 'mended'] });
    for (const [id, chunk] of before) subject.acknowledged.set(id, chunk);
    await subject.start();
    await subject.servesAll();
  });

  it('whose clock is set back a year goes on, also through a restart, and what was deleted stays deleted', async () => {
    await using folder = await newFolder();
    const dir = folder.relay;
    const flag = `${dir}-set-back`;
    await using subject = new Subject(dir, [], ['env', `NODE_OPTIONS=${clockMovedBy(flag, -YEAR_MS)}`]);
    await subject.start();
    await subject.putMany(3);
    const gone = ownedChunk(5000);
    await subject.put(gone);
    expect(await subject.delete(gone)).toMatchObject({ status: 200 });

    const goesOn = async (): Promise<void> => {
      expect(await subject.put(gone)).toEqual({ status: 410, code: 'DELETED' });
      await subject.putMany(1);
      await subject.servesAll();
    };
    await writeFile(flag, '');
    await goesOn();
    await subject.relay.kill('SIGKILL');
    await subject.start();
    await goesOn();
    expect(existsSync(flag)).toBe(true);
    await rm(flag);
    await goesOn();
    await subject.logs(40);
  });

  it('whose clock was wrong by a year at a start gives a chunk out only when another relay holds it too', async () => {
    await using folder = await newFolder();
    const flag = `${folder.relay}-set-forward`;
    await using subject = new Subject(
      folder.relay,
      [],
      ['env', `NODE_OPTIONS=${clockMovedBy(flag, YEAR_MS)}`],
    );
    await subject.start();
    await subject.putMany(2);
    await subject.relay.kill('SIGKILL');
    await writeFile(flag, '');
    await subject.start();
    const [lonely, shared] = subject.acknowledged.values();
    if (lonely === undefined || shared === undefined) throw new Error('Chunks were stored.');
    expect((await subject.read(shared.id)).status).toBe(503);

    await using holder = new Subject(`${folder.relay}-other`, ['--join', subject.relay.url]);
    await holder.start();
    expect(await holder.put(shared)).toMatchObject({ status: 200 });
    await until(async () => (await subject.read(shared.id)).status === 200, 'the chunk is trusted again');
    expect((await subject.read(lonely.id)).status).toBe(503);
  });

  it('killed while it writes: fsck tells what was left half-written, mends it, and nothing acknowledged is lost', async () => {
    await using folder = await newFolder();
    await using subject = new Subject(folder.relay);
    await subject.start();
    const writers = Array.from({ length: 8 }, async () => {
      // Cut connections are what this test makes; only an answer counts.
      while (subject.relay.alive) await subject.put(ownedChunk(MIB)).catch(() => undefined);
    });
    await until(() => Promise.resolve(subject.acknowledged.size >= 12), 'chunks are stored');
    await subject.relay.kill('SIGKILL');
    await Promise.all(writers);
    const told = await subject.fsck();
    expect(['temp-file', 'chunk-unlisted']).toEqual(expect.arrayContaining(Object.keys(kinds(told.report))));
    expect(await subject.fsck('--repair')).toMatchObject({ code: 0, report: { sound: true } });
    expect(await subject.fsck()).toMatchObject({ code: 0, report: { findings: [], sound: true } });
    await subject.start();
    await subject.servesAll();
  });

  it('that lost its chunks to somebody serves them from the others, and has them again after a repair', async () => {
    await using swarm = await startRelays(3);
    const [loser, other] = swarm.relays;
    if (loser === undefined || other === undefined) throw new Error('Three relays were started.');
    const chunk = ownedChunk(50_000);
    const url = (relay: RelayProcess): string => `${relay.url}/chunk/${chunk.id}`;
    const headers = {
      'x-client-nonce': '00'.repeat(16),
      'x-replicate-to': swarm.relays.map(({ id }) => id).join(),
    };
    const stored = await fetch(url(other), {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', ...headers },
      body: chunk.bytes,
    });
    expect(await stored.json()).toMatchObject({ receipts: [{}, {}, {}] });
    await rm(path.join(loser.dir, 'chunks'), { recursive: true });
    const answer = await fetch(url(loser));
    expect(Buffer.from(await answer.arrayBuffer()).equals(chunk.bytes)).toBe(true);
    const held = async (): Promise<number> =>
      (await fetch(url(loser), { headers: { 'x-local-only': '1' } })).status;
    expect(await held()).toBe(404);
    for (const { dir, url: origin } of swarm.relays) {
      const token = (await readFile(path.join(dir, 'operator.token'), 'utf8')).trim();
      await fetch(`${origin}/repair`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    }
    await until(async () => (await held()) === 200, 'the chunk is back');
  });
});

/** For NODE_OPTIONS: the wall clock is off as long as the file is there. */
function clockMovedBy(flag: string, ms: number): string {
  const hook = `import{existsSync}from"node:fs";const{now}=Date;Date.now=()=>now()+(existsSync(${JSON.stringify(flag)})?${String(ms)}:0)`;
  return `--import=data:text/javascript,${encodeURIComponent(hook)}`;
}

/** A start that is to fail. */
async function runRelay(dir: string): Promise<{ code: number | null; stderr: string }> {
  await using user = await CliUser.create();
  const flags = ['--host', '127.0.0.1', '--port', '0', '--discovery-port', '0', '--log-level', 'silent'];
  const result = await user.run('start-node', '--storage-dir', dir, ...flags);
  expect(result.code).toBe(6);
  return result;
}
