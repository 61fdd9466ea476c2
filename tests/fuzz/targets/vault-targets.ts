/** What a vault keeps on its devices and in the swarm. */
import { fromHex, toBase64Url, utf8 } from '../../../shared/bytes.ts';
import type { Bytes } from '../../../shared/bytes.ts';
import { fernetEncrypt } from '../../../shared/crypto/fernet.ts';
import { deriveDeviceIndexSeed, deriveIndexSealKey, deriveIndexSeed } from '../../../shared/crypto/kdf.ts';
import { randomBytes } from '../../../shared/crypto/random.ts';
import { createSigner } from '../../../shared/crypto/sign.ts';
import { VaultRecords } from '../../../shared/engine/vault-records.ts';
import { formatLink } from '../../../shared/format/capability.ts';
import { parseChunkId, parseManifestId } from '../../../shared/ids.ts';
import { signAtomic } from '../../../shared/protocol/records.ts';
import type { AtomicRecord } from '../../../shared/protocol/records.ts';
import { canonicalJson } from '../../../shared/vault/canonical-json.ts';
import { mergeEntries } from '../../../shared/vault/index-entry.ts';
import { formatRoot, packEntries, parsePart, parseRoot } from '../../../shared/vault/index-payload.ts';
import { listFiles, listFolders } from '../../../shared/vault/index-tree.ts';
import {
  parseRecoveryPhrase,
  recoveryWords,
  toRecoveryPhrase,
} from '../../../shared/vault/recovery-phrase.ts';
import { VaultIndex } from '../../../shared/vault/vault-index.ts';
import { emptyHead, entryItem, headItem, linkItem, stateFrom } from '../../../shared/vault/vault-state.ts';
import { readTyped } from '../../../web/state/phrase-check.ts';
import type { JsonSample } from '../mutate-json.ts';
import { jsonBytesTarget, jsonTextTarget, textTarget } from '../target.ts';
import type { Target } from '../target.ts';

const DEVICE = '0102030405060708090a0b0c0d0e0f10';

export async function vaultTargets(): Promise<Target[]> {
  const secret = randomBytes(32);
  const link = formatLink({ id: parseChunkId('ab'.repeat(32)), key: secret });
  const index = new VaultIndex(fromHex(DEVICE));
  const folder = index.addFolder(null, 'Fotos');
  const inner = index.addFolder(folder, '2026');
  const file = {
    manifest: 'cd'.repeat(32),
    link,
    size: 5,
    type: 'text/plain',
    created: '2026-11-23T05:00:00Z',
  };
  for (const [parent, name] of [
    [inner, 'a.txt'],
    [inner, 'a.txt'],
    [null, 'b 💥.txt'],
  ] as const)
    index.addFile(parent, name, file);
  index.remove(folder);
  const entries = [...index.entries()];
  const samples = entries as unknown as JsonSample[];
  const root = JSON.parse(
    new TextDecoder().decode(
      formatRoot({ devices: [DEVICE], parts: [{ id: parseChunkId('ab'.repeat(32)), key: secret }] }),
    ),
  ) as JsonSample;
  const [part] = packEntries(entries);
  const partSample = JSON.parse(new TextDecoder().decode(part)) as JsonSample;
  const ownChunk = { id: 'ab'.repeat(32), body_hash: 'cd'.repeat(32) };
  const head = {
    ...emptyHead(DEVICE),
    parts: [{ ...ownChunk, digest: '00'.repeat(32), link }],
    pending: [ownChunk],
    seen: [{ device: DEVICE, seq: 3, chunks: ['ab'.repeat(32)] }],
  };
  const stored = [
    headItem(head),
    ...entries.map(entryItem),
    linkItem(parseManifestId('ef'.repeat(32)), [ownChunk]),
  ];
  const items = stored.map(([key, value]): [string, string] => [key, String(value)]);
  const words = await recoveryWords();
  const record = await recordMaker(secret);
  const devices = toBase64Url(fromHex(DEVICE.repeat(3)), { padding: false });
  const { signal } = new AbortController();

  return [
    jsonBytesTarget('vault index: root', [root], (bytes) => parseRoot(bytes)),
    jsonBytesTarget('vault index: part', [partSample], (bytes) => parsePart(bytes)),
    jsonBytesTarget('vault index: entries merged and shown', [partSample], (bytes) => {
      const parsed = parsePart(bytes).slice(0, 500);
      const merged = new VaultIndex(fromHex(DEVICE));
      for (const entry of [...parsed, ...entries]) merged.merge(entry);
      for (const entry of parsed)
        canonicalJson(mergeEntries(entry, { ...entry, kind: 'other', more: entry } as typeof entry));
      const tree = merged.tree();
      return [listFiles(tree), listFolders(tree), packEntries(merged.entries())];
    }),
    jsonTextTarget('vault index: what a device keeps', [head, ...samples], (text, random) =>
      stateFrom([...items, [random.pick(['head', `entry:${DEVICE}`, 'entry:', 'x']), text]]),
    ),
    textTarget(
      'vault index: one item of what a device keeps',
      items.map(([, value]) => value),
      (text, random) =>
        stateFrom([
          ['head', JSON.stringify(head)],
          [random.pick(['head', `entry:${DEVICE}`, `link:${'ab'.repeat(32)}`]), text],
        ]),
    ),
    textTarget(
      'recovery phrase',
      [await toRecoveryPhrase(secret), await toRecoveryPhrase(randomBytes(32))],
      (text) => parseRecoveryPhrase(text),
    ),
    textTarget('recovery phrase while it is typed', [await toRecoveryPhrase(secret)], (text) =>
      readTyped(text, words),
    ),
    textTarget('vault record: where an index lies', [`lanvault-index/1 ${link}`], async (text) => {
      const port = { get: async () => record('device', text), put: () => Promise.resolve() };
      return (await VaultRecords.open(port, secret)).indexOf(DEVICE, signal);
    }),
    textTarget('vault record: devices', [`lanvault-devices/1 ${devices}`], async (text) => {
      const port = { get: async () => record('list', text), put: () => Promise.resolve() };
      return (await VaultRecords.open(port, secret)).devicesIn(0, signal);
    }),
  ];
}

/** Records that verify, whatever they say: only devices of this vault can make one. */
async function recordMaker(
  secret: Bytes,
): Promise<(of: 'device' | 'list', text: string) => Promise<AtomicRecord>> {
  const sealKey = await deriveIndexSealKey(secret);
  const signers = {
    device: await createSigner(await deriveDeviceIndexSeed(secret, fromHex(DEVICE))),
    list: await createSigner(await deriveIndexSeed(secret)),
  };
  return async (of, text) => {
    const sealed = await fernetEncrypt(utf8(text).slice(0, 700), sealKey, randomBytes(16));
    return signAtomic(signers[of], 1, toBase64Url(sealed, { padding: false }));
  };
}
