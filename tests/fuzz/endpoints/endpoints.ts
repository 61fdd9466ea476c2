/** Every route that a relay has, as it is defined, and how often each is asked. */
import type { TSchema } from 'typebox';
import { healthRoutes } from '../../../shared/protocol/health-routes.ts';
import { routes } from '../../../shared/protocol/routes.ts';
import type { Random } from '../random.ts';

export interface Endpoint {
  /** As in the OpenAPI document; null: a page. */
  readonly operationId: string | null;
  readonly method: string;
  readonly path: string;
  readonly query?: TSchema;
  readonly params?: TSchema;
  readonly headers?: TSchema;
  readonly body?: TSchema;
  /** How often it is asked, 1 unless told. */
  readonly weight?: number;
}

const WEIGHTS: Readonly<Record<string, number>> = {
  ...{ repair: 0.1, findRelay: 0.3, addRelay: 0.5, openapi: 0.2 },
  // So that there is something to ask about.
  ...{ putChunk: 4, deleteChunk: 0.5, deleteBatch: 0.5 },
};
const PAGES = ['/', '/index.html', '/openapi', '/openapi/static/index.html', '/assets/', '/sw.js', '/trust'];

const ENDPOINTS: readonly Endpoint[] = [
  ...Object.entries({ ...healthRoutes, ...routes }).map(([operationId, route]) => ({
    ...route,
    operationId,
  })),
  { ...routes.getChunk, method: 'HEAD', operationId: 'getChunkHead' },
  ...['metrics', 'openapi'].map((operationId) => ({
    ...{ operationId, method: 'GET', path: operationId === 'openapi' ? '/openapi.json' : '/metrics' },
  })),
  { operationId: 'events', method: 'GET', path: '/events' },
  ...PAGES.map((path) => ({ operationId: null, method: 'GET', path, weight: 0.1 })),
];

export const OPERATIONS: readonly string[] = ENDPOINTS.flatMap(({ operationId }) => operationId ?? []);

const TOTAL_WEIGHT = ENDPOINTS.reduce((sum, endpoint) => sum + weightOf(endpoint), 0);
function weightOf({ operationId, weight = 1 }: Endpoint): number {
  return WEIGHTS[operationId ?? ''] ?? weight;
}

export function pickEndpoint(random: Random): Endpoint {
  let left = (random.below(2 ** 30) / 2 ** 30) * TOTAL_WEIGHT;
  const found = ENDPOINTS.find((endpoint) => (left -= weightOf(endpoint)) < 0);
  return found ?? random.pick(ENDPOINTS);
}
