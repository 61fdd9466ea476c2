/** Everything that a relay answers over HTTP, put on a server. */
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import type { RelayConfig } from '../config/config.ts';
import type { ApiServices } from './api-services.ts';
import { registerCatalogRoutes } from './catalog-routes.ts';
import { registerChunkRoutes } from './chunk-routes.ts';
import { registerDeletionRoutes } from './deletion-routes.ts';
import { registerDhtRoutes } from './dht-routes.ts';
import { registerEventStream } from './event-stream.ts';
import { registerHealth } from './health-routes.ts';
import { registerInfoRoutes } from './info-routes.ts';
import { withJsonBodies } from './json-body.ts';
import { registerMetrics } from './metrics-route.ts';
import { registerOperatorRoutes } from './operator-routes.ts';
import { registerPages } from './pages.ts';
import { guardWithSessions, registerSessionRoutes } from './session-routes.ts';
import type { HttpServer } from './server.ts';
import { registerTopology } from './topology-routes.ts';
import { registerTrustPage } from './trust-page.ts';

export async function registerApi(
  server: HttpServer,
  services: ApiServices,
  { limits, webDir }: Pick<RelayConfig, 'limits' | 'webDir'>,
  swarmKey: SwarmKey | null,
): Promise<void> {
  const issuer = swarmKey === null ? null : { key: swarmKey, tokens: guardWithSessions(server, services) };
  await registerEventStream(server, {
    events: services.events,
    maxListeners: limits.maxEventListeners,
    maxBacklogBytes: limits.maxEventBacklogBytes,
  });
  registerHealth(server, services);
  registerInfoRoutes(server, services);
  registerChunkRoutes(server, services, limits);
  await withJsonBodies(server, (scope) => registerSessionRoutes(scope, issuer));
  await withJsonBodies(server, (scope) => registerDeletionRoutes(scope, services));
  await withJsonBodies(server, (scope) => registerDhtRoutes(scope, services));
  const { maxRequestsPerClient } = limits;
  await registerCatalogRoutes(server, { ...services, maxRequestsPerClient });
  await registerOperatorRoutes(server, services);
  registerTopology(server, services);
  registerMetrics(server, services.metrics);
  registerTrustPage(server, services.trust);
  registerPages(server, { webDir, version: services.version });
}
