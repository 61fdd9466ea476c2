/** `GET`, `POST` and `DELETE /catalog`. */
import {
  CATALOG_READS_PER_SECOND_LOOPBACK,
  CATALOG_READS_PER_SECOND_REMOTE,
  CATALOG_WRITES_PER_SECOND_LOOPBACK,
  CATALOG_WRITES_PER_SECOND_REMOTE,
  MAX_CATALOG_BODY_BYTES,
} from '../../shared/limits.ts';
import { catalogRoutes } from '../../shared/protocol/catalog-routes.ts';
import type { Catalog } from '../services/catalog/catalog.ts';
import { clientGone } from './client.ts';
import { ClientLimits } from './client-limits.ts';
import { withJsonBodies } from './json-body.ts';
import type { HttpServer } from './server.ts';

export interface CatalogRouteParts {
  readonly catalog: Catalog;
  /** Monotonic, ms. */
  readonly now: () => number;
  readonly maxRequestsPerClient: number;
}

export async function registerCatalogRoutes(
  server: HttpServer,
  { catalog, now, maxRequestsPerClient }: CatalogRouteParts,
): Promise<void> {
  const reads = new ClientLimits({
    now,
    requestsPerSecondRemote: CATALOG_READS_PER_SECOND_REMOTE,
    requestsPerSecondLoopback: CATALOG_READS_PER_SECOND_LOOPBACK,
    maxRequestsPerClient,
  });
  const writes = new ClientLimits({
    now,
    requestsPerSecondRemote: CATALOG_WRITES_PER_SECOND_REMOTE,
    requestsPerSecondLoopback: CATALOG_WRITES_PER_SECOND_LOOPBACK,
    maxRequestsPerClient,
  });

  await withJsonBodies(server, (scope) => {
    scope.addHook('onRequest', (request, reply, done) => {
      const limits = request.method === 'GET' ? reads : writes;
      reply.raw.once('close', limits.enter(request.ip));
      reply.header('cache-control', 'no-store');
      done();
    });

    const { catalog: list, publish, unpublish } = catalogRoutes;
    scope.get(
      list.path,
      { schema: { querystring: list.query, response: { 200: list.response } } },
      (request, reply) => catalog.page(request.query, clientGone(reply)),
    );
    scope.post(
      publish.path,
      {
        schema: { body: publish.body, response: { 200: publish.response } },
        bodyLimit: MAX_CATALOG_BODY_BYTES,
      },
      (request, reply) => catalog.publish(request.body, clientGone(reply)),
    );
    scope.delete(
      unpublish.path,
      {
        schema: { params: unpublish.params, body: unpublish.body, response: { 200: unpublish.response } },
        bodyLimit: MAX_CATALOG_BODY_BYTES,
      },
      (request, reply) => catalog.unpublish(request.params.entry, request.body, clientGone(reply)),
    );
  });
}
