/** Storage in words: what is full and what to do, what an order to a relay has come to. */
import { REPLICAS } from '../../../shared/limits.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import { ERROR_HINTS } from '../../state/error-hints.ts';
import { formatBytes } from '../format/bytes.ts';
import type { CleanResult, OperatorState, StorageCheck } from '../../state/engine-types.ts';
import type { RelaySpace } from '../../state/storage-figures.ts';

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`;

/** What is wrong with a relay's room and what to do; null where there is enough. */
export function spaceAdvice({ limit, freeBytes }: Pick<RelaySpace, 'limit' | 'freeBytes'>): {
  readonly tone: 'danger' | 'warn';
  readonly title: string;
  readonly text: string;
} | null {
  switch (limit) {
    case 'none':
      return null;
    case 'lent':
      return {
        tone: 'danger',
        title: 'Full',
        text: 'All that it lends is used. Start it again with a larger --capacity, or add a relay.',
      };
    case 'disk':
      return {
        tone: 'danger',
        title: 'Disk full',
        text: 'Its disk is nearly full, so it takes nothing more. Free some space on that machine, or add a relay elsewhere.',
      };
    case 'disk-soon':
      return {
        tone: 'warn',
        title: 'Disk filling up',
        text: `Its disk has room for ${formatBytes(freeBytes ?? 0)} only, less than it lends.`,
      };
  }
}

/** How well one's blocks are kept, and what to do where that is not well enough. */
export function redundancyWords(
  { blocks, byCopies }: NonNullable<StorageCheck['usage']>,
  storingRelays: number,
): string {
  const lost = byCopies[0] ?? 0;
  const full = byCopies[REPLICAS] ?? 0;
  const few = blocks - full - lost;
  if (lost > 0)
    return `No relay that answers has ${plural(lost, 'part')} of your files. Switch on the machines that are away.`;
  if (few === 0) return `Every part of your files lies on ${REPLICAS} relays or more.`;
  const fewer = `${plural(few, 'part')} of your files ${few === 1 ? 'lies' : 'lie'} on fewer than ${REPLICAS} relays.`;
  return storingRelays < REPLICAS
    ? `${fewer} Start more relays: ${REPLICAS} copies need ${REPLICAS} relays that lend disk space.`
    : `${fewer} The relays make the missing copies by themselves, which can take some minutes.`;
}

export function cleanedWords({ deleted, kept, failed, pending }: CleanResult): string {
  const parts = [`${plural(deleted, 'chunk')} deleted.`];
  if (kept > 0)
    parts.push(`${plural(kept, 'chunk')} left alone: a file needs ${kept === 1 ? 'it' : 'them'} by now.`);
  if (failed > 0) parts.push(`No relay took the deletion of ${plural(failed, 'chunk')}: clean up again.`);
  if (pending.length > 0)
    parts.push(
      `${plural(pending.length, 'relay has', 'relays have')} yet to confirm, and will delete when ${pending.length === 1 ? 'it is' : 'they are'} back.`,
    );
  return parts.join(' ');
}

export function repairWords(report: NonNullable<OperatorState['report']>): string {
  const { checked, missing, repaired, balanced, dropped, failed } = report;
  const parts = [
    `${plural(checked, 'chunk')} checked`,
    `${repaired.toLocaleString()} of ${plural(missing, 'missing copy', 'missing copies')} made`,
  ];
  if (balanced > 0) parts.push(`${balanced.toLocaleString()} moved to newer relays`);
  if (dropped > 0) parts.push(`${dropped.toLocaleString()} given up as surplus`);
  if (failed > 0)
    parts.push(
      `${failed.toLocaleString()} could not be made: no relay is left that lacks them and takes them`,
    );
  return `${parts.join(', ')}.`;
}

const OPERATOR_HINTS: Partial<Record<ErrorCode, string>> = {
  BAD_INPUT: 'Copy the whole line of the file operator.token.',
  FORBIDDEN:
    'A relay makes a new token each time it starts: read the file again, in this relay’s own folder.',
  NOT_ENOUGH_RELAYS: 'Nothing is lost: the relay goes on as before.',
  UNAVAILABLE: 'Check that the relay is running, then try again.',
};

/** What the operator of a relay can do about an error. */
export function operatorHint(code: ErrorCode): string {
  return OPERATOR_HINTS[code] ?? ERROR_HINTS[code];
}
