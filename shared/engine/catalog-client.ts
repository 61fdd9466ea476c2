/** The catalog over an entry relay's HTTP interface. */
import { RATE_LIMIT_TRIES } from '../limits.ts';
import { catalogRoutes } from '../protocol/catalog-routes.ts';
import type { CatalogPort } from './catalog.ts';
import type { EngineClock } from './clock.ts';
import type { RelayHttp } from './relay-http.ts';
import { withRetry } from './retry.ts';

/** Every request may be sent again: publishing and unpublishing twice is as once. */
export function createCatalogClient(http: RelayHttp, clock: EngineClock): CatalogPort {
  const send = <T>(signal: AbortSignal, work: (baseUrl: string) => Promise<T>): Promise<T> =>
    withRetry({ clock, tries: RATE_LIMIT_TRIES, codes: ['RATE_LIMITED'], signal }, () =>
      http.withAnyRelay(signal, work),
    );
  return {
    page: (query, signal) =>
      send(signal, (baseUrl) => http.json(baseUrl, catalogRoutes.catalog, { query }, signal)),

    publish: (entry, signal) =>
      send(signal, (baseUrl) => http.json(baseUrl, catalogRoutes.publish, { body: entry }, signal)),

    unpublish: (removal, signal) =>
      send(signal, (baseUrl) =>
        http.json(
          baseUrl,
          catalogRoutes.unpublish,
          { params: { entry: removal.entry }, body: removal },
          signal,
        ),
      ),
  };
}
