/** The service worker: the app shell offline, and `/stream/…`. It holds nothing that its death could lose. */
import wasmUrl from 'node-liblzma/wasm/liblzma.wasm?url';
import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  matchPrecache,
  precacheAndRoute,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { createLazyCodec } from '../../shared/codec/lazy-codec.ts';
import { createInlineWorkers } from '../../shared/engine/inline-workers.ts';
import { createRelaySwarm } from '../../shared/engine/relay-client.ts';
import { AppError } from '../../shared/errors.ts';
import { IdbSwarmKey } from '../engine/database/idb-swarm-key.ts';
import { SwarmGate } from '../engine/swarm-gate.ts';
import { openSwarmKeyNews } from '../engine/swarm-key-news.ts';
import { SHARE_TARGET_PATH, keepSharedFiles } from '../engine/incoming/shared-files.ts';
import { parseServiceWorkerRequest } from '../engine/service-worker-messages.ts';
import type { ServiceWorkerRequest } from '../engine/service-worker-messages.ts';
import { STREAM_PREFIX } from '../engine/stream-url.ts';
import { DatabaseOpener } from './opened-database.ts';
import { StoredFiles } from './stored-files.ts';
import { respondToStream } from './stream-response.ts';

/** ServiceWorker Static Routing API, as far as it is used here. TypeScript's library does not know it yet. */
interface StaticRoutes {
  addRoutes?(route: { condition: { requestMethod: string }; source: 'network' }): Promise<void>;
}

declare const self: ServiceWorkerGlobalScope & {
  /** Put in by `vite.sw.config.ts`. */
  readonly __WB_MANIFEST: { url: string; revision: string | null }[];
};

const databases = new DatabaseOpener();
const gate = new SwarmGate({
  fetch: (url, init) => fetch(url, init),
  loadKey: async () => {
    const { database, deviceKey } = await databases.open();
    return new IdbSwarmKey(database, deviceKey).load();
  },
  news: openSwarmKeyNews(),
});
const swarm = createRelaySwarm({ baseUrls: [self.location.origin], fetch: gate.fetch });
const workers = createInlineWorkers(createLazyCodec(loadWasm));
const files = new StoredFiles({ swarm, workers, gate, databases });

for (const method of ['GET', 'HEAD'] as const) {
  registerRoute(
    ({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith(STREAM_PREFIX),
    ({ request }) => respondToStream(request, (id) => files.open(id)),
    method,
  );
}

// It comes as a navigation: the app opens, and takes the files.
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && url.pathname === SHARE_TARGET_PATH,
  async ({ request }) => {
    await keepSharedFiles(request, caches);
    return Response.redirect('/', 303);
  },
  'POST',
);

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();
// The app routes by fragment, so `/` is its only page. Every other path belongs to the relay.
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('/index.html'), { allowlist: [/^\/(?:index\.html)?$/] }),
);

// Chunks on their way out are none of its business; and each one that it is shown stays in memory, as the body of a request
// that its collector does not see the size of. Browsers without static routes show it every request.
self.addEventListener('install', (event: ExtendableEvent & StaticRoutes) => {
  if (event.addRoutes === undefined) return;
  event.waitUntil(event.addRoutes({ condition: { requestMethod: 'PUT' }, source: 'network' }));
});

// Pages that are open at the first visit get their streams without a reload. An update waits until it is told to go
// ahead (`skip-waiting`) or no page is left, so that it never ends a transfer.
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener('message', (event) => {
  const request = parseServiceWorkerRequest(event.data);
  if (request !== null) event.waitUntil(answer(request, event.ports[0]));
});

async function answer(request: ServiceWorkerRequest, port: MessagePort | undefined): Promise<void> {
  switch (request) {
    case 'claim':
      await self.clients.claim();
      break;
    case 'skip-waiting':
      await self.skipWaiting();
      break;
    case 'count-streams':
      port?.postMessage(files.reads);
      break;
  }
}

async function loadWasm(): Promise<ArrayBuffer> {
  const response = (await matchPrecache(wasmUrl)) ?? (await fetch(wasmUrl));
  if (!response.ok) throw new AppError('UNAVAILABLE', 'The decoder could not be loaded: reload the page.');
  return response.arrayBuffer();
}
