/**
 * Messages of the link channel `lanvault/chunk/1`, by their protomux type. Integers are unsigned, big-endian; every
 * message begins with the request id that its asker chose, counting up from 1. Decoders throw `BAD_INPUT`, which closes the link.
 *
 * | type | message | sent by | after the request id (4) |
 * |---|---|---|---|
 * | 0 | PUT | asker | chunk id (32), size (4), client nonce (16) |
 * | 1 | PUT_BODY | asker | 1–65,536 bytes; frames of several requests interleave |
 * | 2 | GET | asker | chunk id (32) |
 * | 3 | STORED | answerer | receipt, JSON |
 * | 4 | FOUND | answerer | size (4) |
 * | 5 | FOUND_BODY | answerer | 1–65,536 bytes |
 * | 6 | FAILED | answerer | `{"code","message"}`, JSON |
 * | 7 | CANCEL | asker | – |
 */
import Type from 'typebox';
import type Protomux from 'protomux';
import { fromHex, toHex, utf8 } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { chunkIdFromHash, idToBytes } from '../../shared/ids.ts';
import type { ChunkId } from '../../shared/ids.ts';
import { LINK_BODY_BYTES, NONCE_BYTES } from '../../shared/limits.ts';
import { Receipt } from '../../shared/protocol/receipt.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';

const U32_BYTES = 4;
const ID_BYTES = 32;
/** Longest JSON in a message: a receipt takes about 500 bytes. */
const MAX_JSON_BYTES = 2048;

export interface PutMessage {
  readonly requestId: number;
  readonly id: ChunkId;
  readonly sizeBytes: number;
  readonly nonceHex: string;
}
export interface BodyMessage {
  readonly requestId: number;
  /** A view into the link's buffer: valid during the call only. */
  readonly bytes: Uint8Array;
}
export interface GetMessage {
  readonly requestId: number;
  readonly id: ChunkId;
}
export interface StoredMessage {
  readonly requestId: number;
  readonly receipt: Receipt;
}
export interface FoundMessage {
  readonly requestId: number;
  readonly sizeBytes: number;
}
export interface FailedMessage {
  readonly requestId: number;
  readonly error: AppError;
}
export interface CancelMessage {
  readonly requestId: number;
}

const ErrorJson = Type.Object({ code: Type.String({ maxLength: 64 }), message: Type.String() });

type Rest<T> = Omit<T, 'requestId'>;

/** An encoding of `request id ‖ rest`; `write` gives the rest in parts, so that bodies are copied once. */
function encodingOf<T extends { requestId: number }>(
  write: (message: T) => readonly Uint8Array[],
  read: (rest: Uint8Array) => Rest<T>,
): Protomux.Encoding<T> {
  return {
    preencode(state, message) {
      state.end += write(message).reduce((sum, part) => sum + part.length, U32_BYTES);
    },
    encode(state, message) {
      for (const part of [uint32(message.requestId), ...write(message)]) {
        state.buffer.set(part, state.start);
        state.start += part.length;
      }
    },
    decode(state) {
      const message = state.buffer.subarray(state.start, state.end);
      state.start = state.end;
      if (message.length < U32_BYTES) throw malformed();
      return { requestId: readUint32(message, 0), ...read(message.subarray(U32_BYTES)) } as T;
    },
  };
}

export const putEncoding = encodingOf<PutMessage>(
  ({ id, sizeBytes, nonceHex }) => [idToBytes(id), uint32(sizeBytes), fromHex(nonceHex)],
  (rest) => {
    if (rest.length !== ID_BYTES + U32_BYTES + NONCE_BYTES) throw malformed();
    return {
      id: chunkIdFromHash(rest.subarray(0, ID_BYTES)),
      sizeBytes: readUint32(rest, ID_BYTES),
      nonceHex: toHex(rest.subarray(ID_BYTES + U32_BYTES)),
    };
  },
);

export const bodyEncoding = encodingOf<BodyMessage>(
  ({ bytes }) => [bytes],
  (rest) => {
    if (rest.length === 0 || rest.length > LINK_BODY_BYTES) throw malformed();
    return { bytes: rest };
  },
);

export const getEncoding = encodingOf<GetMessage>(
  ({ id }) => [idToBytes(id)],
  (rest) => {
    if (rest.length !== ID_BYTES) throw malformed();
    return { id: chunkIdFromHash(rest) };
  },
);

export const storedEncoding = encodingOf<StoredMessage>(
  ({ receipt }) => [utf8(JSON.stringify(receipt))],
  (rest) => ({ receipt: parseJsonWith(Receipt, readJsonText(rest), 'A receipt') }),
);

export const foundEncoding = encodingOf<FoundMessage>(
  ({ sizeBytes }) => [uint32(sizeBytes)],
  (rest) => {
    if (rest.length !== U32_BYTES) throw malformed();
    return { sizeBytes: readUint32(rest, 0) };
  },
);

export const failedEncoding = encodingOf<FailedMessage>(
  ({ error }) => [utf8(JSON.stringify({ code: error.code, message: error.message.slice(0, 200) }))],
  (rest) => ({ error: AppError.fromObject(parseJsonWith(ErrorJson, readJsonText(rest), 'An error')) }),
);

export const cancelEncoding = encodingOf<CancelMessage>(
  () => [],
  (rest) => {
    if (rest.length !== 0) throw malformed();
    return {};
  },
);

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(U32_BYTES);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function readUint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

function readJsonText(bytes: Uint8Array): string {
  if (bytes.length > MAX_JSON_BYTES) throw malformed();
  return new TextDecoder().decode(bytes);
}

function malformed(): AppError {
  return new AppError('BAD_INPUT', 'The peer sent a malformed message.');
}
