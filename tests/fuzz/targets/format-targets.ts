/** What files, links and chunks are decoded from. */
import { concatBytes, fromBase64Url, fromHex, toBase64Url, utf8 } from '../../../shared/bytes.ts';
import type { Bytes } from '../../../shared/bytes.ts';
import { createBlockCodec } from '../../../shared/codec/block-codec.ts';
import { COMPRESSIONS } from '../../../shared/codec/compression.ts';
import { inflate } from '../../../shared/codec/zlib.ts';
import { fernetDecrypt } from '../../../shared/crypto/fernet.ts';
import { hmacSha256Sync } from '../../../shared/crypto/hash.ts';
import { randomBytes } from '../../../shared/crypto/random.ts';
import { AppError } from '../../../shared/errors.ts';
import {
  formatLink,
  formatOwnerLink,
  formatOwnerWebFragment,
  formatWebFragment,
  parseAnyLink,
  parseLink,
} from '../../../shared/format/capability.ts';
import { loadManifest } from '../../../shared/format/capability-manifest.ts';
import {
  openPayload,
  parsePayload,
  parsePayloadFields,
  sealPayload,
} from '../../../shared/format/capability-payload.ts';
import {
  chunkIdFrom,
  chunkIdOf,
  openBody,
  openChunk,
  sealBlock,
  sealBody,
} from '../../../shared/format/chunk.ts';
import { formatRight, parseRight } from '../../../shared/format/deletion-rights.ts';
import { assertFilename, toFilename } from '../../../shared/format/filename.ts';
import { computeManifestId, parseManifest } from '../../../shared/format/manifest.ts';
import { loadOwner } from '../../../shared/format/owner-payload.ts';
import { parseChunkId } from '../../../shared/ids.ts';
import { splitChunk } from '../../../shared/protocol/chunk-header.ts';
import { loadTestXz, readVectors } from '../../unit/shared/support/vectors.ts';
import type { JsonSample } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import { bytesTarget, jsonBytesTarget, jsonTextTarget, textTarget } from '../target.ts';
import type { Target } from '../target.ts';

const MAC_BYTES = 32;
const VERIFIER_BYTES = 32;

interface ManifestVectors {
  readonly vectors: readonly { readonly manifest: Readonly<Record<string, unknown>> }[];
}
interface OwnerVectors {
  readonly manifest: Readonly<Record<string, unknown>>;
  /** To the manifest's chunks first. */
  readonly rights: readonly string[];
}

export async function formatTargets(): Promise<Target[]> {
  const xz = await loadTestXz();
  const codec = createBlockCodec(xz);
  const key = randomBytes(32);
  const deleteKey = randomBytes(32);
  const plain = utf8('The quick brown fox jumps over the lazy dog. '.repeat(40));
  const modes = ['smallest', 'fast', 'none'] as const;
  const sealed = await Promise.all(
    modes.map((mode) => sealBlock({ block: plain, key, deleteKey, mode }, codec)),
  );
  const bodies = sealed.map(({ chunk }) => chunk.slice(VERIFIER_BYTES));
  const compressed = await Promise.all(sealed.map(({ id, chunk }) => openBody(id, chunk, key)));
  const [xzStream = plain, zlibStream = plain] = compressed;
  const { vectors } = (await readVectors('manifest')) as ManifestVectors;
  const manifests = vectors.map(({ manifest }) => manifest);
  const owner = (await readVectors('owner')) as OwnerVectors;
  const link = { id: parseChunkId('ab'.repeat(32)), key };
  const token = randomBytes(32);
  const links = [formatLink(link), formatOwnerLink({ ...link, token })];
  const fragments = [formatWebFragment(link), formatOwnerWebFragment({ ...link, token })];
  const right = { token, bodyHash: randomBytes(32) };
  const rights = [formatRight(right), formatRight({ token: key, bodyHash: token })];
  const rows = [0, 1, 2].map((index) => ({ index, id: 'cd'.repeat(32), size: 1_048_576, compression: 'xz' }));
  const payloads: JsonSample[] = [
    ...manifests.map((manifest) => ({ kind: 'manifest', ...manifest })),
    { kind: 'index', chunks: rows },
    { kind: 'index', parts: [formatLink(link), formatLink({ ...link, id: parseChunkId('12'.repeat(32)) })] },
    { kind: 'owner', manifest: formatLink(link), deletions: rights },
    { kind: 'owner', manifest: formatLink(link), parts: [formatOwnerLink({ ...link, token })] },
    { kind: 'deletions', deletions: rights },
  ];
  const payloadChunk = await sealPayload(utf8(JSON.stringify(payloads[0])), deleteKey, xz);
  const mutatedPayload = payloadMaker(payloads);

  return [
    bytesTarget(
      'chunk: split and name',
      sealed.map(({ chunk }) => chunk),
      async (bytes) => {
        splitChunk(bytes);
        return chunkIdOf(bytes);
      },
    ),
    bytesTarget(
      'chunk: open under its own id',
      sealed.map(({ chunk }) => chunk),
      async (bytes, random) => {
        const job = { id: await chunkIdOf(bytes), chunk: bytes, key };
        const block = {
          compression: random.pick(COMPRESSIONS),
          size: random.pick([0, 1, plain.length, 1_048_576]),
        };
        return openChunk({ ...job, ...block }, codec);
      },
    ),
    bytesTarget('chunk: any body with a good MAC', bodies, async (body, random) => {
      // Whoever has the key can make these: the padding and the compressed bytes are theirs.
      const signed = body.subarray(0, Math.max(0, body.length - MAC_BYTES));
      const token = concatBytes(signed, hmacSha256Sync(key.subarray(0, 16), signed));
      return fernetDecrypt(token, key, random.pick(['noble', 'webcrypto']));
    }),
    bytesTarget('chunk: any compressed bytes, sealed', compressed, async (bytes, random) => {
      const { id, chunk } = await sealBody(bytes, { key, deleteKey, iv: randomBytes(16) });
      return openChunk({ id, chunk, key, compression: random.pick(COMPRESSIONS), size: plain.length }, codec);
    }),
    bytesTarget('block: xz', [xzStream], (bytes, random) =>
      xz.decode(bytes, random.pick([0, 1, plain.length, plain.length + 1, 1_048_576])),
    ),
    bytesTarget('block: xz of unknown size', [xzStream], (bytes) => xz.decodeUpTo(bytes, 1_048_576)),
    bytesTarget('block: zlib', [zlibStream], (bytes, random) =>
      inflate(bytes, random.pick([0, 1, plain.length, plain.length + 1, 1_048_576])),
    ),
    jsonBytesTarget('manifest', [...manifests, owner.manifest], async (bytes, random) => {
      const parsed = await parseManifest(pieces(bytes, random));
      return computeManifestId(parsed);
    }),
    jsonBytesTarget(
      'manifest with rights to delete',
      [{ ...owner.manifest, deletions: owner.rights }],
      (bytes, random) => parseManifest(pieces(bytes, random)),
    ),
    jsonBytesTarget('payload behind a link', payloads, (bytes) => parsePayload(bytes)),
    jsonBytesTarget('fields of a payload', payloads, (bytes) => parsePayloadFields(bytes)),
    bytesTarget('payload: chunk', [payloadChunk.chunk], async (bytes) =>
      openPayload({ id: await chunkIdOf(bytes), key: payloadChunk.link.key }, bytes, xz),
    ),
    jsonTextTarget('manifest behind links', payloads, (text, random) =>
      loadManifest(link, (next) =>
        Promise.resolve(next.id === link.id ? utf8(text) : mutatedPayload(random)),
      ),
    ),
    jsonTextTarget('rights behind an owner’s link', payloads, (text, random) =>
      loadOwner({ ...link, token }, (next) => {
        const payload = next.id === link.id ? utf8(text) : mutatedPayload(random);
        return Promise.resolve({ payload, bodyHash: right.bodyHash });
      }),
    ),
    textTarget('link', [...links, ...fragments.map((text) => `http://10.0.0.7:8000/${text}`)], (text) => {
      parseAnyLink(text);
      return parseLink(text);
    }),
    textTarget('right to delete', rights, (text) => parseRight(text)),
    textTarget('file name', ['a.pdf', 'folder/b.txt', 'C:\\x', '../up', 'é/💥.txt'], (text) => {
      // Whatever a file is called here, a manifest takes what it is called there.
      assertFilename(toFilename(text));
      assertFilename(text);
    }),
    textTarget('hex', ['00ff', 'AbCdEf'], (text) => fromHex(text)),
    textTarget('base64url', [toBase64Url(key), toBase64Url(key, { padding: false })], (text) =>
      fromBase64Url(text),
    ),
    bytesTarget(
      'chunk id',
      sealed.map(({ id }) => fromHex(id)),
      (bytes) => chunkIdFrom(bytes.subarray(0, VERIFIER_BYTES), bytes.subarray(VERIFIER_BYTES)),
    ),
  ];
}

/** Text as it comes from a disk or a network: in pieces that end anywhere. */
function* pieces(bytes: Bytes, random: Random): Generator<Uint8Array> {
  for (let start = 0; start < bytes.length;) {
    const end = start + 1 + random.skewed(64 * 1024);
    yield bytes.subarray(start, end);
    start = end;
  }
}

function payloadMaker(payloads: readonly JsonSample[]): (random: Random) => Bytes {
  const texts = payloads.map((payload) => utf8(JSON.stringify(payload)));
  return (random) => {
    if (random.chance(0.02)) throw new AppError('CHUNK_LOST', 'No relay has it.');
    return random.pick(texts);
  };
}
