/**
 * The records that a vault's index is found by, from its secret alone. One for each device, under a key of its own, says where
 * that device's index lies; two more name the devices. All are sealed with a key of the vault's, and signed, so that relays can
 * hold them back and nothing else.
 */
import { fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { FERNET_IV_BYTES, fernetDecrypt, fernetEncrypt } from '../crypto/fernet.ts';
import {
  DERIVATION_ID_BYTES,
  deriveDeviceIndexSeed,
  deriveIndexCopySeed,
  deriveIndexSealKey,
  deriveIndexSeed,
} from '../crypto/kdf.ts';
import { randomBytes } from '../crypto/random.ts';
import { createSigner } from '../crypto/sign.ts';
import type { Signer } from '../crypto/sign.ts';
import { AppError } from '../errors.ts';
import { formatLink, parseLink } from '../format/capability.ts';
import type { CapabilityLink } from '../format/capability.ts';
import { MAX_VAULT_DEVICES } from '../limits.ts';
import { signAtomic, verifyAtomic } from '../protocol/records.ts';
import type { RecordPort } from './record-client.ts';

/** All have this size before they are sealed, so that none tells how many devices there are. Sealed, it fits a record. */
const RECORD_BYTES = 768;
/** Marks what the JSON is, and that it is of this version. */
const LINK = 'lanvault-index/1 ';
const DEVICES = 'lanvault-devices/1 ';

/** A record's number, and what it says. */
export interface Sealed<T> {
  readonly seq: number;
  readonly value: T;
}

/** Reads and writes the records of one vault. Whatever does not verify counts as `CORRUPT`, a later version as `UNSUPPORTED`. */
export class VaultRecords {
  readonly #port: RecordPort;
  readonly #secret: Bytes;
  readonly #sealKey: Bytes;
  /** The lists of devices: two, so that a write that crosses another in one of them is undone by the other. */
  readonly #lists: readonly Signer[];

  private constructor(port: RecordPort, secret: Bytes, sealKey: Bytes, lists: readonly Signer[]) {
    this.#port = port;
    this.#secret = secret;
    this.#sealKey = sealKey;
    this.#lists = lists;
  }

  static async open(port: RecordPort, vaultSecret: Bytes): Promise<VaultRecords> {
    const seeds = [await deriveIndexSeed(vaultSecret), await deriveIndexCopySeed(vaultSecret)];
    const lists = await Promise.all(seeds.map((seed) => createSigner(seed)));
    return new VaultRecords(port, vaultSecret, await deriveIndexSealKey(vaultSecret), lists);
  }

  /** How many lists of devices there are. */
  get lists(): number {
    return this.#lists.length;
  }

  async devicesIn(list: number, signal: AbortSignal): Promise<Sealed<string[]> | null> {
    const record = await this.#read(this.#list(list), DEVICES, signal);
    return record === null ? null : { seq: record.seq, value: devicesFrom(record.value) };
  }

  /** Throws `CONFLICT` where another device was quicker, `NO_SPACE` for too many devices. */
  async writeDevices(
    list: number,
    seq: number,
    devices: readonly string[],
    signal: AbortSignal,
  ): Promise<void> {
    if (devices.length > MAX_VAULT_DEVICES)
      throw new AppError('NO_SPACE', `A vault has at most ${MAX_VAULT_DEVICES} devices.`);
    const ids = new Uint8Array(devices.length * DERIVATION_ID_BYTES);
    for (const [i, device] of [...devices].sort().entries())
      ids.set(fromHex(device), i * DERIVATION_ID_BYTES);
    await this.#write(this.#list(list), seq, DEVICES + toBase64Url(ids, { padding: false }), signal);
  }

  /** Where a device's index lies; `deviceHex`: 16 bytes. */
  async indexOf(deviceHex: string, signal: AbortSignal): Promise<Sealed<CapabilityLink> | null> {
    const record = await this.#read(await this.#deviceSigner(deviceHex), LINK, signal);
    return record === null ? null : { seq: record.seq, value: linkFrom(record.value) };
  }

  /** Throws `CONFLICT` where there is a newer one: a copy of this device's data is in use elsewhere. */
  async writeIndex(deviceHex: string, seq: number, link: CapabilityLink, signal: AbortSignal): Promise<void> {
    await this.#write(await this.#deviceSigner(deviceHex), seq, LINK + formatLink(link), signal);
  }

  #list(list: number): Signer {
    const signer = this.#lists[list];
    if (signer === undefined) throw new RangeError('No such list.');
    return signer;
  }

  async #deviceSigner(deviceHex: string): Promise<Signer> {
    return createSigner(await deriveDeviceIndexSeed(this.#secret, fromHex(deviceHex)));
  }

  async #read(signer: Signer, mark: string, signal: AbortSignal): Promise<Sealed<string> | null> {
    const publicKey = toHex(signer.publicKey);
    const record = await this.#port.get(publicKey, signal);
    if (record === null) return null;
    const text = await asCorrupt(async () => {
      if (record.public_key !== publicKey) throw new AppError('CORRUPT', 'The record is another’s.');
      await verifyAtomic(record);
      const plain = await fernetDecrypt(fromBase64Url(record.value), this.#sealKey);
      return new TextDecoder('utf-8', { fatal: true }).decode(plain).trimEnd();
    });
    if (!text.startsWith(mark)) {
      throw new AppError(
        'UNSUPPORTED',
        'Your vault was changed by a newer version of Lanvault. Update this one to go on.',
      );
    }
    return { seq: record.seq, value: text.slice(mark.length) };
  }

  async #write(signer: Signer, seq: number, text: string, signal: AbortSignal): Promise<void> {
    const plain = utf8(text.padEnd(RECORD_BYTES));
    const sealed = await fernetEncrypt(plain, this.#sealKey, randomBytes(FERNET_IV_BYTES));
    await this.#port.put(await signAtomic(signer, seq, toBase64Url(sealed, { padding: false })), signal);
  }
}

function devicesFrom(text: string): string[] {
  const ids = fromBase64Url(text);
  const devices: string[] = [];
  for (let at = 0; at + DERIVATION_ID_BYTES <= ids.length; at += DERIVATION_ID_BYTES)
    devices.push(toHex(ids.subarray(at, at + DERIVATION_ID_BYTES)));
  return devices;
}

function linkFrom(text: string): CapabilityLink {
  try {
    return parseLink(text);
  } catch (cause) {
    throw new AppError('CORRUPT', 'A record of the vault leads nowhere.', { cause });
  }
}

async function asCorrupt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new AppError('CORRUPT', 'A relay gave a record of your vault that does not verify.', { cause });
  }
}
