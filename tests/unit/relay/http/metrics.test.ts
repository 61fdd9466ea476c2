import { expect, it } from 'vitest';
import { sampleChunk } from '../fixtures.ts';
import { relayRig } from '../relay-rig.ts';

it('gives gauges, and counters of events with their bytes, as Prometheus text without ids', async () => {
  await using rig = await relayRig();
  const { id, bytes } = sampleChunk();
  await rig.local.store(id, bytes, '00'.repeat(16));
  await rig.local.read(id);
  await rig.local.read(id);
  const answer = await rig.server.inject({ url: '/metrics' });
  expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
  expect(answer.body).toContain('# TYPE lanvault_chunks gauge\nlanvault_chunks 2\n');
  expect(answer.body).toContain('lanvault_events_total{type="chunk-stored"} 1\n');
  expect(answer.body).toContain('lanvault_events_total{type="chunk-read"} 2\n');
  expect(answer.body).toContain(
    `lanvault_event_bytes_total{type="chunk-read"} ${String(2 * bytes.length)}\n`,
  );
  expect(answer.body).not.toContain(id);
  const again = await rig.server.inject({ url: '/metrics' });
  expect(again.body).toBe(answer.body);
});
