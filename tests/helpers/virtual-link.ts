/** A link of a virtual swarm: both ends, what they ask of each other, and what TCP does when one of them is no more. */
import { utf8 } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import type { ChunkId, RelayId } from '../../shared/ids.ts';
import {
  LINK_REQUEST_TIMEOUT_MS,
  LINK_RPC_TIMEOUT_MS,
  LINK_PING_TIMEOUT_MS,
  MAX_REQUESTS_PER_LINK,
  MAX_RPCS_PER_LINK,
  MAX_RPC_BYTES,
} from '../../shared/limits.ts';
import type { Receipt } from '../../shared/protocol/receipt.ts';
import { Slots } from '../../relay/p2p/slots.ts';
import { withDeadline } from '../../relay/services/deadline.ts';
import type { VirtualNetwork } from './virtual-network.ts';
import type { VirtualNode } from './virtual-node.ts';

const MAX_ERROR_CHARS = 200;

/** One side of a link; `far` is the other. */
export class LinkEnd {
  readonly node: VirtualNode;
  readonly peerId: RelayId;
  readonly isInitiator: boolean;
  /** Clock of the node. */
  lastHeardAt: number;
  lastUsedAt: number;
  readonly #network: VirtualNetwork;
  readonly #closed = new AbortController();
  readonly #rpcSlots = new Slots(MAX_RPCS_PER_LINK);
  readonly #chunkSlots = new Slots(MAX_REQUESTS_PER_LINK);
  #far: LinkEnd | null = null;
  #answering = 0;
  /** When the last segment arrives that was sent from here. */
  #lastArrival = 0;

  private constructor(network: VirtualNetwork, node: VirtualNode, peer: VirtualNode, isInitiator: boolean) {
    this.#network = network;
    this.node = node;
    this.peerId = peer.id;
    this.isInitiator = isInitiator;
    this.lastHeardAt = this.lastUsedAt = node.clock.now();
  }

  /** Both ends of a new link: the dialler's first. */
  static pair(network: VirtualNetwork, dialler: VirtualNode, other: VirtualNode): [LinkEnd, LinkEnd] {
    const near = new LinkEnd(network, dialler, other, true);
    const far = new LinkEnd(network, other, dialler, false);
    near.#far = far;
    far.#far = near;
    return [near, far];
  }

  /** Fires when the link is lost here, with the `AppError` that its requests end with. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Requests under way from here, or from the peer. */
  get active(): number {
    return this.#rpcSlots.taken + this.#chunkSlots.taken + this.#answering;
  }

  /** As JSON, within the limits of a real link. */
  async call(method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    const request = encode({ id: 0, method, params });
    const either = AbortSignal.any([signal, this.closed]);
    const release = await this.#rpcSlots.acquire(either);
    try {
      return await withDeadline(this.node.clock, LINK_RPC_TIMEOUT_MS, 'A relay’s answer', either, () =>
        this.#ask(request.length, method, async (far) => {
          const text = await far.#answer(method, request);
          return { sizeBytes: text.length, reply: () => decodeAnswer(text) };
        }),
      );
    } finally {
      release();
    }
  }

  put(id: ChunkId, chunk: Uint8Array, nonceHex: string, signal: AbortSignal): Promise<Receipt> {
    const sent = chunk.slice();
    return this.#transfer(signal, sent.length, 'put', async (far) => {
      this.#network.bytesMoved += sent.length;
      const receipt = await far.node.sockets.local.store(id, sent, nonceHex);
      const text = JSON.stringify(receipt);
      return { sizeBytes: text.length, reply: () => JSON.parse(text) as Receipt };
    });
  }

  get(id: ChunkId, signal: AbortSignal): Promise<Uint8Array> {
    return this.#transfer(signal, id.length, 'get', async (far) => {
      const bytes = await far.node.sockets.local.read(id);
      const reply = (): Uint8Array => {
        this.#network.bytesMoved += bytes.length;
        return bytes;
      };
      return { sizeBytes: bytes.length, reply };
    });
  }

  /** Resolves when the peer's process has answered. */
  async ping(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.closed]);
    await withDeadline(this.node.clock, LINK_PING_TIMEOUT_MS, 'A ping', either, () =>
      this.#ask(16, 'ping', () => Promise.resolve({ sizeBytes: 16, reply: () => undefined })),
    );
  }

  keepAlive(): void {
    this.#send(16, () => undefined);
  }

  /** Ends the link here at once, and there as soon as it is heard of. */
  close(): void {
    if (this.closed.aborted) return;
    const far = this.#far;
    this.#segment(0, () => far?.lose());
    this.lose();
  }

  /** What the system does when this end's process has died. */
  reset(): void {
    const far = this.#far;
    this.#segment(0, () => far?.lose());
  }

  lose(): void {
    if (this.closed.aborted || this.node.process.dead) return;
    this.#closed.abort(new AppError('UNAVAILABLE', 'The link to the relay was lost.'));
  }

  async #transfer<T>(
    signal: AbortSignal,
    sizeBytes: number,
    what: string,
    run: (far: LinkEnd) => Promise<{ sizeBytes: number; reply: () => T }>,
  ): Promise<T> {
    const either = AbortSignal.any([signal, this.closed]);
    const release = await this.#chunkSlots.acquire(either);
    try {
      return await withDeadline(this.node.clock, LINK_REQUEST_TIMEOUT_MS, 'A chunk', either, () =>
        this.#ask(sizeBytes, what, run),
      );
    } finally {
      release();
    }
  }

  /** `run` happens at the far end, and what `reply` gives comes back here; an error comes back as a code and a message. */
  #ask<T>(
    sizeBytes: number,
    what: string,
    run: (far: LinkEnd) => Promise<{ sizeBytes: number; reply: () => T }>,
  ): Promise<T> {
    const answer = Promise.withResolvers<T>();
    this.lastUsedAt = this.node.clock.now();
    this.#network.trace(`${this.node.name} → ${this.#far?.node.name ?? '?'} ${what} ${String(sizeBytes)}`);
    this.#send(sizeBytes, (far) => {
      far.#answering++;
      far.lastUsedAt = far.node.clock.now();
      const done = (): void => {
        far.#answering--;
      };
      const failed = (cause: unknown): void => {
        done();
        const error = this.#publicError(far, what, cause);
        far.#send(error.message.length, () => answer.reject(error));
      };
      run(far).then(({ sizeBytes: answerBytes, reply }) => {
        done();
        far.#send(answerBytes, () => {
          try {
            answer.resolve(reply());
          } catch (cause) {
            answer.reject(AppError.from(cause));
          }
        });
      }, failed);
    });
    return answer.promise;
  }

  #publicError(far: LinkEnd, what: string, cause: unknown): AppError {
    const { code, message } = AppError.from(cause);
    if (code !== 'INTERNAL') return new AppError(code, message.slice(0, MAX_ERROR_CHARS));
    far.node.fault(`${what} failed`, cause);
    return new AppError('INTERNAL', 'The relay failed.');
  }

  async #answer(method: string, request: string): Promise<string> {
    if (this.#answering > 2 * MAX_RPCS_PER_LINK)
      throw new AppError('RATE_LIMITED', 'The relay is busy: try again soon.');
    const { params } = JSON.parse(request) as { params: unknown };
    return encode({
      result: await this.node.sockets.router.answer(method, params, this.peerId, this.closed),
    });
  }

  /** Both ends must still be open when it arrives. */
  #send(sizeBytes: number, fire: (far: LinkEnd) => void): void {
    if (this.closed.aborted) return;
    const far = this.#far;
    this.#segment(sizeBytes, () => {
      if (far === null || far.closed.aborted) return;
      far.lastHeardAt = far.node.clock.now();
      fire(far);
    });
  }

  #segment(sizeBytes: number, fire: () => void): void {
    const { port } = this.node;
    const far = this.#far;
    if (far === null) return;
    const to = far.node.port;
    this.#lastArrival = this.#network.segment(
      port,
      to,
      sizeBytes,
      // A new process at the same port knows nothing of the link: only its own one takes what was sent to it.
      () => (to.node === far.node ? this.#network.deliver(to, fire) : this.lose()),
      this.#lastArrival,
    );
  }
}

/** Throws `TOO_LARGE`. */
function encode(message: object): string {
  const text = JSON.stringify(message);
  if (utf8(text).length > MAX_RPC_BYTES)
    throw new AppError('TOO_LARGE', 'The message does not fit a link’s frame.');
  return text;
}

function decodeAnswer(text: string): unknown {
  const answer = JSON.parse(text) as { result?: unknown };
  if (!('result' in answer)) throw new AppError('BAD_INPUT', 'An answer has to hold a result.');
  return answer.result;
}
