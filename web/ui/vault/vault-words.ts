import { formatFullDate } from '../format/date.ts';
import { ERROR_HINTS } from '../../state/error-hints.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import type { VaultStatus } from '../../state/engine-types.ts';

/** How far the vault's devices are in step, in a sentence. */
export function statusWords({
  state,
  unpublished,
  devices,
  syncing,
  comparedAt,
  error,
}: VaultStatus): string {
  if (state === 'failed') return 'The list of your vault’s files could not be opened in this browser.';
  if (error !== null) return 'The relays could not be asked. It is tried again by itself.';
  if (unpublished)
    return 'Some changes made here are not yet on your other devices. They go there by themselves.';
  if (devices === null)
    return syncing || state === 'opening' ? 'Asking your other devices…' : 'There is nothing in it yet.';
  const when = comparedAt === null ? '' : `, as of ${formatFullDate(comparedAt)}`;
  if (devices <= 1) return `Everything is safe on the relays${when}. No other device uses this vault yet.`;
  return `All ${devices} devices are in step${when}.`;
}

/** Empty when all could be read. */
export function unreadWords(unread: number): string {
  if (unread === 0) return '';
  const whose = unread === 1 ? 'one device' : `${unread} devices`;
  return `What ${whose} changed last cannot be read now: there may be more files. Switch on more relays.`;
}

export function restoredWords(files: number, devices: number): string {
  return `${files === 1 ? '1 file' : `${files} files`} of ${devices === 1 ? 'one device' : `${devices} devices`}`;
}

/** What to do about a passphrase that was refused. */
export function passphraseHint(code: ErrorCode): string {
  if (code === 'FORBIDDEN')
    return 'Look at what you type with “Show”, and mind capitals and the keyboard’s language.';
  if (code === 'CONFLICT' || code === 'BAD_INPUT') return '';
  return ERROR_HINTS[code];
}
