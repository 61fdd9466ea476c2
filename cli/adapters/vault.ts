/** This user's vault: the secret that delete keys come from, and this device's id. Mode 0600, made on first use. */
import { lstat, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Type from 'typebox';
import { equalBytes, fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from '../../shared/bytes.ts';
import type { Bytes } from '../../shared/bytes.ts';
import { randomBytes } from '../../shared/crypto/random.ts';
import { AppError } from '../../shared/errors.ts';
import { Hex, parseJsonWith } from '../../shared/protocol/schemas.ts';
import { makeFolder } from './folders.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { errnoOf, ioError } from './io-errors.ts';

const SECRET_BYTES = 32;
const DEVICE_ID_BYTES = 16;

const VaultFile = Type.Object({
  format: Type.Literal('lanvault-vault/1'),
  /** base64url. */
  secret: Type.String({ minLength: 43, maxLength: 44 }),
  device_id: Hex(DEVICE_ID_BYTES),
});

export interface Vault {
  readonly secret: Bytes;
  readonly deviceId: Bytes;
}

/** Throws `CORRUPT` for a file that is not a vault (it is never overwritten), `IO`. `warn` hears of lax permissions. */
export async function openVault(dataFolder: string, warn: (text: string) => void): Promise<Vault> {
  const path = join(dataFolder, 'vault.json');
  const existing = await readVault(path, warn);
  if (existing !== null) return existing;
  const fresh = await createVault(path, randomBytes(SECRET_BYTES));
  if (fresh !== null) return fresh;
  // Another process was quicker: its vault is the vault.
  const theirs = await readVault(path, warn);
  if (theirs === null) throw new AppError('IO', `${path} came and went. Try again.`);
  return theirs;
}

/**
 * Makes this device one of those of the vault with this secret, under a device id of its own. Throws `CONFLICT` where there is another
 * vault, which stays as it is, and as `openVault` does.
 */
export async function restoreVault(
  dataFolder: string,
  secret: Bytes,
  warn: (text: string) => void,
): Promise<Vault> {
  const path = join(dataFolder, 'vault.json');
  const vault = (await readVault(path, warn)) ?? (await createVault(path, secret));
  if (vault !== null && equalBytes(vault.secret, secret)) return vault;
  throw new AppError(
    'CONFLICT',
    `This device has another vault already, with files of its own. To use the one of these words instead, move ${dataFolder} away first, and keep it.`,
  );
}

/** Null where there is a vault by now. */
async function createVault(path: string, secret: Bytes): Promise<Vault | null> {
  await makeFolder(dirname(path), 0o700);
  const fresh = { secret, deviceId: randomBytes(DEVICE_ID_BYTES) };
  const content = JSON.stringify({
    format: 'lanvault-vault/1',
    secret: toBase64Url(fresh.secret),
    device_id: toHex(fresh.deviceId),
  });
  try {
    await writeFileAtomic(path, utf8(`${content}\n`), { replace: false });
    return fresh;
  } catch (cause) {
    if (cause instanceof AppError && cause.code === 'CONFLICT') return null;
    throw cause;
  }
}

async function readVault(path: string, warn: (text: string) => void): Promise<Vault | null> {
  let text: string;
  try {
    const { mode } = await lstat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      warn(`Others on this machine may be able to read your vault. Run: chmod 600 ${path}`);
    }
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return null;
    throw ioError(cause, `Reading ${path}`);
  }
  try {
    const file = parseJsonWith(VaultFile, text, path);
    const secret = fromBase64Url(file.secret);
    if (secret.length !== SECRET_BYTES) throw new AppError('BAD_INPUT', 'The secret has a wrong length.');
    return { secret, deviceId: fromHex(file.device_id) };
  } catch (cause) {
    throw new AppError(
      'CORRUPT',
      `${path} is damaged. Restore it from a backup; or move it away to begin with a new vault, which cannot delete what the old one stored.`,
      { cause },
    );
  }
}
