import { once } from 'node:events';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  FrameLengthCheck,
  SecureStream,
  isSafeMuxMessage,
  noiseKeyPair,
} from '../../../../relay/p2p/secure-stream.ts';
import { openIdentity } from '../../../../relay/services/receipts.ts';
import { MAX_LINK_CONTROL_MESSAGES, MAX_LINK_FRAME_BYTES } from '../../../../shared/limits.ts';

/** A frame as the library writes it: 3-byte little-endian length, then the bytes. */
function frame(sizeBytes: number): Uint8Array {
  const bytes = new Uint8Array(3 + sizeBytes).fill(255, 3);
  bytes.set([sizeBytes & 255, (sizeBytes >>> 8) & 255, (sizeBytes >>> 16) & 255]);
  return bytes;
}

describe('frame lengths', () => {
  it('are followed however the stream is cut', () => {
    const cut = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 });
    const sizes = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(sizes, cut, fc.boolean(), (frames, cuts, tooLong) => {
        const header = frame(MAX_LINK_FRAME_BYTES + 1).subarray(0, 3);
        const stream = Buffer.concat([...frames.map(frame), ...(tooLong ? [header] : [])]);
        const check = new FrameLengthCheck();
        let accepted = true;
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const step = cuts[turn % cuts.length] ?? 1;
          accepted = check.accepts(stream.subarray(at, at + step)) && accepted;
          at += step;
        }
        expect(accepted).toBe(!tooLong);
      }),
    );
  });

  it('may be as long as a body frame needs, and no longer', () => {
    expect(new FrameLengthCheck().accepts(frame(MAX_LINK_FRAME_BYTES))).toBe(true);
    expect(new FrameLengthCheck().accepts(frame(MAX_LINK_FRAME_BYTES + 1).subarray(0, 3))).toBe(false);
  });
});

describe('messages for protomux', () => {
  it.each([
    ['a message on a channel', [1, 0, 9, 9], true],
    ['opening a channel', [0, 1, 1, 3], true],
    ['rejecting a channel', [0, 2, 1], true],
    ['closing a channel', [0, 3, 16], true],
    ['a batch, which may nest until the stack overflows', [0, 0, 1, 2, 0, 0], false],
    ['opening the control channel', [0, 1, 0, 3], false],
    ['a channel number that grows its table', [0, 1, 17, 3], false],
    ['a long channel number', [0, 1, 0xfe, 255, 255, 255], false],
    ['an unknown control message', [0, 4, 1], false],
    ['nothing', [], false],
    ['a channel only', [1], false],
  ])('%s', (_, bytes, safe) => {
    expect(isSafeMuxMessage(Uint8Array.from(bytes))).toBe(safe);
  });
});

it('a peer that opens channels without end loses its link', async () => {
  const { identity } = await openIdentity(new Uint8Array(32).fill(3));
  const stream = new SecureStream(false, new Socket(), noiseKeyPair(identity));
  const ended = once(stream, 'error');
  const open = Uint8Array.from([0, 1, 2, 1, 0x78, 0]);
  for (let n = 0; n < MAX_LINK_CONTROL_MESSAGES; n++) expect(stream.push(open)).toBe(true);
  expect(stream.push(open)).toBe(false);
  expect(await ended).toMatchObject([{ code: 'BAD_INPUT' }]);
});
