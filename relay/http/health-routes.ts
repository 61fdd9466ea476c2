/** `/healthz` and `/readyz`. */
import { AppError } from '../../shared/errors.ts';
import { healthRoutes } from '../../shared/protocol/health-routes.ts';
import type { LocalChunkService } from '../services/local-chunk-service.ts';
import type { HttpServer } from './server.ts';

export function registerHealth(
  server: HttpServer,
  { local }: { readonly local: Pick<LocalChunkService, 'ready' | 'storageCondition'> },
): void {
  const { health, readiness } = healthRoutes;
  server.get(health.path, { schema: { response: { 200: health.response } } }, (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { alive: true };
  });
  server.get(
    readiness.path,
    { schema: { response: { 200: readiness.response } } },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store');
      if (!local.ready) {
        throw new AppError(
          'UNAVAILABLE',
          'This relay has just started, and learns first what was deleted meanwhile.',
        );
      }
      return { ready: true, storage: await local.storageCondition() };
    },
  );
}
