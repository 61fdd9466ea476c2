/** A page of another origin: what it can do to the relay on this machine. */
import type { Page } from '@playwright/test';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ownedChunk } from '../helpers/virtual-chunk.ts';
import { seededRandom } from '../helpers/virtual-network.ts';
import { expect, test } from './stage.ts';

/** A site of somebody else's, on any port of this machine. */
class Elsewhere implements AsyncDisposable {
  readonly #server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>Elsewhere</title>');
  });

  static async open(): Promise<Elsewhere> {
    const site = new Elsewhere();
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/**
 * `METHOD path` → the status that the relay answered with. Playwright tells nothing of answers that the browser keeps from the page; its
 * debugger does.
 */
async function answersOf(page: Page, url: string): Promise<ReadonlyMap<string, number>> {
  const debug = await page.context().newCDPSession(page);
  const asked = new Map<string, string>();
  const statuses = new Map<string, number>();
  debug.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (request.url.startsWith(`${url}/`))
      asked.set(requestId, `${request.method} ${new URL(request.url).pathname}`);
  });
  debug.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => {
    const what = asked.get(requestId);
    if (what !== undefined) statuses.set(what, statusCode);
  });
  await debug.send('Network.enable');
  return statuses;
}

test('a page of another origin gets nothing from a relay, and nothing into it', async ({ page, stage }) => {
  await using elsewhere = await Elsewhere.open();
  const relay = stage.swarm.entry;
  const random = seededRandom(6);
  const [stored, injected] = [ownedChunk(random), ownedChunk(random)];
  const headers = { 'content-type': 'application/octet-stream', 'x-client-nonce': 'ab'.repeat(16) };
  const put = { method: 'PUT', headers, body: new Blob([stored.bytes]) };
  expect((await fetch(`${relay.url}/chunk/${stored.id}`, put)).status).toBe(200);

  // Another port of its address, which is the same site; and another site.
  for (const origin of [`http://127.0.0.1:${elsewhere.port}`, `http://localhost:${elsewhere.port}`]) {
    await page.goto(origin);
    const statuses = await answersOf(page, relay.url);
    const gained = await page.evaluate(
      async ({ url, id, newId, bytes }) => {
        const won: string[] = [];
        const tried = async (what: string, attempt: () => Promise<boolean>): Promise<void> => {
          if (await attempt().catch(() => false)) won.push(what);
        };
        const embedded = (tag: string, attribute: string, target: string): Promise<boolean> =>
          new Promise((resolve) => {
            const element = document.createElement(tag);
            element.addEventListener('load', () => resolve(true));
            element.addEventListener('error', () => resolve(false));
            element.setAttribute(attribute, target);
            document.body.append(element);
          });
        const body = new Blob([new Uint8Array(bytes)]);
        for (const target of ['/status', '/chunks', '/peers', `/chunk/${id}`])
          await tried(`fetch ${target}`, async () => (await fetch(url + target)).ok);
        await tried('fetch no-cors', async () => {
          const answer = await fetch(`${url}/chunk/${id}`, { mode: 'no-cors' });
          return answer.status !== 0;
        });
        await tried('PUT', async () => (await fetch(`${url}/chunk/${newId}`, { method: 'PUT', body })).ok);
        for (const target of ['/chunks/delete_batch', '/catalog', '/repair', '/unjoin'])
          await tried(
            `POST ${target}`,
            async () => (await fetch(url + target, { method: 'POST', mode: 'no-cors', body: '{}' })).ok,
          );
        await tried('image', () => embedded('img', 'src', `${url}/chunk/${id}`));
        await tried('script', () => embedded('script', 'src', `${url}/chunk/${id}?script`));
        await tried('style', async () => {
          const link = document.createElement('link');
          link.rel = 'stylesheet';
          link.href = `${url}/trust/style.css`;
          document.head.append(link);
          return new Promise((resolve) => {
            link.addEventListener('load', () => resolve(true));
            link.addEventListener('error', () => resolve(false));
          });
        });
        await tried(
          'WebSocket',
          () =>
            new Promise((resolve) => {
              const socket = new WebSocket(`${url.replace('http', 'ws')}/events`);
              socket.addEventListener('open', () => resolve(true));
              socket.addEventListener('error', () => resolve(false));
            }),
        );
        return won;
      },
      { url: relay.url, id: stored.id, newId: injected.id, bytes: [...injected.bytes] },
    );
    expect(gained).toEqual([]);
    // Not only unreadable: refused, before anything was done.
    expect([...statuses].filter(([, status]) => status < 400)).toEqual([]);
    await expect.poll(() => statuses.get(`GET /chunk/${stored.id}`)).toBe(403);
    expect(statuses.get('POST /unjoin')).toBe(403);

    // A frame is there, and empty; a form is answered with a refusal.
    const frame = page.waitForResponse((response) => response.url() === `${relay.url}/`);
    await page.evaluate((url) => {
      const element = document.createElement('iframe');
      element.src = `${url}/`;
      document.body.append(element);
    }, relay.url);
    expect((await frame).status()).toBe(403);
    const posted = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.evaluate((url) => {
      const form = document.createElement('form');
      form.method = 'POST';
      form.action = `${url}/unjoin`;
      document.body.append(form);
      form.submit();
    }, relay.url);
    expect((await posted).status()).toBe(403);
    await page.waitForURL(`${relay.url}/unjoin`);
  }

  expect((await fetch(`${relay.url}/chunk/${injected.id}`)).status).toBe(404);
  expect((await fetch(`${relay.url}/chunk/${stored.id}`)).status).toBe(200);
});
