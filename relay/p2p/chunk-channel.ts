/** Puts the asking and the answering side of `lanvault/chunk/1` on one protomux channel. */
import type Protomux from 'protomux';
import type { Clock, LocalChunks } from '../services/ports.ts';
import type { ByteBudget } from './byte-budget.ts';
import { ChunkAnswerer } from './chunk-answerer.ts';
import { ChunkAsker } from './chunk-asker.ts';
import * as messages from './chunk-messages.ts';
import type { ChunkWire, Send } from './chunk-wire.ts';
import type { Log } from '../services/log.ts';
import { SendTurns } from './send-turns.ts';

export interface ChunkChannelOptions {
  readonly mux: Protomux;
  readonly chunks: LocalChunks;
  readonly budget: ByteBudget;
  readonly clock: Clock;
  readonly log: Log;
  /** Fires when the link is lost. */
  readonly closed: AbortSignal;
  /** Called when the peer closes the channel alone: it has no use for the link then. */
  readonly onClose: () => void;
}

export interface ChunkChannel {
  readonly asker: ChunkAsker;
  readonly answerer: ChunkAnswerer;
}

const PROTOCOL = 'lanvault/chunk/1';

/** Opens the channel. Both ends do so at once, after the hello. */
export function openChunkChannel(options: ChunkChannelOptions): ChunkChannel {
  const { mux, clock, closed, chunks, budget, log } = options;
  const channel = mux.createChannel({
    protocol: PROTOCOL,
    onclose: options.onClose,
    ondrain: () => {
      answerer.onDrain();
      turns.next();
    },
  });
  if (channel === null) throw new Error('The link is closed.');
  const turns = new SendTurns(() => channel.drained);
  // Message types are numbered in this order. Handlers run later, when asker and answerer exist.
  const add = <T>(encoding: Protomux.Encoding<T>, onmessage: (message: T) => void): Send<T> => {
    const type = channel.addMessage({ encoding, onmessage });
    return (message) => type.send(message);
  };
  const wire: ChunkWire = {
    put: add(messages.putEncoding, (message) => answerer.onPut(message)),
    putBody: add(messages.bodyEncoding, (message) => answerer.onPutBody(message)),
    get: add(messages.getEncoding, (message) => answerer.onGet(message)),
    stored: add(messages.storedEncoding, (message) => asker.onStored(message)),
    found: add(messages.foundEncoding, (message) => asker.onFound(message)),
    foundBody: add(messages.bodyEncoding, (message) => asker.onFoundBody(message)),
    failed: add(messages.failedEncoding, (message) => asker.onFailed(message)),
    cancel: add(messages.cancelEncoding, (message) => answerer.onCancel(message)),
  };
  const asker = new ChunkAsker(wire, turns, clock, closed);
  const answerer = new ChunkAnswerer({ wire, turns, chunks, budget, clock, log });
  channel.open();
  return { asker, answerer };
}
