import { createSigner } from '../../../../shared/crypto/sign.ts';
import type { Signer } from '../../../../shared/crypto/sign.ts';
import { toBase64Url, utf8 } from '../../../../shared/bytes.ts';
import type { RecordItem } from '../../../../relay/services/dht/record-items.ts';
import { entryId, signEntry, signRemoval } from '../../../../shared/protocol/records.ts';

export const LIST = '5e'.repeat(32);

export function signerOf(seed: number): Promise<Signer> {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, seed);
  return createSigner(bytes);
}

export function base64(text: string): string {
  return toBase64Url(utf8(text), { padding: false });
}

export async function entryItem(signer: Signer, text: string, list = LIST): Promise<RecordItem> {
  return { kind: 'entry', list, entry: await signEntry(signer, list, base64(text)) };
}

/** A removal of `item`, signed by `signer`, whose entry it may not be. */
export async function removalItem(signer: Signer, item: RecordItem): Promise<RecordItem> {
  if (item.kind !== 'entry') throw new Error('Not an entry.');
  const removal = await signRemoval(signer, item.list, entryId(item.list, item.entry));
  return { kind: 'removal', list: item.list, removal };
}
