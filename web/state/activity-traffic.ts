/** Chunks on their way to relays: which went where, and how fast each relay takes them. */
import { MAX_TRAFFIC_CHUNKS, MAX_TRAFFIC_RELAYS, TRAFFIC_WINDOW_MS } from '../../shared/limits.ts';
import type { RelayEvent } from './engine-types.ts';

export interface RelayTraffic {
  readonly relay: string;
  /** Mean of the last moments. */
  readonly bytesPerSecond: number;
  /** Chunks and bytes since the page began to listen. */
  readonly chunks: number;
  readonly bytes: number;
}

export interface ChunkTraffic {
  readonly id: string;
  readonly sizeBytes: number;
  /** In the order in which they answered. */
  readonly relays: readonly string[];
}

interface Received {
  chunks: number;
  bytes: number;
  /** Bytes by second. */
  readonly recent: { second: number; bytes: number }[];
}

const WINDOW_SECONDS = TRAFFIC_WINDOW_MS / 1000;

export class Traffic {
  /** The one that received last comes last. */
  readonly #relays = new Map<string, Received>();
  #chunks: ChunkTraffic[] = [];

  /** `nowMs` is monotonic. Events other than stored chunks are ignored. */
  add(event: RelayEvent, nowMs: number): void {
    if (event.type !== 'chunk-stored') return;
    const known = this.#chunks.find(({ id }) => id === event.id);
    if (known?.relays.includes(event.relay) === true) return;
    const chunk = {
      id: event.id,
      sizeBytes: event.size,
      relays: [...(known?.relays ?? []), event.relay],
    };
    if (known === undefined) this.#chunks = [chunk, ...this.#chunks].slice(0, MAX_TRAFFIC_CHUNKS);
    else this.#chunks = this.#chunks.map((other) => (other === known ? chunk : other));
    this.#receive(event.relay, event.size, Math.floor(nowMs / 1000));
  }

  /** Newest first. */
  get chunks(): readonly ChunkTraffic[] {
    return this.#chunks;
  }

  /** Those that received something in the last moments first, the fastest first. */
  relays(nowMs: number): RelayTraffic[] {
    const oldest = Math.floor(nowMs / 1000) - WINDOW_SECONDS;
    return Array.from(this.#relays, ([relay, { chunks, bytes, recent }]) => ({
      relay,
      chunks,
      bytes,
      bytesPerSecond:
        recent.reduce((sum, slot) => (slot.second > oldest ? sum + slot.bytes : sum), 0) / WINDOW_SECONDS,
    })).sort((a, b) => b.bytesPerSecond - a.bytesPerSecond || b.bytes - a.bytes);
  }

  #receive(relay: string, bytes: number, second: number): void {
    const received = this.#relays.get(relay) ?? { chunks: 0, bytes: 0, recent: [] };
    this.#relays.delete(relay);
    this.#relays.set(relay, received);
    received.chunks++;
    received.bytes += bytes;
    const { recent } = received;
    const last = recent.at(-1);
    if (last?.second === second) last.bytes += bytes;
    else recent.push({ second, bytes });
    if (recent.length > WINDOW_SECONDS) recent.shift();
    const [quietest] = this.#relays.keys();
    if (this.#relays.size > MAX_TRAFFIC_RELAYS && quietest !== undefined) this.#relays.delete(quietest);
  }
}
