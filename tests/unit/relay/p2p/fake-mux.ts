/** Two ends of one protomux channel without a stream: what one sends the other gets at once, unless its stream is full. */
import type Protomux from 'protomux';

type Handler = (bytes: Uint8Array) => void;

interface End {
  readonly handlers: Handler[];
  readonly onDrain: () => void;
}

export class FakeMux {
  peer: FakeMux | undefined;
  /** Whether the stream takes more. What is sent meanwhile waits in `unread`. */
  drained = true;
  /** Bytes that wait. */
  unreadBytes = 0;
  /** What the peer's handler threw: it would have lost its link. */
  fault: unknown = undefined;
  readonly #waiting: (() => void)[] = [];
  #end: End | undefined;

  /** As `Protomux`, of which a channel needs no more. */
  get mux(): Protomux {
    const mux: Pick<Protomux, 'createChannel'> = {
      createChannel: (options) => {
        const end: End = { handlers: [], onDrain: () => options.ondrain?.() };
        this.#end = end;
        const drained = (): boolean => this.drained;
        return {
          closed: false,
          get drained() {
            return drained();
          },
          open: () => undefined,
          close: () => undefined,
          addMessage: ({ onmessage }) => {
            const type = end.handlers.push(onmessage as unknown as Handler) - 1;
            return { send: (value) => this.send(type, value as Uint8Array) };
          },
        };
      },
    };
    return mux;
  }

  /** Sends a message of the channel's n-th type, as a hostile peer may. */
  send(type: number, bytes: Uint8Array): boolean {
    const deliver = (): void => {
      try {
        this.peer?.receive(type, bytes);
      } catch (cause) {
        this.fault = cause;
      }
    };
    if (this.drained) deliver();
    else {
      this.unreadBytes += bytes.length;
      this.#waiting.push(deliver);
    }
    return this.drained;
  }

  receive(type: number, bytes: Uint8Array): void {
    this.#end?.handlers[type]?.(bytes);
  }

  /** The peer reads again. */
  drain(): void {
    this.drained = true;
    this.unreadBytes = 0;
    for (const deliver of this.#waiting.splice(0)) deliver();
    this.#end?.onDrain();
  }
}

export function muxPair(): [FakeMux, FakeMux] {
  const pair: [FakeMux, FakeMux] = [new FakeMux(), new FakeMux()];
  [pair[0].peer, pair[1].peer] = [pair[1], pair[0]];
  return pair;
}
