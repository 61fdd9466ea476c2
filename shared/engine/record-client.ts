/** Atomic records over an entry relay's HTTP interface. Nothing that it returns is trusted. */
import { RATE_LIMIT_TRIES } from '../limits.ts';
import { dhtRoutes } from '../protocol/dht-routes.ts';
import type { AtomicRecord } from '../protocol/records.ts';
import type { EngineClock } from './clock.ts';
import type { RelayHttp } from './relay-http.ts';
import { withRetry } from './retry.ts';

export interface RecordPort {
  /** The newest record that is found; null where the relays that answer have none. Throws `UNAVAILABLE`, `TIMEOUT`. */
  get(publicKeyHex: string, signal: AbortSignal): Promise<AtomicRecord | null>;
  /** Throws `CONFLICT` where there is a newer one, `NO_SPACE`, `UNAVAILABLE`, `TIMEOUT`. */
  put(record: AtomicRecord, signal: AbortSignal): Promise<void>;
}

export function createRecordClient(http: RelayHttp, clock: EngineClock): RecordPort {
  const send = <T>(signal: AbortSignal, work: (baseUrl: string) => Promise<T>): Promise<T> =>
    withRetry({ clock, tries: RATE_LIMIT_TRIES, codes: ['RATE_LIMITED'], signal }, () =>
      http.withAnyRelay(signal, work),
    );
  return {
    async get(publicKeyHex, signal) {
      const params = { public_key: publicKeyHex };
      const { record } = await send(signal, (baseUrl) =>
        http.json(baseUrl, dhtRoutes.getRecord, { params }, signal),
      );
      return record;
    },

    async put(record, signal) {
      await send(signal, (baseUrl) => http.json(baseUrl, dhtRoutes.putRecord, { body: record }, signal));
    },
  };
}
