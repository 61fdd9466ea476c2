/** What a relay hears from others: datagrams, and messages on links. */
import type Protomux from 'protomux';
import type { TSchema } from 'typebox';
import { utf8 } from '../../../shared/bytes.ts';
import { AppError } from '../../../shared/errors.ts';
import { parseChunkId } from '../../../shared/ids.ts';
import { Datagram } from '../../../shared/protocol/datagrams.ts';
import { Receipt } from '../../../shared/protocol/receipt.ts';
import * as messages from '../../../relay/p2p/chunk-messages.ts';
import { parseDatagram } from '../../../relay/p2p/discovery.ts';
import { LinkHello } from '../../../relay/p2p/hello.ts';
import { jsonEncoding } from '../../../relay/p2p/json-encoding.ts';
import { parseJoinUrl } from '../../../relay/p2p/join.ts';
import { parseRelayAddress } from '../../../relay/p2p/joins.ts';
import { PeerList } from '../../../relay/p2p/peer-list.ts';
import {
  RpcAnswer,
  RpcCancel,
  RpcFailed,
  RpcRequest,
  decodeRpc,
  failedMessage,
  peerError,
} from '../../../relay/p2p/rpc-messages.ts';
import { FrameLengthCheck, isSafeMuxMessage } from '../../../relay/p2p/secure-stream.ts';
import { RecordItem, parseRowName } from '../../../relay/services/dht/record-items.ts';
import { isGenuine } from '../../../relay/services/dht/record-store.ts';
import { checkReceipt } from '../../../relay/services/receipts.ts';
import { parseWith } from '../../../shared/protocol/schemas.ts';
import { bytesTarget, jsonBytesTarget, jsonValueTarget, textTarget } from '../target.ts';
import type { Target } from '../target.ts';
import { samplesOf } from './protocol-targets.ts';

const ID = parseChunkId('ab'.repeat(32));
const NONCE = '0123456789abcdef'.repeat(2);

export function linkTargets(): Target[] {
  const [receipt] = samplesOf(Receipt) as unknown as Receipt[];
  if (receipt === undefined) throw new Error('No sample of a receipt.');
  const json: readonly (readonly [string, TSchema])[] = [
    ['hello', LinkHello],
    ['peer list', PeerList],
  ];
  const rpc = { request: RpcRequest, answer: RpcAnswer, failure: RpcFailed, cancel: RpcCancel };
  return [
    jsonBytesTarget('datagram', samplesOf(Datagram), (bytes) => parseDatagram(bytes)),
    encodingTarget('PUT', messages.putEncoding, {
      requestId: 258,
      id: ID,
      sizeBytes: 0x10203,
      nonceHex: NONCE,
    }),
    encodingTarget('body', messages.bodyEncoding, { requestId: 1, bytes: utf8('body') }),
    encodingTarget('GET', messages.getEncoding, { requestId: 1, id: ID }),
    encodingTarget('STORED', messages.storedEncoding, { requestId: 1, receipt }),
    encodingTarget('FOUND', messages.foundEncoding, { requestId: 2, sizeBytes: 256 }),
    encodingTarget('FAILED', messages.failedEncoding, {
      requestId: 4,
      error: new AppError('NOT_FOUND', 'No.'),
    }),
    encodingTarget('CANCEL', messages.cancelEncoding, { requestId: 3 }),
    ...json.map(([name, schema]) =>
      jsonBytesTarget(`link: ${name}`, samplesOf(schema), (bytes) =>
        decoded(jsonEncoding(schema, 'A message'), bytes),
      ),
    ),
    ...Object.entries(rpc).map(([name, schema]) =>
      jsonBytesTarget(`link: RPC ${name}`, samplesOf(schema), (bytes) => {
        const message: unknown = decodeRpc(schema, bytes);
        if (schema !== RpcFailed) return message;
        const error = peerError(message as Parameters<typeof peerError>[0]);
        return failedMessage(1, error);
      }),
    ),
    bytesTarget('link: what protomux may see', [Uint8Array.of(1, 2, 3), Uint8Array.of(0, 1, 1, 5)], (bytes) =>
      isSafeMuxMessage(bytes),
    ),
    bytesTarget('link: frame lengths', [Uint8Array.of(3, 0, 0, 1, 2, 3, 0xff, 0xff, 0)], (bytes, random) => {
      const check = new FrameLengthCheck();
      for (let start = 0; start < bytes.length;) {
        const end = start + 1 + random.skewed(500);
        if (!check.accepts(bytes.subarray(start, end))) return false;
        start = end;
      }
      return true;
    }),
    jsonValueTarget('link: record item', samplesOf(RecordItem), (value) =>
      isGenuine(parseWith(RecordItem, value, 'x')),
    ),
    jsonValueTarget('link: receipt of a holder', [{ ...receipt }], (value) =>
      checkReceipt(value, {
        relay: receipt.relay as never,
        chunk: ID,
        sizeBytes: receipt.size,
        nonceHex: receipt.nonce,
      }),
    ),
    textTarget('link: name of a row', [`${ID}:${ID}:1`], (text) => parseRowName(text)),
    textTarget('address of a relay', ['192.168.1.5:8000', 'http://[::1]:80/x', 'nas.local:80'], (text) =>
      parseRelayAddress(text),
    ),
    textTarget('URL to join', ['http://192.168.1.5:8000', 'https://nas.local'], (text) => parseJoinUrl(text)),
  ];
}

function encodingTarget<T>(name: string, encoding: Protomux.Encoding<T>, message: T): Target {
  const state = { buffer: new Uint8Array(), start: 0, end: 0 };
  encoding.preencode(state, message);
  state.buffer = new Uint8Array(state.end);
  encoding.encode(state, message);
  return bytesTarget(`link: ${name}`, [state.buffer], (bytes) => decoded(encoding, bytes));
}

/** From the middle of a buffer, as protomux does it. */
function decoded<T>(encoding: Protomux.Encoding<T>, bytes: Uint8Array): T {
  const buffer = new Uint8Array(bytes.length + 8);
  buffer.set(bytes, 4);
  return encoding.decode({ buffer, start: 4, end: 4 + bytes.length });
}
