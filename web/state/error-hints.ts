/** For each error code, what the person at the screen can do about it. */
import type { ErrorCode } from '../../shared/errors.ts';

export const ERROR_HINTS: Readonly<Record<ErrorCode, string>> = {
  BAD_INPUT: 'Check the file or the name and try again.',
  HASH_MISMATCH: 'The data was damaged on its way. Resume: only what is missing is sent again.',
  FORBIDDEN: 'Open the app at its own address, for example http://localhost:8888, and try again.',
  NO_SESSION: 'This swarm is private. Enter its key in this browser.',
  NOT_FOUND: 'It may have been removed. Reload the page to see the current list.',
  DELETED: 'Its owner has deleted it. Remove it from your list.',
  CONFLICT: 'Another tab is already working on it. Close the other tab, or wait until it has finished.',
  TOO_LARGE: 'Choose less at once, or a smaller file.',
  RATE_LIMITED: 'The relay is busy. Wait a few seconds, then resume.',
  INTERNAL: 'Reload the page and try again. Nothing that is already stored is lost.',
  UNSUPPORTED: 'Update your browser, or use a version of Lanvault that knows this format.',
  UNAVAILABLE: 'Check that the relay is running and that you are on the same network, then resume.',
  TIMEOUT: 'The network is slow or a relay hangs. Resume: what is stored already is not sent again.',
  NO_SPACE: 'Free some disk space, or add a relay with room to the swarm, then resume.',
  ABORTED: 'Resume whenever you like: what is stored already is not sent again.',
  CORRUPT: 'Get the file or manifest again from where it came from: this copy is damaged or was altered.',
  NOT_ENOUGH_RELAYS: 'Start more relays, then resume: what is stored already is not sent again.',
  CHUNK_LOST: 'Switch on the machines that hold this file and try again; one of its copies is enough.',
  FILE_CHANGED:
    'The file is not what it was when the upload began. Cancel this one and upload the file anew.',
  IO: 'Check that the file still exists, that you may read it, and that the disk is not full. Then try again.',
};
