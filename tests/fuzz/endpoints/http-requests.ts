/** Requests to every route that a relay has: valid ones of which some part is not, made of the route definitions. */
import type { TSchema } from 'typebox';
import { concatBytes, utf8 } from '../../../shared/bytes.ts';
import type { Bytes } from '../../../shared/bytes.ts';
import { MAX_CHUNK_BYTES } from '../../../shared/limits.ts';
import type { ListRemoval } from '../../../shared/protocol/records.ts';
import { HEADER } from '../../../shared/protocol/routes.ts';
import type { OwnedChunk } from '../../helpers/virtual-chunk.ts';
import { mutatedBytes } from '../mutate-bytes.ts';
import { mutatedJson } from '../mutate-json.ts';
import type { JsonSample } from '../mutate-json.ts';
import { EDGE_TEXTS, mutatedText } from '../mutate-text.ts';
import type { Random } from '../random.ts';
import { sampleOf } from '../sample-of-schema.ts';
import { pickEndpoint } from './endpoints.ts';
import type { Endpoint } from './endpoints.ts';
import type { World } from './world.ts';

export interface HttpRequest {
  /** As in the OpenAPI document; null: which one it is, if any, is the relay's to say. */
  readonly operationId: string | null;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Bytes | null;
  readonly isChunked: boolean;
}

/** What one request is about. */
interface Subject {
  readonly chunk: OwnedChunk;
  readonly removal: ListRemoval;
}

/** `unjoin` is no endpoint that a fuzzed relay survives. */
const WITH_TOKEN: readonly string[] = ['repair', 'repairStatus', 'unjoinStatus', 'addRelay', 'metrics'];
/** Nobody is there, or the relay itself is: nothing is sent beyond this machine. */
const LOOPBACK_ADDRESSES = ['127.0.0.1:1', 'http://127.0.0.1:1', '[::1]:1', ' ', ':', '127.0.0.1', 'http://'];

const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ...([
    ['range', 'bytes=0-5'],
    ['range', 'bytes=-1,5-2,x'],
    ['if-none-match', '*'],
    ['if-modified-since', 'Thu, 32 Foo 2026'],
    ['accept-encoding', 'br;q=1, gzip, *;q=x'],
    ['accept', '*/*;q=9'],
    ['origin', 'http://evil.example'],
    ['origin', 'null'],
    ['x-forwarded-for', '8.8.8.8'],
    ['expect', '100-continue'],
    ['expect', 'the unexpected'],
    ['connection', 'close'],
    ['connection', 'keep-alive, x-client-nonce'],
    ['upgrade', 'h2c'],
    ['te', 'trailers'],
    ['content-encoding', 'gzip'],
    ['x-http-method-override', 'DELETE'],
    ['cookie', 'a=b; __proto__=1'],
    ['__proto__', 'x'],
    ['constructor', 'x'],
    ['accept-version', '1.x'],
    ['x-swarm-session', 'A1'],
    ['authorization', 'Bearer x'],
    ['x-local-only', '1'],
  ] as const),
];
const HOSTS = [
  'evil.example',
  '',
  '127.0.0.1:99999',
  '[::1',
  'localhost',
  'x.local',
  '127.0.0.1@evil.example',
];
const TYPES = [
  ...[
    '',
    'text/plain',
    'application/json; charset=utf-16',
    'application/JSON',
    'multipart/form-data; boundary=x',
  ],
  ...['application/octet-stream; x=y', 'application/json', '__proto__', '/'],
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY'];

/** Rare and large: a body as long as one may be, and longer. */
const LARGE = 0.0005;

/** Input number `index`, of the random choices that are its own. */
export function httpRequest(random: Random, world: World, index: number): HttpRequest {
  const endpoint = pickEndpoint(random);
  const subject = { chunk: random.pick(world.chunks(index)), removal: random.pick(world.removals) };
  const { target, isCertain } = targetOf(endpoint, random, world, subject);
  const method = random.chance(0.97) ? endpoint.method : random.pick(METHODS);
  const operationId = isCertain && method === endpoint.method ? endpoint.operationId : null;
  const token = operationId !== null && WITH_TOKEN.includes(operationId) && random.chance(0.6);
  const body = bodyOf(endpoint, random, world, subject, token);
  const headers = headersOf(endpoint, random, world, subject, body);
  if (token) headers.push(['authorization', `Bearer ${world.operatorToken}`]);
  return { operationId, method, target, headers, body, isChunked: body !== null && random.chance(0.1) };
}

export function toBytes({ method, target, headers, body, isChunked }: HttpRequest): Bytes {
  const framing =
    body === null
      ? []
      : isChunked
        ? ['transfer-encoding: chunked']
        : [`content-length: ${String(body.length)}`];
  const lines = [...headers.map(([name, value]) => `${name}: ${value}`), ...framing];
  const head = latin1([`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
  if (body === null) return head;
  if (!isChunked) return concatBytes(head, body);
  const half = body.length >> 1;
  return concatBytes(
    head,
    chunkOf(body.subarray(0, half)),
    chunkOf(body.subarray(half)),
    latin1('0\r\n\r\n'),
  );
}

function chunkOf(bytes: Uint8Array): Bytes {
  return bytes.length === 0
    ? new Uint8Array()
    : concatBytes(latin1(`${bytes.length.toString(16)}\r\n`), bytes, latin1('\r\n'));
}

function latin1(text: string): Bytes {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** A part of a request that its endpoint knows, by the name it has there. */
function valueOf(name: string, schema: TSchema, random: Random, world: World, subject: Subject): string {
  if (random.chance(0.15)) return text(sampleOf(schema, random));
  switch (name) {
    case 'id':
      return random.chance(0.9) ? subject.chunk.id : random.pick(world.relays);
    case 'public_key':
      return random.pick(world.records).public_key;
    case 'entry':
      return subject.removal.entry;
    case 'q':
      return 'file 1';
    case HEADER.holder:
      return random.pick(world.relays);
    case HEADER.replicateTo:
      return world.relays.slice(random.below(world.relays.length)).join();
    case 'x-delete-token':
      return subject.chunk.token;
    case 'x-body-hash':
      return subject.chunk.bodyHash;
    default:
      return text(sampleOf(schema, random));
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whether the path is still the endpoint's own, whatever its parameters are. */
function targetOf(
  endpoint: Endpoint,
  random: Random,
  world: World,
  subject: Subject,
): { target: string; isCertain: boolean } {
  const params = propertiesOf(endpoint.params);
  const path = endpoint.path.replace(/:(\w+)/g, (_, name: string) => {
    const valid = valueOf(name, params[name] ?? ANY_TEXT, random, world, subject);
    return percentEncoded(random.chance(0.85) ? valid : mutatedText(random, [valid]).slice(0, 5000) || ' ');
  });
  const query = Object.entries(propertiesOf(endpoint.query)).flatMap(([name, schema]) => {
    if (random.chance(0.5)) return [];
    const valid = valueOf(name, schema, random, world, subject);
    const value = random.chance(0.7) ? valid : mutatedText(random, [valid]).slice(0, 2000);
    return [`${name}=${percentEncoded(value)}`];
  });
  if (random.chance(0.02)) query.push(...query, '__proto__=1', 'limit[]=1');
  const target = path + (query.length === 0 ? '' : `?${query.join('&')}`);
  if (random.chance(0.95)) return { target, isCertain: true };
  const damaged = mutatedText(random, [
    target,
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/operator.token',
    '/assets/..%5c',
  ]);
  return { target: inOneWord(damaged).slice(0, 6000) || '/', isCertain: false };
}

const ANY_TEXT = { type: 'string' } as TSchema;

function propertiesOf(schema: TSchema | undefined): Readonly<Record<string, TSchema>> {
  return (schema as { properties?: Record<string, TSchema> } | undefined)?.properties ?? {};
}

/** Also of what is no text: lone surrogates come out as U+FFFD. */
function percentEncoded(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}

/** As UTF-8, without what would end a request line. */
function inOneWord(value: string): string {
  return Buffer.from(value.replace(/[\s\r\n]/g, '')).toString('latin1');
}

/** As UTF-8, without what would end a header's line. */
function inOneLine(value: string): string {
  return Buffer.from(value.replace(/[\r\n]/g, ''))
    .toString('latin1')
    .slice(0, 3000);
}

function bodyOf(
  { operationId, method, body }: Endpoint,
  random: Random,
  world: World,
  subject: Subject,
  withToken: boolean,
): Bytes | null {
  if (operationId === 'addRelay' && withToken)
    return utf8(JSON.stringify({ address: random.pick(LOOPBACK_ADDRESSES) }));
  if (method === 'PUT') {
    if (random.chance(LARGE)) return new Uint8Array(MAX_CHUNK_BYTES + random.pick([-1, 0, 1, 100_000]));
    return random.chance(0.7) ? subject.chunk.bytes : mutatedBytes(random, [subject.chunk.bytes]);
  }
  if (body === undefined) return random.chance(0.03) ? utf8(random.pick(EDGE_TEXTS)) : null;
  if (random.chance(LARGE)) return utf8(`{"a":"${'x'.repeat(2 ** 20)}"}`);
  const samples = bodySamples(operationId, body, random, world, subject);
  if (random.chance(0.35)) return utf8(JSON.stringify(random.pick(samples)));
  const bytes = utf8(mutatedJson(random, samples));
  return random.chance(0.1) ? mutatedBytes(random, [bytes]) : bytes;
}

function bodySamples(
  operationId: string | null,
  schema: TSchema,
  random: Random,
  world: World,
  subject: Subject,
): readonly JsonSample[] {
  const { id, token, bodyHash } = subject.chunk;
  switch (operationId ?? '') {
    case 'deleteBatch':
      return [
        { chunks: [{ id, token, body_hash: bodyHash }] },
        {
          chunks: [
            { id, token },
            { id, token: id },
          ],
        },
      ];
    case 'locateChunks':
      return [{ ids: [id, token] }];
    case 'auditChunk':
      return [{ id, nonce: id.slice(32) }];
    case 'putRecord':
      return [{ ...random.pick(world.records) }];
    case 'publish':
      return [{ ...random.pick(world.publications).entry }];
    case 'unpublish':
      return [{ ...subject.removal }];
    default:
      return [sampleOf(schema, random), sampleOf(schema, random)];
  }
}

function headersOf(
  { headers: schema, body: jsonSchema }: Endpoint,
  random: Random,
  world: World,
  subject: Subject,
  body: Bytes | null,
): [string, string][] {
  const headers: [string, string][] = [['host', random.chance(0.97) ? '127.0.0.1' : random.pick(HOSTS)]];
  const { required = [] } = (schema ?? {}) as { required?: readonly string[] };
  for (const [name, part] of Object.entries(propertiesOf(schema))) {
    if (name === 'authorization' || random.chance(required.includes(name) ? 0.03 : 0.4)) continue;
    const valid = valueOf(name, part, random, world, subject);
    headers.push([name, random.chance(0.85) ? valid : inOneLine(mutatedText(random, [valid]))]);
  }
  if (body !== null && random.chance(0.98)) {
    const own = jsonSchema === undefined ? 'application/octet-stream' : 'application/json';
    headers.push(['content-type', random.chance(0.96) ? own : random.pick(TYPES)]);
  }
  if (random.chance(0.08)) headers.push([...random.pick(ODD_HEADERS)]);
  if (random.chance(0.02))
    headers.push([`x-${'y'.repeat(random.skewed(300))}`, inOneLine(random.pick(EDGE_TEXTS))]);
  if (random.chance(0.01)) headers.push(random.pick(headers));
  return headers;
}
