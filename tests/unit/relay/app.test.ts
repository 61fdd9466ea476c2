import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startRelay } from '../../../relay/app.ts';
import { relayConfig } from '../../helpers/relay-config.ts';
import { tempFolder } from './fixtures.ts';

it(
  'stops within its grace, though a refused WebSocket client does not close',
  { timeout: 10_000 },
  async () => {
    await using folder = await tempFolder();
    const places = ['--storage-dir', folder.path, '--host', '127.0.0.1', '--port', '0'];
    const config = await relayConfig(...places, '--discovery-port', '0', '--log-level', 'silent');
    const relay = await startRelay({ ...config, limits: { ...config.limits, stopGraceMs: 50 } });
    const client = connect(relay.httpPort, '127.0.0.1');
    try {
      const key = `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`;
      const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', key];
      client.write(['GET /status HTTP/1.1', 'Host: 127.0.0.1', ...upgrade, '', ''].join('\r\n'));
      const [answer] = (await once(client, 'data')) as [Buffer];
      expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
    } finally {
      const closed = once(client, 'close');
      await relay[Symbol.asyncDispose]();
      await closed;
    }
  },
);
