/** The part of `protomux` 3.12 that links use; the library carries no types. */
declare module 'protomux' {
  import type NoiseSecretStream from '@hyperswarm/secret-stream';

  namespace Protomux {
    /** Where an encoding reads or writes: `buffer[start]` up to `end`. */
    interface State {
      buffer: Uint8Array;
      start: number;
      end: number;
    }

    interface Encoding<T> {
      /** Adds the encoded length to `state.end`. */
      preencode(state: { end: number }, value: T): void;
      encode(state: State, value: T): void;
      decode(state: State): T;
    }

    interface Message<T> {
      /** False when the stream is full: wait for `ondrain`, or for a closed channel. */
      send(value: T): boolean;
    }

    interface Channel<H> {
      readonly closed: boolean;
      readonly drained: boolean;
      open(handshake?: H): void;
      close(): void;
      addMessage<T>(options: { encoding: Encoding<T>; onmessage: (value: T) => void }): Message<T>;
    }

    interface ChannelOptions<H> {
      readonly protocol: string;
      readonly handshake?: Encoding<H>;
      readonly onopen?: (handshake: H) => void;
      readonly onclose?: () => void;
      readonly ondrain?: () => void;
    }
  }

  class Protomux {
    constructor(stream: NoiseSecretStream);
    /** Null when the stream is destroyed or the protocol is open already. */
    createChannel<H = null>(options: Protomux.ChannelOptions<H>): Protomux.Channel<H> | null;
  }

  export = Protomux;
}
