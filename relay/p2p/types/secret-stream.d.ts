/** The part of `@hyperswarm/secret-stream` 6.9 that links use; the library carries no types. */
declare module '@hyperswarm/secret-stream' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex } from 'node:stream';

  namespace NoiseSecretStream {
    interface KeyPair {
      readonly publicKey: Uint8Array;
      /** Ed25519 seed ‖ public key, as libsodium has it. */
      readonly secretKey: Uint8Array;
    }
  }

  /** A streamx duplex. Events: `connect` (handshake done), `data`, `drain`, `end`, `error`, `close`. */
  class NoiseSecretStream extends EventEmitter {
    constructor(
      isInitiator: boolean,
      rawStream: Duplex,
      options?: { keyPair?: NoiseSecretStream.KeyPair; keepAlive?: number },
    );
    /** Set once the handshake is done. */
    readonly remotePublicKey: Uint8Array | null;
    /** Of the Noise handshake: the same at both ends, and of no other connection. Set once that is done. */
    readonly handshakeHash: Uint8Array | null;
    readonly destroyed: boolean;
    push(plain: Uint8Array | null): boolean;
    write(message: Uint8Array): boolean;
    /** After what was written. */
    end(): void;
    destroy(error?: Error): void;
    setTimeout(idleMs: number): void;
  }

  export = NoiseSecretStream;
}
