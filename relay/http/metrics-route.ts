/** `GET /metrics`: Prometheus text (exposition format 0.0.4). Gauges are read when asked for; nothing names a chunk or a client. */
import type * as Prometheus from 'prom-client';
import type { EventCount } from '../services/event-counts.ts';
import type { HttpServer } from './server.ts';

/** By name, without the prefix `lanvault_`. */
export type Gauges = Readonly<Record<string, { readonly help: string; readonly value: number }>>;

/** What can be measured now. */
export interface Metrics {
  readonly gauges: () => Promise<Gauges>;
  readonly events: () => readonly EventCount[];
}

export const METRICS_PATH = '/metrics';

export function registerMetrics(server: HttpServer, metrics: Metrics): void {
  let text: Promise<() => Promise<{ type: string; body: string }>> | undefined;
  server.get(METRICS_PATH, async (_request, reply) => {
    // Loaded by the first scrape: fifty relays that nobody scrapes start without it.
    text ??= exposition(metrics);
    const { type, body } = await (await text)();
    return reply.header('cache-control', 'no-store').type(type).send(body);
  });
}

async function exposition(metrics: Metrics): Promise<() => Promise<{ type: string; body: string }>> {
  const prometheus = await import('prom-client');
  return async () => {
    const registry = new prometheus.Registry();
    for (const [name, { help, value }] of Object.entries(await metrics.gauges())) {
      new prometheus.Gauge({ name: `lanvault_${name}`, help, registers: [registry] }).set(value);
    }
    addEvents(prometheus, registry, metrics.events());
    return { type: registry.contentType, body: await registry.metrics() };
  };
}

function addEvents(
  { Counter }: typeof Prometheus,
  registry: Prometheus.Registry,
  counts: readonly EventCount[],
): void {
  const events = new Counter({
    name: 'lanvault_events_total',
    help: 'Events since the start, by type as in /events',
    labelNames: ['type'],
    registers: [registry],
  });
  const bytes = new Counter({
    name: 'lanvault_event_bytes_total',
    help: 'Chunk bytes of those events',
    labelNames: ['type'],
    registers: [registry],
  });
  for (const count of counts) {
    events.inc({ type: count.type }, count.events);
    if (count.bytes > 0) bytes.inc({ type: count.type }, count.bytes);
  }
}
