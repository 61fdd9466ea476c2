/** Everything that a relay answers over HTTP, put on a server. */
import type { RelayConfig } from '../config/config.ts';
import type { ApiServices } from './api-services.ts';
import { registerChunkRoutes } from './chunk-routes.ts';
import { registerEventStream } from './event-stream.ts';
import { registerInfoRoutes } from './info-routes.ts';
import { registerMetrics } from './metrics-route.ts';
import { registerPages } from './pages.ts';
import type { HttpServer } from './server.ts';

export async function registerApi(
  server: HttpServer,
  services: ApiServices,
  { limits, webDir }: Pick<RelayConfig, 'limits' | 'webDir'>,
): Promise<void> {
  await registerEventStream(server, {
    events: services.events,
    maxListeners: limits.maxEventListeners,
    maxBacklogBytes: limits.maxEventBacklogBytes,
  });
  registerInfoRoutes(server, services);
  registerChunkRoutes(server, services, limits);
  registerMetrics(server, services.metrics);
  registerPages(server, { webDir, version: services.version });
}
