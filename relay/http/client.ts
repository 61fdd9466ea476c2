/** Who sent a request, and whether it still waits. */
import type { FastifyReply } from 'fastify';
import { addressGroup, isLoopbackAddress } from '../services/address-group.ts';

/** Whom a place behind a gate is taken for. Loopback is the relay's own user, and a whole test rig: all places are theirs. */
export function clientOf(address: string): string | undefined {
  return isLoopbackAddress(address) ? undefined : addressGroup(address);
}

/** Fires when the connection ends before the answer has been sent. */
export function clientGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** Resolves when the answer has been written, or its connection has ended. */
export function closed(reply: FastifyReply): Promise<void> {
  return new Promise((resolve) => reply.raw.once('close', resolve));
}
