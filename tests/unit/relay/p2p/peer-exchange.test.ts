import { beforeEach, describe, expect, it } from 'vitest';
import { PeerExchange } from '../../../../relay/p2p/peer-exchange.ts';
import type { Link } from '../../../../relay/p2p/link.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { Membership } from '../../../../relay/services/membership.ts';
import { utf8 } from '../../../../shared/bytes.ts';
import { parseRelayId } from '../../../../shared/ids.ts';
import { HELLO_INTERVAL_MS, MAX_PEER_MESSAGES_READ } from '../../../../shared/limits.ts';
import { VirtualClock } from './virtual-clock.ts';

const SELF = parseRelayId('00'.repeat(32));

class FakeLink {
  readonly closed = new AbortController().signal;
  readonly address = { host: '10.0.0.9', link: 1 };
  readonly id = parseRelayId('ff'.repeat(32));
  pinned = false;
  sent = 0;

  sendPeers(): void {
    this.sent++;
  }
}

let clock: VirtualClock;
let exchange: PeerExchange;
let hints: string[];
let link: FakeLink;

beforeEach(() => {
  clock = new VirtualClock();
  hints = [];
  link = new FakeLink();
  const events = new EventBus(() => 0);
  exchange = new PeerExchange({
    clock,
    membership: new Membership({ id: SELF, capacity: 1, machine: '', clock, events }),
    onHint: (id, { host }) => hints.push(`${id.slice(0, 2)} ${host}`),
    open: () => Promise.reject(new Error('not asked for')),
    seeksLinks: () => false,
  });
  exchange.start();
});

const row = (byte: string, more: object = {}) => ({
  id: byte.repeat(32),
  port: 1,
  link: 1,
  beat: 1,
  ...more,
});

function list(...peers: object[]): void {
  exchange.receive(link as unknown as Link, utf8(JSON.stringify({ peers })));
}

describe('who sends a list', () => {
  it('gets one back at once and each second, and no claim on the link', async () => {
    list(row('aa', { host: '10.0.0.2' }), row('ff'));
    expect(hints).toEqual(['aa 10.0.0.2', 'ff 10.0.0.9']);
    expect(link.sent).toBe(1);
    await clock.advance(2 * HELLO_INTERVAL_MS);
    expect(link.sent).toBe(3);
    expect(link.pinned).toBe(false);
  });

  it('and stops, gets none any more', async () => {
    list();
    await clock.advance(10 * HELLO_INTERVAL_MS);
    const { sent } = link;
    await clock.advance(10 * HELLO_INTERVAL_MS);
    expect(link.sent).toBe(sent);
  });

  it('without end is not read beyond what anybody has to send, until the next second', async () => {
    for (let n = 0; n < 1000; n++) list(row('aa', { host: '10.0.0.2' }));
    expect(hints).toHaveLength(MAX_PEER_MESSAGES_READ);
    expect(link.sent).toBe(1);
    // Not even parsed: no error.
    exchange.receive(link as unknown as Link, utf8('{'));
    await clock.advance(HELLO_INTERVAL_MS);
    list(row('bb', { host: '10.0.0.3' }));
    expect(hints.at(-1)).toBe('bb 10.0.0.3');
  });

  it.each(['{', '{"peers":[{}]}', 'null', '{"peers":[{"id":"aa","port":1,"link":1,"beat":1}]}'])(
    'that does not validate (%s) loses its link',
    (text) => {
      expect(() => exchange.receive(link as unknown as Link, utf8(text))).toThrow('not');
      expect(hints).toEqual([]);
    },
  );

  it('with names instead of addresses is not heard of them', () => {
    list(row('aa', { host: 'evil.example' }));
    expect(hints).toEqual([]);
  });
});

it('the link to a relay that was joined is kept', () => {
  exchange.pin(link as unknown as Link);
  expect(link.pinned).toBe(true);
});
