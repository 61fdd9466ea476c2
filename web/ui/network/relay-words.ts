/** A relay's state in words. */
import { formatDate } from '../format/date.ts';
import type { ShownRelay } from '../../state/network-history.ts';

export type RelayTone = 'good' | 'warn' | 'danger' | 'news';

export interface RelayMark {
  readonly text: string;
  readonly tone: RelayTone;
}

export function stateOf({ state, goneAtMs }: Pick<ShownRelay, 'state' | 'goneAtMs'>): RelayMark {
  switch (state) {
    case 'alive':
      return { text: 'Working', tone: 'good' };
    case 'suspect':
      return { text: 'Not answering', tone: 'warn' };
    case 'gone':
      return { text: `Gone · ${formatDate(new Date(goneAtMs ?? 0).toISOString())}`, tone: 'danger' };
  }
}

/** What is worth a mark besides the state. */
export function marksOf({
  joined,
  restoring,
  distrusted,
}: Pick<ShownRelay, 'joined' | 'restoring' | 'distrusted'>): RelayMark[] {
  return [
    ...(distrusted ? [{ text: 'Lacks what it claims', tone: 'danger' } as const] : []),
    ...(joined ? [{ text: 'Just joined', tone: 'news' } as const] : []),
    ...(restoring > 0
      ? [{ text: `Restored ${restoring} ${restoring === 1 ? 'copy' : 'copies'}`, tone: 'news' } as const]
      : []),
  ];
}
