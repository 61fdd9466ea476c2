/** A protomux encoding for JSON messages, validated by their schema on arrival; `BAD_INPUT` closes the link. */
import type Protomux from 'protomux';
import type { Static, TSchema } from 'typebox';
import { utf8 } from '../../shared/bytes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';

/** UTF-8 JSON whose value was made into bytes once, to be sent on many links. */
export function encodeJson<T extends TSchema>(_schema: T, value: Static<T>): Uint8Array {
  return utf8(JSON.stringify(value));
}

export function decodeJson<T extends TSchema>(schema: T, bytes: Uint8Array, what: string): Static<T> {
  return parseJsonWith(schema, new TextDecoder().decode(bytes), what);
}

/** Messages that are their own bytes. A decoded one is a view into the link's buffer: valid during the call only. */
export const rawEncoding: Protomux.Encoding<Uint8Array> = {
  preencode(state, bytes) {
    state.end += bytes.length;
  },
  encode(state, bytes) {
    state.buffer.set(bytes, state.start);
    state.start += bytes.length;
  },
  decode(state) {
    const bytes = state.buffer.subarray(state.start, state.end);
    state.start = state.end;
    return bytes;
  },
};

export function jsonEncoding<T extends TSchema>(schema: T, what: string): Protomux.Encoding<Static<T>> {
  return {
    preencode: (state, value) => rawEncoding.preencode(state, encodeJson(schema, value)),
    encode: (state, value) => rawEncoding.encode(state, encodeJson(schema, value)),
    decode: (state) => decodeJson(schema, rawEncoding.decode(state), what),
  };
}
