/** One relay alone, over HTTP. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { HEADER } from '../../../shared/protocol/routes.ts';
import { idOfChunk } from '../../helpers/virtual-chunk.ts';
import { startRelays } from '../../helpers/relays.ts';
import type { RelaySwarm } from '../../helpers/relays.ts';
import { until } from '../../helpers/until.ts';
import { sendAll } from '../load.ts';
import type { LoadRequest } from '../load.ts';
import { Missing } from '../scenario.ts';
import type { Prepared, Scenario } from '../scenario.ts';
import { runProgram, secondsOf } from '../timing.ts';

const MIB = 2 ** 20;
const CHUNK_BYTES = MIB;
const CHUNKS = 64;
const READERS = 16;
const WRITERS = 8;
/** Times that each chunk is read in a round. */
const READS = 20;
const NGINX = ['/usr/sbin/nginx', '/usr/bin/nginx'];

interface Chunk {
  readonly id: string;
  readonly token: string;
  readonly bytes: Buffer;
}

function makeChunk(): Chunk {
  const token = randomBytes(32);
  const verifier = createHash('sha256').update(token).digest();
  const bytes = Buffer.concat([verifier, randomBytes(CHUNK_BYTES - verifier.length)]);
  return { id: idOfChunk(bytes), token: token.toString('hex'), bytes };
}

function puts({ entry }: RelaySwarm, chunks: readonly Chunk[]): LoadRequest[] {
  return chunks.map(({ id, bytes }) => ({
    url: `${entry.url}/chunk/${id}`,
    options: {
      method: 'PUT',
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': bytes.length,
        [HEADER.nonce]: randomBytes(16).toString('hex'),
      },
    },
    body: bytes,
  }));
}

/** Serves a folder on loopback. */
class Nginx implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** Throws `Missing`. */
  static async start(folder: string, root: string): Promise<Nginx> {
    const program = NGINX.find((file) => existsSync(file));
    if (program === undefined) throw new Missing('it needs nginx (apt install nginx-light).');
    const port = await freePort();
    const config = path.join(folder, 'nginx.conf');
    await writeFile(
      config,
      `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes auto; events {}
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
server { listen 127.0.0.1:${String(port)}; root ${root}; } }
`,
    );
    const child = spawn(program, ['-p', folder, '-c', config], { stdio: 'ignore' });
    const url = `http://127.0.0.1:${String(port)}`;
    await until(
      () =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      'nginx answers',
    );
    return new Nginx(url, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exit;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function prepareGet(): Promise<Prepared> {
  await using stack = new AsyncDisposableStack();
  const swarm = stack.use(await startRelays(1));
  const chunks = Array.from({ length: CHUNKS }, makeChunk);
  await sendAll(puts(swarm, chunks), WRITERS);
  const root = path.join(swarm.dir, 'www');
  await mkdir(root, { mode: 0o755 });
  for (const { id, bytes } of chunks) await writeFile(path.join(root, id), bytes);
  const nginx = stack.use(await Nginx.start(swarm.dir, root));
  const rate = async (base: string): Promise<number> => {
    const urls = chunks.map(({ id }) => ({ url: `${base}/${id}` }));
    const requests = Array.from({ length: READS }, () => urls).flat();
    return requests.length / (await sendAll(requests, READERS));
  };
  const running = stack.move();
  return {
    measureReference: () => rate(nginx.url),
    measureOurs: () => rate(`${swarm.entry.url}/chunk`),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function preparePut(): Promise<Prepared> {
  const swarm = await startRelays(1);
  const source = path.join(swarm.dir, 'source');
  const target = path.join(swarm.dir, 'target');
  await writeFile(source, randomBytes(CHUNKS * CHUNK_BYTES));
  const rateOf = (seconds: number): number => (CHUNKS * CHUNK_BYTES) / MIB / seconds;
  return {
    measureReference: async () => {
      await rm(target, { force: true });
      const args = [`if=${source}`, `of=${target}`, 'bs=1M', 'oflag=sync'];
      return rateOf(await secondsOf(() => runProgram('dd', ...args)));
    },
    measureOurs: async () =>
      rateOf(await sendAll(puts(swarm, Array.from({ length: CHUNKS }, makeChunk)), WRITERS)),
    [Symbol.asyncDispose]: () => swarm[Symbol.asyncDispose](),
  };
}

export const relayScenarios: readonly Scenario[] = [
  {
    name: 'relay-get',
    title: `One relay, GET of 1 MiB, ${String(READERS)} clients`,
    ...{ unit: 'GET/s', ours: 'relay', reference: 'nginx, the same files' },
    bar: { is: 'at least', ratio: 0.6 },
    prepare: prepareGet,
  },
  {
    name: 'relay-put',
    title: `One relay, PUT of 1 MiB, hash-checked and durable, ${String(WRITERS)} clients`,
    ...{ unit: 'MiB/s', ours: 'relay', reference: 'dd bs=1M oflag=sync' },
    bar: { is: 'at least', ratio: 0.6 },
    prepare: preparePut,
  },
];
