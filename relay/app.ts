/** The composition root: one relay out of storage, services, HTTP and the swarm. */
import { mkdir } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import packageJson from '../package.json' with { type: 'json' };
import { localUrl } from '../shared/protocol/address.ts';
import { AppError } from '../shared/errors.ts';
import type { RelayId } from '../shared/ids.ts';
import type { RelayConfig } from './config/config.ts';
import { registerApi } from './http/api.ts';
import { loadSwarmKey } from './config/swarm-key-file.ts';
import { processGauges } from './http/process-gauges.ts';
import { HttpsListener } from './http/https-listener.ts';
import { listenHost } from './http/listen-host.ts';
import { createHttpServer } from './http/server.ts';
import type { HttpServer } from './http/server.ts';
import { machineHash } from './p2p/machine.ts';
import { createSwarmNode } from './p2p/swarm-node.ts';
import type { SwarmSettings } from './p2p/swarm-node.ts';
import { Catalog } from './services/catalog/catalog.ts';
import { openIdentity } from './services/receipts.ts';
import { RelayCore } from './services/relay-core.ts';
import { systemClock } from './services/system-clock.ts';
import { ChunkStore } from './storage/chunk-store.ts';
import { errnoOf, storageError } from './storage/file-ops.ts';
import { loadOrCreateSeed } from './storage/identity-file.ts';
import { createOperatorToken, noteOperatorUrl } from './storage/operator-files.ts';
import { storageLayout } from './storage/layout.ts';
import { lockStorage } from './storage/storage-lock.ts';
import { lanAddress } from './tls/own-names.ts';
import { prepareTls } from './tls/relay-tls.ts';

export interface Relay extends AsyncDisposable {
  readonly id: RelayId;
  readonly httpPort: number;
  readonly linkPort: number;
  /** Null without HTTPS. */
  readonly httpsPort: number | null;
  /** SHA-256 of what devices are to trust for it; null without an authority of the relay's own. */
  readonly authorityFingerprint: string | null;
  /** Resolves when the relay has left the swarm by its operator's order: then it is to be disposed of. */
  readonly left: Promise<void>;
}

/**
 * Starts a relay; resolves when it takes requests. Disposing of it stops taking new ones, ends what is under way within
 * `limits.stopGraceMs`, and closes everything. Throws `CONFLICT` (storage folder or port in use), `UNAVAILABLE` (link or
 * discovery port), `BAD_INPUT` (join URL), `IO`, `CORRUPT`.
 */
export async function startRelay(config: RelayConfig): Promise<Relay> {
  await using started = new AsyncDisposableStack();
  const clock = systemClock;
  const startedAt = clock.now();
  const server = createHttpServer({ config, now: () => clock.now() });
  const log = server.log;

  const swarmKey = await loadSwarmKey(config.swarmKeyFile);
  const layout = storageLayout(config.storageDir);
  await makeStorageFolder(layout.root);
  started.use(lockStorage(layout.lock));
  const { identity, signer } = await openIdentity(await loadOrCreateSeed(layout.identity));
  const store = started.use(
    await ChunkStore.open({
      dir: layout.root,
      capacityBytes: config.capacityBytes,
      freeSpaceFloorBytes: config.minFreeBytes,
      log,
      wallTime: () => clock.wallTime(),
    }),
  );

  const core = started.use(
    new RelayCore(
      {
        identity,
        signer,
        store,
        capacityBytes: config.capacityBytes,
        machine: await machineHash(),
        version: packageJson.version,
        limits: config.limits,
        repairGraceMs: config.repairGraceMs,
        clock,
        log,
      },
      ({ local, membership, router }) =>
        createSwarmNode({
          identity,
          clock,
          localChunks: local,
          membership,
          router,
          swarmKey,
          settings: swarmSettings(config),
          log,
        }),
    ),
  );
  const swarm = started.use(core.network);
  const tls =
    config.tls === null
      ? null
      : await prepareTls(config.tls, {
          allowedHosts: config.allowedHosts,
          wallTime: () => clock.wallTime(),
          log,
        });
  let https: HttpsListener | null = null;
  const services = {
    trust: {
      httpsPort: () => https?.port ?? null,
      authority: tls?.authority ?? null,
      lanAddress: () => lanAddress(config.host),
      allowedHosts: config.allowedHosts,
    },
    directory: core.membership,
    local: core.local,
    writer: core.writer,
    reader: core.reader,
    inventories: core.inventories,
    deletion: core.deletion.service,
    dht: core.dht,
    census: core.locate.census,
    events: core.events,
    metrics: {
      gauges: async () => ({ ...core.gauges(), ...(await processGauges(store, clock.now() - startedAt)) }),
      events: () => core.eventCounts.all(),
    },
    topology: core.topology,
    catalog: new Catalog({ records: core.dht.records, clock, stopped: core.stopped }),
    care: core.care,
    joins: swarm.joins,
    operatorToken: await createOperatorToken(layout),
    sleep: clock.sleep.bind(clock),
    linkCount: () => swarm.linkCount,
    now: () => clock.now(),
    uptimeSeconds: () => (clock.now() - startedAt) / 1000,
    version: packageJson.version,
  };

  await registerApi(server, services, config, swarmKey);
  const upgraded = upgradedSockets(server);
  started.defer(() => closeServer(server, upgraded, config.limits.stopGraceMs));
  const { linkPort } = await swarm.listen();
  const httpPort = await listen(server, config);
  if (config.tls !== null && tls !== null) {
    const { host, limits } = config;
    const { source } = tls;
    https = started.use(
      await HttpsListener.listen(server, { host, port: config.tls.port, limits, source, clock, log }),
    );
  }
  await noteOperatorUrl(layout, localUrl(config.host, httpPort));
  await swarm.announce({ httpPort });
  core.start();

  log.info({ version: packageJson.version, port: httpPort, link: linkPort }, 'The relay is ready');
  log.debug({ relay: identity.id }, 'This relay’s id');
  const running = started.move();
  return {
    id: identity.id,
    httpPort,
    linkPort,
    httpsPort: https?.port ?? null,
    authorityFingerprint: tls?.authority?.fingerprint ?? null,
    left: core.care.left,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function swarmSettings({ host, discoveryPort, linkPort, join }: RelayConfig): SwarmSettings {
  return { host, discoveryPort, linkPort, join };
}

async function makeStorageFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new AppError('IO', `The storage folder cannot be made (${storageError(cause).message})`, { cause });
  }
}

async function listen(server: HttpServer, { host, httpPort }: RelayConfig): Promise<number> {
  try {
    await server.listen({ host: await listenHost(host), port: httpPort });
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'EADDRINUSE') {
      throw new AppError('CONFLICT', `Port ${httpPort} is in use. Choose another one with --port.`, {
        cause,
      });
    }
    throw new AppError('IO', `Cannot listen on ${host}, port ${httpPort} (${errno ?? 'unknown error'}).`, {
      cause,
    });
  }
  const address = server.server.address();
  if (address === null || typeof address === 'string')
    throw new AppError('INTERNAL', 'The server has no port.');
  return address.port;
}

/** Connections that the HTTP server no longer counts among its own, and yet waits for when it closes. */
function upgradedSockets(server: HttpServer): ReadonlySet<Duplex> {
  const sockets = new Set<Duplex>();
  server.server.on('upgrade', (_request, socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Requests under way may end; after the grace their connections are cut. */
async function closeServer(
  server: HttpServer,
  upgraded: ReadonlySet<Duplex>,
  graceMs: number,
): Promise<void> {
  const cut = setTimeout(() => {
    server.server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  }, graceMs);
  try {
    await server.close();
  } finally {
    clearTimeout(cut);
  }
}
