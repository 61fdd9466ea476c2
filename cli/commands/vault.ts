import { addAbortSignal } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import { listFiles } from '../../shared/vault/index-tree.ts';
import { parseRecoveryPhrase, toRecoveryPhrase } from '../../shared/vault/recovery-phrase.ts';
import { openVault, restoreVault } from '../adapters/vault.ts';
import { confirm } from '../confirm.ts';
import type { Output } from '../output.ts';
import { userDataFolder } from '../paths.ts';
import { plural } from '../text.ts';
import { chooseSwarm, namesRelays } from '../transfer/choose-swarm.ts';
import type { SwarmOptions } from '../transfer/choose-swarm.ts';
import { exchange, networkOf, withVaultIndex } from '../transfer/cli-vault-index.ts';

export interface VaultPhraseOptions {
  readonly yes?: boolean;
}

export type VaultRestoreOptions = SwarmOptions;

/** 24 words have at most 215 characters. */
const MAX_TYPED_BYTES = 4096;
const WORDS_PER_LINE = 6;

/** Shows the words, after asking. They go to stdout and nowhere else. */
export async function vaultPhrase(
  { yes = false }: VaultPhraseOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  output.warn('Whoever has these words can read and delete all your files. Nobody must see them but you.');
  if (!yes && !(await confirm('Show them now?', output, signal))) return;
  const vault = await openVault(userDataFolder(), output.warn);
  const phrase = await toRecoveryPhrase(vault.secret);
  output.result({ phrase });
  const words = phrase.split(' ');
  for (let at = 0; at < words.length; at += WORDS_PER_LINE)
    output.say(words.slice(at, at + WORDS_PER_LINE).join(' '));
  output.warn('Write them down on paper. "lanvault vault restore" takes them on another device.');
}

/** Reads the words from stdin, never from the command line, which others can see. */
export async function vaultRestore(
  options: VaultRestoreOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  if (process.stdin.isTTY) output.warn('Type the 24 words, then Enter and Ctrl-D:');
  const secret = await parseRecoveryPhrase(await readTyped(signal));
  const isOnline = namesRelays(options);
  const chosen = isOnline ? await chooseSwarm(options, 'download', signal) : null;
  const dataFolder = userDataFolder();
  const vault = await restoreVault(dataFolder, secret, output.warn);
  const network = chosen === null ? null : await networkOf(chosen);
  if (network === null) {
    output.result({ restored: true, files: null, devices: null, unread: null });
    output.say('This device is one of your vault now. "lanvault list --scan" brings its list of files here.');
    return;
  }
  await withVaultIndex({ vault, dataFolder }, signal, async (sync) => {
    const { devices, unread } = await exchange(sync, network, signal);
    const files = listFiles(sync.index.tree()).length;
    output.result({ restored: true, files, devices, unread });
    output.say(
      `This device is one of your vault now: ${plural(files, 'file')} of ${plural(devices, 'device')}.`,
    );
    if (files > 0) output.say('"lanvault list" shows them.');
    if (unread > 0) output.warn(unreadWarning(unread));
  });
}

export function unreadWarning(unread: number): string {
  return `What ${plural(unread, 'device')} of your vault know cannot be read now: there may be more files. Try again when more relays are up.`;
}

async function readTyped(signal: AbortSignal): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const part of addAbortSignal(signal, process.stdin) as AsyncIterable<Buffer>) {
      sizeBytes += part.length;
      if (sizeBytes > MAX_TYPED_BYTES) throw new AppError('BAD_INPUT', 'That is more than 24 words.');
      parts.push(part);
    }
  } catch (cause) {
    throw AppError.from(cause, 'IO');
  }
  return Buffer.concat(parts).toString('utf8');
}
