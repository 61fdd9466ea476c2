/** What goes over `lanvault/rpc/1`: JSON of at most `MAX_RPC_BYTES` a message. */
import Type from 'typebox';
import type { Static } from 'typebox';
import { utf8 } from '../../shared/bytes.ts';
import { AppError } from '../../shared/errors.ts';
import { MAX_RPC_BYTES } from '../../shared/limits.ts';
import { SafeInteger } from '../../shared/protocol/schemas.ts';
import { decodeJson } from './json-encoding.ts';

const MAX_ERROR_CHARS = 200;

export const RpcRequest = Type.Object({
  id: SafeInteger,
  method: Type.String({ maxLength: 64 }),
  params: Type.Unknown(),
});

export const RpcAnswer = Type.Object({ id: SafeInteger, result: Type.Unknown() });

export const RpcFailed = Type.Object({
  id: SafeInteger,
  error: Type.Object({
    code: Type.String({ maxLength: 64 }),
    message: Type.String({ maxLength: MAX_ERROR_CHARS }),
  }),
});

export const RpcCancel = Type.Object({ id: SafeInteger });

type RpcMessage = typeof RpcRequest | typeof RpcAnswer | typeof RpcFailed | typeof RpcCancel;

/** Throws `TOO_LARGE`. */
export function encodeRpc<T extends RpcMessage>(_schema: T, message: Static<T>): Uint8Array {
  const bytes = utf8(JSON.stringify(message));
  if (bytes.length > MAX_RPC_BYTES)
    throw new AppError('TOO_LARGE', 'The message does not fit a link’s frame.');
  return bytes;
}

/** Throws `BAD_INPUT`, which closes the link. */
export function decodeRpc<T extends RpcMessage>(schema: T, bytes: Uint8Array): Static<T> {
  if (bytes.length > MAX_RPC_BYTES) throw new AppError('BAD_INPUT', 'The peer’s message is too long.');
  return decodeJson(schema, bytes, 'A peer’s message');
}

/** What a peer is told of an error. */
export function failedMessage(id: number, { code, message }: AppError): Uint8Array {
  return encodeRpc(RpcFailed, { id, error: { code, message: message.slice(0, MAX_ERROR_CHARS) } });
}

/** A peer's error as this relay's callers get it: that the peer cancelled is not that they did. */
export function peerError({ error: { code, message } }: Static<typeof RpcFailed>): AppError {
  const error = AppError.fromObject({ code, message });
  return error.code === 'ABORTED' ? new AppError('UNAVAILABLE', 'The relay gave the request up.') : error;
}
