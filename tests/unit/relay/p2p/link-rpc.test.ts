import Type from 'typebox';
import { beforeEach, describe, expect, it } from 'vitest';
import { LinkRpc } from '../../../../relay/p2p/link-rpc.ts';
import type { Link } from '../../../../relay/p2p/link.ts';
import { rpcMethod } from '../../../../relay/services/rpc.ts';
import { AppError } from '../../../../shared/errors.ts';
import { parseRelayId } from '../../../../shared/ids.ts';

const PEER = parseRelayId('aa'.repeat(32));
const SIZE = rpcMethod('test.size', Type.String(), Type.Object({ size: Type.Integer() }));
const never = new AbortController().signal;

/** A link whose peer answers with what `answer` gives or throws. */
class FakeLink {
  readonly #closed = new AbortController();
  readonly rpc = { call: () => this.answer() };
  answer: () => Promise<unknown> = () => Promise.resolve({ size: 7 });

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  lose(): AppError {
    const lost = new AppError('UNAVAILABLE', 'The link to the relay was lost.');
    this.#closed.abort(lost);
    return lost;
  }
}

let open: FakeLink | undefined;
let dialled: FakeLink;
let dials: number;
let rpc: LinkRpc;

beforeEach(() => {
  open = new FakeLink();
  dialled = new FakeLink();
  dials = 0;
  rpc = new LinkRpc({
    peek: () => open as unknown as Link | undefined,
    get: () => {
      if (open === undefined || open.closed.aborted) {
        dials++;
        open = dialled;
      }
      return Promise.resolve(open as unknown as Link);
    },
  });
});

describe('a request to a relay', () => {
  it('uses the open link, or opens one', async () => {
    expect(await rpc.call(PEER, SIZE, 'x', never)).toEqual({ size: 7 });
    expect(dials).toBe(0);
    open = undefined;
    expect(await rpc.call(PEER, SIZE, 'x', never)).toEqual({ size: 7 });
    expect(dials).toBe(1);
  });

  it('whose link was just being closed is repeated once, over a new one', async () => {
    const stale = open;
    if (stale !== undefined) stale.answer = () => Promise.reject(stale.lose());
    expect(await rpc.call(PEER, SIZE, 'x', never)).toEqual({ size: 7 });
    expect(dials).toBe(1);
  });

  it('whose new link is lost as well fails, and is not tried for ever', async () => {
    for (const link of [open, dialled])
      if (link !== undefined) link.answer = () => Promise.reject(link.lose());
    await expect(rpc.call(PEER, SIZE, 'x', never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(dials).toBe(1);
  });

  it('that the peer refuses is not repeated', async () => {
    let asked = 0;
    if (open !== undefined) {
      open.answer = () => {
        asked++;
        return Promise.reject(new AppError('UNAVAILABLE', 'The link to the relay was lost.'));
      };
    }
    await expect(rpc.call(PEER, SIZE, 'x', never)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect([asked, dials]).toEqual([1, 0]);
  });

  it('that was cancelled while its link was lost is not repeated', async () => {
    const caller = new AbortController();
    const stale = open;
    if (stale !== undefined) {
      stale.answer = () => {
        caller.abort();
        return Promise.reject(stale.lose());
      };
    }
    await expect(rpc.call(PEER, SIZE, 'x', caller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(dials).toBe(0);
  });

  it.each([null, 'text', [], {}, { size: '7' }, { size: 1.5 }])(
    'answered with %j is CORRUPT',
    async (answer) => {
      if (open !== undefined) open.answer = () => Promise.resolve(answer);
      await expect(rpc.call(PEER, SIZE, 'x', never)).rejects.toMatchObject({ code: 'CORRUPT' });
    },
  );
});
