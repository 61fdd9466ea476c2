/** What clients and relays say to each other: every message of every route, records, proofs, errors. */
import { fromHex, toBase64Url, toHex, utf8 } from '../../../shared/bytes.ts';
import { createSigner } from '../../../shared/crypto/sign.ts';
import { errorOf } from '../../../shared/engine/http-answer.ts';
import { verifiedHolders } from '../../../shared/engine/receipts.ts';
import { AppError } from '../../../shared/errors.ts';
import { parseChunkId, parseRelayId } from '../../../shared/ids.ts';
import {
  cleanCatalogName,
  foldName,
  formatPublication,
  parsePublication,
  toCatalogType,
} from '../../../shared/protocol/catalog.ts';
import { Datagram } from '../../../shared/protocol/datagrams.ts';
import { RelayEvent } from '../../../shared/protocol/events.ts';
import { Ready } from '../../../shared/protocol/ready.ts';
import { Receipt } from '../../../shared/protocol/receipt.ts';
import {
  signAtomic,
  signEntry,
  signRemoval,
  verifyAtomic,
  verifyEntry,
  verifyRemoval,
} from '../../../shared/protocol/records.ts';
import { AtomicRecord, ListEntry, ListRemoval } from '../../../shared/protocol/records.ts';
import { ApiError, routes } from '../../../shared/protocol/routes.ts';
import { parseJsonWith, parseWith } from '../../../shared/protocol/schemas.ts';
import {
  newSwarmKeyText,
  parseSwarmKey,
  sealDatagram,
  unsealDatagram,
} from '../../../shared/protocol/swarm-key.ts';
import { Tombstone, assertTombstoneOf, tombstoneId } from '../../../shared/protocol/tombstone.ts';
import { healthRoutes } from '../../../shared/protocol/health-routes.ts';
import { safeName, middleEllipsis } from '../../../shared/safe-name.ts';
import type { TSchema } from 'typebox';
import { readVectors } from '../../unit/shared/support/vectors.ts';
import type { JsonSample } from '../mutate-json.ts';
import { Random } from '../random.ts';
import { sampleOf } from '../sample-of-schema.ts';
import { bytesTarget, jsonBytesTarget, jsonTextTarget, jsonValueTarget, textTarget } from '../target.ts';
import type { Target } from '../target.ts';

const SAMPLES = 6;
const WALL_TIME_MS = 1_700_000_000_000;
const LIST = '5e'.repeat(32);

const HTTP_STATUSES = [200, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 501, 503, 504, 507, 599];

export async function protocolTargets(): Promise<Target[]> {
  const { receipt } = (await readVectors('protocol')) as { receipt: { receipt: Receipt } };
  const good = receipt.receipt;
  const expected = {
    sizeBytes: good.size,
    nonceHex: good.nonce,
    targets: new Set([parseRelayId(good.relay)]),
  };
  const signer = await createSigner(new Uint8Array(32).fill(7));
  const publication = formatPublication({
    ...{ name: 'a 💥.pdf', size: 5, type: 'application/pdf', created: '2026-11-23T05:00:00Z' },
    ...{ manifest: 'ab'.repeat(32), key: toBase64Url(signer.publicKey, { padding: false }) },
  });
  const published = JSON.parse(atob(publication.replaceAll('-', '+').replaceAll('_', '/'))) as JsonSample;
  const atomic = await signAtomic(signer, 3, publication);
  const entry = await signEntry(signer, LIST, publication);
  const removal = await signRemoval(signer, LIST, 'ab'.repeat(32));
  const tombstone = { body_hash: 'ab'.repeat(32), token: 'cd'.repeat(32) };
  const key = parseSwarmKey(newSwarmKeyText());
  const hello = utf8(JSON.stringify({ type: 'HELLO', v: 1, id: 'ab'.repeat(32), port: 8000, link: 9000 }));
  const failures: JsonSample[] = [
    { error: { code: 'NOT_FOUND', message: 'There is nothing here.', details: { free: 5, why: 'x' } } },
    { error: new AppError('NO_SPACE', 'Full.').toObject() as unknown as JsonSample },
  ];

  return [
    ...routeTargets(),
    ...[RelayEvent, Datagram, Ready, ApiError].map((schema, i) =>
      jsonTextTarget(
        `message: ${['event', 'datagram', 'ready line', 'error'][i] ?? ''}`,
        samplesOf(schema),
        (text) => parseJsonWith<TSchema>(schema, text, 'A message'),
      ),
    ),
    jsonBytesTarget('error answer', failures, (bytes, random) =>
      errorOf(new Response(bytes, { status: random.pick(HTTP_STATUSES) })),
    ),
    jsonValueTarget('error over a boundary', [...failures, { code: 'ABORTED', message: 'x' }], (value) => {
      const error = AppError.fromObject(value);
      return [error.status, error.retryable, error.toObject()];
    }),
    jsonValueTarget('receipt', [{ ...good }], async (value) => {
      const read = parseWith(Receipt, value, 'A receipt');
      return verifiedHolders([read], { ...expected, chunk: parseChunkId(good.chunk) });
    }),
    jsonValueTarget('tombstone', [tombstone], (value) => {
      const read = parseWith(Tombstone, value, 'A tombstone');
      tombstoneId(read);
      assertTombstoneOf(parseChunkId('ab'.repeat(32)), read);
    }),
    jsonValueTarget('record: atomic', [{ ...atomic }], async (value) =>
      verifyAtomic(parseWith(AtomicRecord, value, 'A record')),
    ),
    jsonValueTarget('record: list entry', [{ ...entry }], async (value) =>
      verifyEntry(LIST, parseWith(ListEntry, value, 'An entry')),
    ),
    jsonValueTarget('record: removal', [{ ...removal }], async (value) =>
      verifyRemoval(LIST, parseWith(ListRemoval, value, 'A removal')),
    ),
    bytesTarget(
      'signature: key and signature',
      [fromHex(atomic.public_key + atomic.signature)],
      async (bytes) => {
        const padded = toHex(bytes).padEnd(192, '0').slice(0, 192);
        return verifyAtomic({ ...atomic, public_key: padded.slice(0, 64), signature: padded.slice(64) });
      },
    ),
    textTarget('publication: value', [publication], (text) => parsePublication(text)),
    jsonBytesTarget('publication: fields', [published], (bytes) =>
      parsePublication(toBase64Url(bytes.slice(0, 4096), { padding: false })),
    ),
    textTarget('publication: names', ['a.pdf', ' x\u202etxt.exe', 'Ａ/b'], (text) => {
      const name = cleanCatalogName(text);
      return [
        foldName(text),
        toCatalogType(text),
        safeName(text),
        middleEllipsis(text.slice(0, 500), 20),
        cleanCatalogName(name),
      ];
    }),
    bytesTarget('sealed datagram', [sealDatagram(key, hello, WALL_TIME_MS)], (bytes) =>
      unsealDatagram(key, bytes, WALL_TIME_MS),
    ),
    bytesTarget('sealed datagram of a member', [utf8(''), hello], (bytes, random) =>
      unsealDatagram(
        key,
        sealDatagram(key, bytes, random.pick([0, WALL_TIME_MS, 2 ** 53 - 1])),
        WALL_TIME_MS,
      ),
    ),
    textTarget('swarm key', [newSwarmKeyText()], (text) => parseSwarmKey(text)),
  ];
}

/** Each route's parameters, query, headers, body and answer. */
function routeTargets(): Target[] {
  const all = { ...routes, ...healthRoutes } as Readonly<Record<string, Partial<Record<string, unknown>>>>;
  return Object.entries(all).flatMap(([name, route]) =>
    ['params', 'query', 'headers', 'body', 'response'].flatMap((part) => {
      const schema = route[part] as TSchema | undefined;
      if (schema === undefined) return [];
      return jsonTextTarget(`route ${name}: ${part}`, samplesOf(schema), (text) =>
        parseJsonWith(schema, text, part),
      );
    }),
  );
}

export function samplesOf(schema: TSchema): JsonSample[] {
  const random = new Random(1);
  return Array.from({ length: SAMPLES }, () => sampleOf(schema, random));
}
