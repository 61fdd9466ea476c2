import { once } from 'node:events';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { ByteBudget } from '../../../../relay/p2p/byte-budget.ts';
import { openLink } from '../../../../relay/p2p/open-link.ts';
import { noiseKeyPair } from '../../../../relay/p2p/secure-stream.ts';
import { openIdentity } from '../../../../relay/services/receipts.ts';
import { systemClock } from '../../../../relay/services/system-clock.ts';
import { AppError } from '../../../../shared/errors.ts';
import { RpcRouter } from '../../../../relay/services/rpc.ts';
import { silentLog } from '../fixtures.ts';

it('a link that nobody wants any more is not opened, and leaves no rejection that nobody handles', async () => {
  const { identity } = await openIdentity(new Uint8Array(32).fill(3));
  const none = (): Promise<never> => Promise.reject(new AppError('NOT_FOUND', 'no'));
  const context = {
    selfId: identity.id,
    keyPair: noiseKeyPair(identity),
    chunks: { store: none, read: none, has: () => false },
    budget: new ByteBudget(0),
    clock: systemClock,
    log: silentLog,
    onPeers: () => undefined,
    router: new RpcRouter(),
    swarmKey: null,
    hello: () => ({ port: 1, link: 1, capacity: 0, machine: '', beat: 0 }),
  };
  const socket = new Socket();
  const closed = once(socket, 'close');
  await expect(openLink(context, { socket }, AbortSignal.abort())).rejects.toMatchObject({ code: 'ABORTED' });
  // Vitest fails a run with an unhandled rejection, as Node ends a process.
  await closed;
});
