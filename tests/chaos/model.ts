/** What must be true whatever happens, and whether it is. */
import type { World } from './world.ts';
import type { Person, StoredFile } from './person.ts';
import { REPLICAS } from '../../shared/limits.ts';
import { until } from '../helpers/until.ts';
import { Broken } from './broken.ts';
import { EXIT_CODES } from '../../cli/exit-codes.ts';

const HEALING_MS = 240_000;
/** Files that are read at each checkpoint; the last one reads all. */
const SAMPLE = 6;

export class Model {
  readonly #world: World;
  readonly #people: readonly Person[];
  readonly #random: () => number;
  /** Chunks of files whose deletion was acknowledged. */
  readonly deletedChunks = new Set<string>();

  constructor(world: World, people: readonly Person[], random: () => number) {
    this.#world = world;
    this.#people = people;
    this.#random = random;
  }

  get files(): StoredFile[] {
    return this.#people.flatMap(({ files }) => files);
  }

  /** Chunks that have to be there: nobody has begun to delete their file. */
  get keptChunks(): string[] {
    return this.files.flatMap(({ state, chunks }) => (state === 'kept' ? chunks : []));
  }

  /** Holds once everything is whole again: throws `Broken` for the first promise that does not. */
  async check(all: boolean): Promise<void> {
    for (const relay of this.#world.relays)
      if (!relay.alive) throw new Broken(`${relay.name} ended by itself; ${await relay.lastWords()}`);
    await this.#orBroken(this.#world.settled());
    for (const person of this.#people) await this.#finishDeletions(person);
    await this.#replicasAreBack();
    await this.#deletedAreGone();
    const kept = this.files.filter(({ state }) => state === 'kept');
    for (const file of this.#some(kept, all)) await this.#isReadable(file);
    const deleted = this.files.filter(({ state }) => state === 'deleted');
    for (const file of this.#some(deleted, all)) await this.#isUnreadable(file);
    if (all) for (const person of this.#people) await this.#listsAll(person);
  }

  async #finishDeletions(person: Person): Promise<void> {
    for (const file of person.files.filter(({ state }) => state === 'doubtful')) {
      const entry = this.#anyRelay();
      const { code, stderr } = await person.delete(file, entry);
      if (code !== EXIT_CODES.ok.status)
        throw new Broken(`${file.name} of ${person.name} cannot be deleted with all relays there: ${stderr}`);
    }
    for (const { state, chunks } of person.files)
      if (state === 'deleted') for (const id of chunks) this.deletedChunks.add(id);
  }

  async #replicasAreBack(): Promise<void> {
    const short = new Set(this.keptChunks);
    const look = async (): Promise<boolean> => {
      for (const id of short) if ((await this.#world.intactCopies(id)) >= REPLICAS) short.delete(id);
      if (short.size === 0) return true;
      // As a person would who looks after the relays.
      for (const relay of this.#world.relays) await relay.ask('POST', '/repair').catch(() => null);
      return false;
    };
    await this.#orBroken(until(look, 'all replicas back', HEALING_MS), async () => {
      const examples = await Promise.all(
        [...short].slice(0, 5).map(async (id) => `${id}: ${String(await this.#world.intactCopies(id))}`),
      );
      return `${String(short.size)} chunks have fewer than ${String(REPLICAS)} copies: ${examples.join(', ')}`;
    });
  }

  async #deletedAreGone(): Promise<void> {
    let left: string[] = [];
    const look = async (): Promise<boolean> => {
      left = [];
      for (const relay of this.#world.relays)
        for (const id of await relay.chunks())
          if (this.deletedChunks.has(id)) left.push(`${id} on ${relay.name}`);
      return left.length === 0;
    };
    await this.#orBroken(until(look, 'deleted chunks are gone', HEALING_MS), () =>
      Promise.resolve(`deleted chunks are still there: ${left.slice(0, 5).join(', ')}`),
    );
  }

  async #isReadable(file: StoredFile): Promise<void> {
    const { code, stderr, same } = await file.owner.read(file, this.#anyRelay());
    if (code !== EXIT_CODES.ok.status)
      throw new Broken(`${file.name} of ${file.owner.name} is lost: ${stderr}`);
    if (!same) throw new Broken(`${file.name} of ${file.owner.name} comes back as something else`);
  }

  async #isUnreadable(file: StoredFile): Promise<void> {
    const { code } = await file.owner.read(file, this.#anyRelay());
    if (code === EXIT_CODES.ok.status)
      throw new Broken(`${file.name} of ${file.owner.name} was deleted and can be read`);
  }

  async #listsAll(person: Person): Promise<void> {
    const { stdout, stderr } = await person.list(this.#anyRelay());
    for (const { name, state, listed } of person.files)
      if (state === 'kept' && listed && !stdout.includes(name))
        throw new Broken(`${name} is missing in the list of ${person.name}: ${stdout}${stderr}`);
  }

  #anyRelay(): World['relays'][number] {
    return pick(this.#world.relays, this.#random);
  }

  #some(files: readonly StoredFile[], all: boolean): readonly StoredFile[] {
    if (all || files.length <= SAMPLE) return files;
    return Array.from({ length: SAMPLE }, () => pick(files, this.#random));
  }

  async #orBroken(
    waiting: Promise<void>,
    why: (cause: string) => Promise<string> = (cause) => Promise.resolve(cause),
  ): Promise<void> {
    try {
      await waiting;
    } catch (cause) {
      throw new Broken(await why(String(cause)), { cause });
    }
  }
}

export function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T;
}
