/** The wires between the relays of a virtual swarm: delay, loss and partitions, in virtual time. */
import type { RelayId } from '../../shared/ids.ts';
import type { VirtualProcess, VirtualTime } from './virtual-time.ts';
import type { VirtualNode } from './virtual-node.ts';

export interface NetworkOptions {
  /** One way, ms: at least, and at most. */
  readonly delayMs: readonly [number, number];
  /** Share of the datagrams that is lost; link messages come later instead. */
  readonly loss: number;
  /** Of one link, one way. */
  readonly bytesPerSecond: number;
  readonly random: () => number;
  readonly time: VirtualTime;
  /** Takes note of each message sent. */
  readonly trace: (line: string) => void;
}

/** What TCP waits before it sends a lost segment again, ms. */
const RETRANSMIT_MS = 200;

/** A place on the network: it stays when the process there dies. */
export interface Port {
  readonly index: number;
  readonly host: string;
  /** False: the host is off, and does not even refuse. */
  powered: boolean;
  node: VirtualNode | null;
}

export class VirtualNetwork {
  readonly #options: NetworkOptions;
  readonly #ports: Port[] = [];
  /** Group of each port; those of different groups do not hear each other. */
  #groups: ReadonlyMap<number, number> = new Map();
  /** Link messages that a partition holds up. */
  #held: { readonly from: Port; readonly to: Port; readonly fire: () => void }[] = [];
  /** Chunk bytes that came over links. */
  bytesMoved = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  get random(): () => number {
    return this.#options.random;
  }

  get ports(): readonly Port[] {
    return this.#ports;
  }

  addPort(): Port {
    const index = this.#ports.length;
    const host = `10.0.${String(index >> 8)}.${String((index & 255) + 1)}`;
    const port: Port = { index, host, powered: true, node: null };
    this.#ports.push(port);
    return port;
  }

  portOf(id: RelayId): Port | undefined {
    return this.#ports.find(({ node }) => node?.id === id);
  }

  /** Ports that are in no group are with those of the first. */
  partition(groups: readonly (readonly number[])[]): void {
    this.#groups = new Map(groups.flatMap((ports, group) => ports.map((port) => [port, group] as const)));
    this.#release();
  }

  heal(): void {
    this.partition([]);
  }

  reaches(from: Port, to: Port): boolean {
    return (
      (this.#groups.get(from.index) ?? 0) === (this.#groups.get(to.index) ?? 0) && from.powered && to.powered
    );
  }

  trace(line: string): void {
    this.#options.trace(line);
  }

  /** May be lost. */
  datagram(from: Port, to: Port, fire: (process: VirtualProcess) => void): void {
    const { random, loss, time } = this.#options;
    const lost = random() < loss;
    const delayMs = this.#delayMs();
    if (lost || !this.reaches(from, to)) return;
    time.after(delayMs, () => {
      const { node } = to;
      // A stopped process misses datagrams: its socket's queue is short.
      if (node !== null && !node.process.dead && !node.process.frozen && this.reaches(from, to))
        fire(node.process);
    });
  }

  /**
   * A segment, on its way until it arrives: a partition only holds it up. Segments between two ports keep their order when
   * `after`, the time at which the last one arrives, is given. Gives when this one does, if nothing holds it up.
   */
  segment(from: Port, to: Port, sizeBytes: number, fire: () => void, after = 0): number {
    const { random, loss, time, bytesPerSecond } = this.#options;
    const lateMs = random() < loss ? RETRANSMIT_MS : 0;
    const delayMs = this.#delayMs() + lateMs + (sizeBytes / bytesPerSecond) * 1000;
    const at = Math.max(time.now + delayMs, after);
    time.after(at - time.now, () => {
      if (this.reaches(from, to)) fire();
      else if (from.powered && to.powered) this.#held.push({ from, to, fire });
    });
    return at;
  }

  /** Runs `fire` in the process at `to`, when it turns. */
  deliver(to: Port, fire: () => void): void {
    const process = to.node?.process;
    if (process === undefined || process.dead) return;
    if (process.frozen) this.#options.time.after(0, fire, process);
    else fire();
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    let after = 0;
    for (const { from, to, fire } of held) after = this.segment(from, to, 0, fire, after);
  }

  #delayMs(): number {
    const [least, most] = this.#options.delayMs;
    return least + this.#options.random() * (most - least);
  }
}

/** Numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
