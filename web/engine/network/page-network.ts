import { systemClock } from '../../../shared/engine/clock.ts';
import { withDeadline } from '../../../shared/engine/concurrency.ts';
import type { RelaySwarm } from '../../../shared/engine/relay-client.ts';
import { AppError } from '../../../shared/errors.ts';
import { REQUEST_TIMEOUT_MS } from '../../../shared/limits.ts';
import { parseWith } from '../../../shared/protocol/schemas.ts';
import { SessionTicket, sessionRoutes } from '../../../shared/protocol/swarm-session.ts';
import { lazily } from '../lazily.ts';
import type { SwarmGate } from '../swarm-gate.ts';
import { EventFeed } from './event-feed.ts';
import { SwarmNetwork } from './swarm-network.ts';

/** Few ever add a relay by hand. */
const loadAddRelay = lazily(() => import('./add-relay.ts'));

export interface PageNetworkOptions {
  readonly origin: string;
  readonly swarm: RelaySwarm;
  readonly gate: Pick<SwarmGate, 'fetch' | 'whenOpen'>;
  /** Whether a swarm key is kept here: only then a ticket may be needed. */
  readonly isPrivate: () => Promise<boolean>;
}

/** The network as this page sees it, through the relay that served it. */
export function createPageNetwork({ origin, swarm, gate, isPrivate }: PageNetworkOptions): SwarmNetwork {
  const feed = new EventFeed({
    clock: systemClock,
    openSocket: async (signal) => {
      await gate.whenOpen(signal);
      const url = new URL('/events', origin);
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      if (await isPrivate()) {
        const ticket = await readTicket(origin, gate, signal);
        if (ticket !== null) url.searchParams.set('ticket', ticket);
      }
      return new WebSocket(url);
    },
  });
  return new SwarmNetwork({
    ...{ swarm, feed, clock: systemClock, page: document },
    addRelay: async (address, operatorToken, signal) => {
      const { addRelay } = await loadAddRelay();
      return addRelay(origin, gate.fetch, { address, operatorToken }, signal);
    },
  });
}

/** Null for a public swarm, which has none. Throws `UNAVAILABLE`, `TIMEOUT`, `NO_SESSION`. */
export async function readTicket(
  origin: string,
  gate: Pick<SwarmGate, 'fetch'>,
  signal: AbortSignal,
): Promise<string | null> {
  const { method, path } = sessionRoutes.sessionTicket;
  const what = 'The ticket';
  const deadline = { clock: systemClock, timeoutMs: REQUEST_TIMEOUT_MS, what, signal };
  return withDeadline(deadline, async (bounded) => {
    const response = await ask(() => gate.fetch(origin + path, { method, signal: bounded }));
    if (response.status === 404) return null;
    if (!response.ok) throw new AppError('UNAVAILABLE', 'The relay gave no ticket.');
    return parseWith(SessionTicket, await ask(() => response.json()), what).ticket;
  });
}

/** What the platform throws here says that the relay does not answer, or not as one. */
async function ask<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('UNAVAILABLE', 'The relay does not answer.', { cause });
  }
}
