/** A chaos run: people work while relays and network fail; then all is mended, and what must be true is looked at. Again and again. */
import { setTimeout as pause } from 'node:timers/promises';
import { seededRandom } from '../helpers/virtual-network.ts';
import { beginFault } from './faults.ts';
import type { Fault, FaultScene } from './faults.ts';
import { Model, pick } from './model.ts';
import { operate } from './operations.ts';
import { Person } from './person.ts';
import { World } from './world.ts';

const HOSTS = 8;
const PEOPLE = ['anna', 'boris', 'chen', 'dora', 'emil'];
/** Between two checkpoints. */
const WORK_MS = 40_000;
const MAX_PAUSE_MS = 2500;
const MAX_FAULT_MS = 9000;
/** Of every so many rounds one begins with a relay that has lost its disk. */
const DISK_LOSS_RATE = 0.4;
const FIRST_FILES = 2;

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  /** Hears of everything. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface ChaosTally {
  operations: number;
  faults: number;
  checkpoints: number;
  /** How often each operation ended how, and each kind of fault came. */
  readonly counts: Record<string, number>;
  kept: number;
  deleted: number;
}

interface Ongoing {
  readonly fault: Fault;
  /** Monotonic ms. */
  readonly until: number;
}

/** Resolves when all held. Throws `Broken` for the first promise that did not. The seed decides what is done; its timing is the machine's. */
export async function runChaos(options: ChaosOptions): Promise<ChaosTally> {
  await using run = await ChaosRun.create(options);
  await run.play();
  return run.tally;
}

class ChaosRun implements AsyncDisposable {
  readonly tally: ChaosTally = { operations: 0, faults: 0, checkpoints: 0, counts: {}, kept: 0, deleted: 0 };
  readonly #options: ChaosOptions;
  readonly #world: World;
  readonly #people: readonly Person[];
  readonly #model: Model;
  readonly #random: () => number;
  readonly #faults: Ongoing[] = [];

  private constructor(options: ChaosOptions, world: World, people: readonly Person[]) {
    this.#options = options;
    this.#world = world;
    this.#people = people;
    this.#random = seededRandom(options.seed);
    this.#model = new Model(world, people, seededRandom(options.seed ^ 0x5eed));
  }

  static async create(options: ChaosOptions): Promise<ChaosRun> {
    const world = await World.create(HOSTS);
    return new ChaosRun(options, world, await Promise.all(PEOPLE.map((name) => Person.create(name))));
  }

  async play(): Promise<void> {
    const { minutes, signal } = this.#options;
    await Promise.all(this.#people.map((person) => this.#begin(person)));
    await this.#check(false);
    const end = performance.now() + minutes * 60_000;
    while (performance.now() < end) {
      await this.#round(Math.min(end, performance.now() + WORK_MS));
      signal.throwIfAborted();
      await this.#check(performance.now() >= end);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const person of this.#people) await person[Symbol.asyncDispose]();
    await this.#world[Symbol.asyncDispose]();
  }

  async #begin(person: Person): Promise<void> {
    for (let i = 0; i < FIRST_FILES; i++)
      await person.upload(50_000 + i, pick(this.#world.relays, this.#random));
  }

  async #round(end: number): Promise<void> {
    const settledChunks = new Set(this.#model.keptChunks);
    const scene = { ...{ world: this.#world, people: this.#people, model: this.#model }, settledChunks };
    if (this.#random() < DISK_LOSS_RATE) await this.#loseDisk();
    const over = AbortSignal.any([
      this.#options.signal,
      AbortSignal.timeout(Math.max(1, Math.ceil(end - performance.now()))),
    ]);
    // What is broken ends the round for all.
    const broken = new AbortController();
    const stop = AbortSignal.any([over, broken.signal]);
    const parts = this.#people.map((person, i) =>
      this.#work(person, seededRandom(this.#options.seed * 31 + this.tally.checkpoints * 7 + i), stop),
    );
    const fails = this.#fail({ ...scene, random: this.#random }, stop);
    const all = [...parts, fails];
    for (const part of all) part.catch(() => broken.abort());
    // Nobody waits for a relay that is away longer than the fault lasts.
    const healed = fails.finally(() => this.#healAll());
    await Promise.allSettled([...parts, healed]);
    await Promise.all([...parts, healed]);
  }

  async #work(person: Person, random: () => number, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const outcome = await operate(person, { world: this.#world, people: this.#people, random });
      this.tally.operations++;
      this.#count(outcome);
      this.#options.say(`${person.name} ${outcome}`);
    }
  }

  async #fail(scene: FaultScene, stop: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.#random() * MAX_PAUSE_MS, undefined, { signal: stop }).catch(() => null);
      await this.#healSome();
      if (stop.aborted) return;
      const fault = await beginFault(scene);
      if (fault === null) continue;
      this.tally.faults++;
      this.#count(fault.name.replace(/ of .*/, ''));
      this.#options.say(`-- ${fault.name}`);
      this.#faults.push({ fault, until: performance.now() + this.#random() * MAX_FAULT_MS });
    }
  }

  async #loseDisk(): Promise<void> {
    const relay = pick(this.#world.relays, this.#random);
    this.#options.say(`-- ${relay.name} loses its disk`);
    await relay.loseDisk();
    this.tally.faults++;
    this.#count('disk loss');
  }

  async #healSome(): Promise<void> {
    const now = performance.now();
    for (const each of this.#faults.filter(({ until }) => until <= now)) await this.#heal(each);
  }

  /** What leaves may have to wait for the others: it comes last. */
  async #healAll(): Promise<void> {
    const leaving = (name: string): number => Number(name.startsWith('leave'));
    const order = this.#faults.toSorted((a, b) => leaving(a.fault.name) - leaving(b.fault.name));
    for (const each of order) await this.#heal(each);
  }

  async #heal(each: Ongoing): Promise<void> {
    this.#faults.splice(this.#faults.indexOf(each), 1);
    this.#options.say(`-- healed: ${each.fault.name}`);
    await each.fault.heal();
  }

  async #check(all: boolean): Promise<void> {
    const started = performance.now();
    await this.#model.check(all);
    this.tally.checkpoints++;
    const { files } = this.#model;
    this.tally.kept = files.filter(({ state }) => state === 'kept').length;
    this.tally.deleted = files.filter(({ state }) => state === 'deleted').length;
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    this.#options.say(
      `== all holds, after ${seconds} s: ${JSON.stringify({ ...this.tally, counts: undefined })}`,
    );
  }

  #count(what: string): void {
    this.tally.counts[what] = (this.tally.counts[what] ?? 0) + 1;
  }
}
