import type * as messages from './chunk-messages.ts';

/** Sends one message; false when the stream is full. */
export type Send<T> = (message: T) => boolean;

/** What either side of `lanvault/chunk/1` can say. */
export interface ChunkWire {
  readonly put: Send<messages.PutMessage>;
  readonly putBody: Send<messages.BodyMessage>;
  readonly get: Send<messages.GetMessage>;
  readonly stored: Send<messages.StoredMessage>;
  readonly found: Send<messages.FoundMessage>;
  readonly foundBody: Send<messages.BodyMessage>;
  readonly failed: Send<messages.FailedMessage>;
  readonly cancel: Send<messages.CancelMessage>;
}
