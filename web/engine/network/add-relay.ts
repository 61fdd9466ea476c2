import { systemClock } from '../../../shared/engine/clock.ts';
import { RelayHttp, asBlob } from '../../../shared/engine/relay-http.ts';
import type { Fetch } from '../../../shared/engine/relay-http.ts';
import { ADD_RELAY_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from '../../../shared/limits.ts';
import { operatorRoutes } from '../../../shared/protocol/operator-routes.ts';
import type { AddedRelay } from '../../../shared/protocol/operator-routes.ts';

export interface AddRelayRequest {
  /** As a person types it. */
  readonly address: string;
  /** Of the relay at `origin`. */
  readonly operatorToken: string;
}

/** Has the relay at `origin` join another one. Throws what that relay says, `UNAVAILABLE`, `TIMEOUT`, `NO_SESSION`, `ABORTED`. */
export function addRelay(
  origin: string,
  fetch: Fetch,
  { address, operatorToken }: AddRelayRequest,
  signal: AbortSignal,
): Promise<AddedRelay> {
  const http = new RelayHttp({ baseUrls: [origin], fetch, toBody: asBlob, clock: systemClock });
  const headers = { authorization: `Bearer ${operatorToken.trim()}` };
  const request = { headers, body: { address } };
  return http.json(
    origin,
    operatorRoutes.addRelay,
    request,
    signal,
    ADD_RELAY_TIMEOUT_MS + REQUEST_TIMEOUT_MS,
  );
}
