/** Somebody with a vault of their own who uses the command line, on the host of one relay or another. */
import { readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { EXIT_CODES } from '../../cli/exit-codes.ts';
import { CliUser, resultOf } from '../helpers/cli.ts';
import type { CliResult } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import type { ChaosRelay } from './chaos-relay.ts';

/** Longer than all that a command waits for: one that takes it hangs. */
const HANG_MS = 240_000;

export interface StoredFile {
  readonly owner: Person;
  readonly name: string;
  /** SHA-256, hex. */
  readonly hash: string;
  readonly chunks: readonly string[];
  /** By chunk, the relays whose receipts the command has. */
  readonly signers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Fewer than five copies were made, and the command said so. */
  readonly degraded: boolean;
  /** The command did not say that it is missing in the vault's list. */
  readonly listed: boolean;
  /** `doubtful`: its deletion was begun. `deleted`: that was acknowledged. */
  state: 'kept' | 'doubtful' | 'deleted';
  /** The entry's id, while it is published. */
  published: string | null;
}

interface JournalLine {
  readonly name?: string;
  readonly kind?: string;
  readonly index: number;
  readonly id: string;
  readonly holders: readonly string[];
}

export class Person implements AsyncDisposable {
  readonly name: string;
  readonly files: StoredFile[] = [];
  readonly #user: CliUser;
  #uploads = 0;

  private constructor(name: string, user: CliUser) {
    this.name = name;
    this.#user = user;
  }

  static async create(name: string): Promise<Person> {
    return new Person(name, await CliUser.create());
  }

  get kept(): StoredFile[] {
    return this.files.filter(({ state }) => state === 'kept');
  }

  manifestOf({ name }: Pick<StoredFile, 'name'>): string {
    return this.#user.path(`manifests/${name}.manifest`);
  }

  /** The file is known, as kept, exactly if the command said that it is stored. */
  async upload(sizeBytes: number, entry: ChaosRelay): Promise<CliResult & { file: StoredFile | null }> {
    const name = `${this.name}-${String(this.#uploads++)}.bin`;
    const source = this.#user.path(name);
    await writeMixedFile(source, sizeBytes);
    const hash = await sha256OfFile(source);
    const result = await this.#run(entry, 'distribute', name);
    await rm(source);
    if (result.code !== EXIT_CODES.ok.status && result.code !== EXIT_CODES.degraded.status)
      return { ...result, file: null };
    const manifest = JSON.parse(await readFile(this.manifestOf({ name }), 'utf8')) as {
      chunks: { id: string }[];
    };
    const file: StoredFile = {
      ...{ owner: this, name, hash, degraded: result.code !== EXIT_CODES.ok.status },
      signers: await this.#signersOf(name),
      listed: !result.stderr.includes('is stored, but not in your vault’s list'),
      ...{ chunks: manifest.chunks.map(({ id }) => id), state: 'kept', published: null },
    };
    this.files.push(file);
    return { ...result, file };
  }

  /** `same`: what came back is what went up. */
  async read(file: StoredFile, entry: ChaosRelay): Promise<CliResult & { same: boolean }> {
    const copy = this.#user.path(`${file.name}.copy`);
    const result = await this.#run(entry, 'reconstruct', file.owner.manifestOf(file), copy, '--force');
    const same = result.code === EXIT_CODES.ok.status && (await sha256OfFile(copy)) === file.hash;
    await rm(copy, { force: true });
    return { ...result, same };
  }

  async delete(file: StoredFile, entry: ChaosRelay): Promise<CliResult> {
    file.state = 'doubtful';
    const result = await this.#run(entry, 'delete', this.manifestOf(file), '--yes');
    if (result.code === EXIT_CODES.ok.status) file.state = 'deleted';
    return result;
  }

  /** Somebody else's file, with its manifest in hand. */
  trespass(file: StoredFile, entry: ChaosRelay): Promise<CliResult> {
    return this.#run(entry, 'delete', file.owner.manifestOf(file), '--yes');
  }

  async publish(file: StoredFile, entry: ChaosRelay): Promise<CliResult> {
    const result = await this.#run(entry, 'catalog', 'publish', this.manifestOf(file), '--yes', '--json');
    if (result.code === EXIT_CODES.ok.status)
      file.published = (JSON.parse(result.stdout) as { id: string }).id;
    return result;
  }

  async unpublish(file: StoredFile, entry: ChaosRelay): Promise<CliResult> {
    const result = await this.#run(entry, 'catalog', 'unpublish', file.published ?? '');
    if (result.code === EXIT_CODES.ok.status) file.published = null;
    return result;
  }

  prune(entry: ChaosRelay, ...options: readonly string[]): Promise<CliResult> {
    return this.#run(entry, 'prune', '--yes', ...options);
  }

  list(entry: ChaosRelay): Promise<CliResult> {
    return this.#run(entry, 'list');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#user[Symbol.asyncDispose]();
  }

  /** From the journal, which the command keeps as its record. */
  async #signersOf(file: string): Promise<Map<string, Set<string>>> {
    const folder = this.#user.path('data/lanvault/journals');
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.jsonl')) continue;
      const text = await readFile(path.join(folder, name), 'utf8');
      const [header, ...entries] = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as JournalLine);
      if (header?.name !== file) continue;
      const ids = new Map(
        entries.flatMap((entry) => (entry.kind === 'sealed' ? [[entry.index, entry.id]] : [])),
      );
      return new Map(
        entries.flatMap((entry) =>
          entry.kind === 'stored' ? [[ids.get(entry.index) ?? '', new Set(entry.holders)]] : [],
        ),
      );
    }
    throw new Error(`There is no journal of ${file}.`);
  }

  async #run(entry: ChaosRelay, ...args: readonly string[]): Promise<CliResult> {
    const { host, process: relay } = entry;
    const child = this.#user.spawnWithin(
      host.within,
      ...args,
      '--entry-node',
      `http://127.0.0.1:${String(relay.port)}`,
    );
    const hung = setTimeout(() => child.kill('SIGKILL'), HANG_MS);
    const result = await resultOf(child);
    clearTimeout(hung);
    return result;
  }
}
