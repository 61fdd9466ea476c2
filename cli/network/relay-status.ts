/** Asks a relay how it is. */
import { AppError } from '../../shared/errors.ts';
import { MAX_JSON_ANSWER_BYTES, REQUEST_TIMEOUT_MS } from '../../shared/limits.ts';
import { Status, routes } from '../../shared/protocol/routes.ts';
import { parseJsonWith } from '../../shared/protocol/schemas.ts';
import { withSwarmSession } from '../../shared/protocol/swarm-session.ts';
import { readSwarmKey } from '../adapters/swarm-key-file.ts';

export type RelayFetch = (url: string, init: RequestInit) => Promise<Response>;

/** How relays are asked: with a session where the network is private. Throws what reading the key throws. */
export async function relayFetch(swarmKeyFile: string | undefined): Promise<RelayFetch> {
  return swarmKeyFile === undefined ? fetch : withSwarmSession(fetch, await readSwarmKey(swarmKeyFile));
}

/** Throws `UNAVAILABLE` when nothing, or something that is not a relay, answers there. */
export async function fetchStatus(
  baseUrl: string,
  signal?: AbortSignal,
  send: RelayFetch = fetch,
): Promise<Status> {
  const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  try {
    const response = await send(`${baseUrl}${routes.status.path}`, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (Number(response.headers.get('content-length') ?? 0) > MAX_JSON_ANSWER_BYTES) {
      await response.body?.cancel();
      throw new AppError('TOO_LARGE', 'The answer is too long.');
    }
    return parseJsonWith(Status, await response.text(), 'The status');
  } catch (cause) {
    if (signal?.aborted === true) throw AppError.from(signal.reason, 'ABORTED');
    throw new AppError('UNAVAILABLE', `No relay answers at ${baseUrl}.`, { cause });
  }
}
