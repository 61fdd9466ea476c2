import fc from 'fast-check';
import type Protomux from 'protomux';
import { describe, expect, it } from 'vitest';
import * as messages from '../../../../relay/p2p/chunk-messages.ts';
import { LinkHello } from '../../../../relay/p2p/hello.ts';
import { jsonEncoding } from '../../../../relay/p2p/json-encoding.ts';
import { PeerList } from '../../../../relay/p2p/peer-list.ts';
import { parseDatagram } from '../../../../relay/p2p/discovery.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseChunkId } from '../../../../shared/ids.ts';
import { LINK_BODY_BYTES } from '../../../../shared/limits.ts';

const ID = parseChunkId('ab'.repeat(32));
const NONCE = '0123456789abcdef'.repeat(2);

function encode<T>(encoding: Protomux.Encoding<T>, message: T): Buffer {
  const state = { buffer: new Uint8Array(), start: 0, end: 0 };
  encoding.preencode(state, message);
  state.buffer = new Uint8Array(state.end);
  encoding.encode(state, message);
  expect(state.start, 'what was announced is what was written').toBe(state.end);
  return Buffer.from(state.buffer);
}

/** Decodes from the middle of a buffer, as protomux does. */
function decode<T>(encoding: Protomux.Encoding<T>, bytes: Uint8Array): T {
  const buffer = Buffer.concat([Buffer.from([7, 7, 7]), bytes, Buffer.from([9])]);
  return encoding.decode({ buffer, start: 3, end: 3 + bytes.length });
}

describe('layout on the wire', () => {
  it.each([
    [
      'PUT',
      encode(messages.putEncoding, { requestId: 258, id: ID, sizeBytes: 0x10203, nonceHex: NONCE }),
      `00000102${'ab'.repeat(32)}00010203${NONCE}`,
    ],
    ['GET', encode(messages.getEncoding, { requestId: 1, id: ID }), `00000001${'ab'.repeat(32)}`],
    ['a body', encode(messages.bodyEncoding, { requestId: 1, bytes: Uint8Array.of(5, 6) }), '000000010506'],
    ['FOUND', encode(messages.foundEncoding, { requestId: 2, sizeBytes: 256 }), '0000000200000100'],
    ['CANCEL', encode(messages.cancelEncoding, { requestId: 3 }), '00000003'],
    [
      'FAILED',
      encode(messages.failedEncoding, { requestId: 4, error: new AppError('NOT_FOUND', 'No.') }),
      `00000004${Buffer.from('{"code":"NOT_FOUND","message":"No."}').toString('hex')}`,
    ],
  ])('%s', (_, bytes, hex) => {
    expect(bytes.toString('hex')).toBe(hex);
  });

  it('is read as it was written', () => {
    const put = { requestId: 258, id: ID, sizeBytes: 0x10203, nonceHex: NONCE };
    expect(decode(messages.putEncoding, encode(messages.putEncoding, put))).toEqual(put);
    const receipt = {
      relay: 'aa'.repeat(32),
      public_key: 'bb'.repeat(32),
      chunk: ID,
      size: 5,
      nonce: NONCE,
      signature: 'cc'.repeat(64),
    };
    const stored = { requestId: 9, receipt };
    expect(decode(messages.storedEncoding, encode(messages.storedEncoding, stored))).toEqual(stored);
  });

  it('keeps an error’s code, and cuts its text', () => {
    const error = new AppError('NO_SPACE', 'x'.repeat(10_000));
    const bytes = encode(messages.failedEncoding, { requestId: 1, error });
    expect(bytes.length).toBeLessThan(300);
    expect(decode(messages.failedEncoding, bytes).error).toMatchObject({ code: 'NO_SPACE' });
  });

  it('makes INTERNAL of an error code that this version does not know', () => {
    const bytes = Buffer.from('00000001', 'hex');
    const text = Buffer.from('{"code":"NEWER","message":"?"}');
    expect(decode(messages.failedEncoding, Buffer.concat([bytes, text])).error.code).toBe('INTERNAL');
  });
});

describe('decoders', () => {
  const decoders: Record<string, (bytes: Uint8Array) => unknown> = {
    put: (bytes) => decode(messages.putEncoding, bytes),
    body: (bytes) => decode(messages.bodyEncoding, bytes),
    get: (bytes) => decode(messages.getEncoding, bytes),
    stored: (bytes) => decode(messages.storedEncoding, bytes),
    found: (bytes) => decode(messages.foundEncoding, bytes),
    failed: (bytes) => decode(messages.failedEncoding, bytes),
    cancel: (bytes) => decode(messages.cancelEncoding, bytes),
    hello: (bytes) => decode(jsonEncoding(LinkHello, 'hello'), bytes),
    peers: (bytes) => decode(jsonEncoding(PeerList, 'peers'), bytes),
    datagram: (bytes) => parseDatagram(bytes),
  };

  it.each(Object.entries(decoders))('%s: arbitrary bytes give a value or BAD_INPUT', (_, decoder) => {
    const text = fc.oneof(fc.json(), fc.string()).map((value) => new TextEncoder().encode(value));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), text), (bytes) => {
        try {
          decoder(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toBe('BAD_INPUT');
        }
      }),
    );
  });

  it.each([
    ['put', '00000001' + 'ab'.repeat(51)],
    ['put', '00000001' + 'ab'.repeat(53)],
    ['get', '00000001' + 'ab'.repeat(31)],
    ['get', '00000001' + 'ab'.repeat(33)],
    ['body', '00000001'],
    ['body', '00000001' + '00'.repeat(LINK_BODY_BYTES + 1)],
    ['found', '0000000100000001ff'],
    ['cancel', '000000'],
    ['cancel', '0000000100'],
    ['stored', '00000001' + Buffer.from('{}').toString('hex')],
    ['failed', '00000001' + Buffer.from(`"${'x'.repeat(5000)}"`).toString('hex')],
    ['hello', Buffer.from('{"port":0,"link":1,"capacity":1,"machine":"","beat":1}').toString('hex')],
  ])('%s refuses what is one off', (name, hex) => {
    expect(() => decoders[name]?.(Buffer.from(hex, 'hex'))).toThrow(AppError);
  });

  it.each([
    ['hello', { port: 1, link: 2, capacity: 3, machine: 'm', beat: 4, newer: 'field' }],
    [
      'peers',
      {
        peers: [
          { id: ID, port: 1, link: 2, beat: 3 },
          { id: ID, host: '::1', port: 1, link: 2, beat: 3 },
        ],
      },
    ],
    ['datagram', { type: 'HELLO', v: 1, id: ID, port: 8000, link: 4000, newer: 1 }],
    ['datagram', { type: 'QUERY_CHUNK', chunk_id: ID, reply: 5000 }],
    ['datagram', { type: 'I_HAVE', chunk_id: ID, id: ID, port: 8000 }],
  ])('%s takes what the design says, and ignores fields that it does not know', (name, value) => {
    expect(decoders[name]?.(Buffer.from(JSON.stringify(value)))).toEqual(value);
  });

  it('a datagram over 512 bytes is refused unread', () => {
    const hello = JSON.stringify({ type: 'HELLO', v: 1, id: ID, port: 8000, link: 4000 });
    expect(() => parseDatagram(Buffer.from(hello.padEnd(512)))).not.toThrow();
    expect(() => parseDatagram(Buffer.from(hello.padEnd(513)))).toThrow('too long');
  });
});
