/** What the map shows, in sentences. */
import { REPLICAS } from '../../../shared/limits.ts';
import type { Durability } from '../../state/engine-types.ts';
import type { MapHost, MapRelay } from '../../state/map-figures.ts';

export interface LossWords {
  readonly tone: 'good' | 'warn' | 'danger';
  readonly title: string;
  readonly text: string;
}

export function counted(count: number, what: string): string {
  return `${count.toLocaleString()} ${what}${count === 1 ? '' : 's'}`;
}

/** What the loss of `relays` relays would do to a file of so many parts; `now`: how it is without any. */
export function lossWords(ifLost: Durability, now: Durability, relays: number, parts: number): LossWords {
  const title = `Without ${counted(relays, 'relay')}`;
  const lost = ifLost.lost - now.lost;
  if (lost > 0) {
    return {
      tone: 'danger',
      title,
      text: `${counted(lost, 'part')} of ${parts.toLocaleString()} would be lost, and the file could not be opened any more.`,
    };
  }
  const spare = ifLost.spareRelays;
  const left =
    spare === null || spare === 0
      ? 'but the next relay to fail may take parts of it'
      : `and any ${counted(spare, 'more relay')} could fail`;
  const short = ifLost.short - now.short;
  if (short <= 0) return { tone: 'good', title, text: `Every part would still be on ${REPLICAS} relays.` };
  return {
    tone: spare === 0 ? 'warn' : 'good',
    title,
    text: `The file could still be read, ${left}. ${counted(short, 'part')} would be on fewer than ${REPLICAS} relays until the others have made new copies.`,
  };
}

/** What its loss alone, or on top of those given up already, would cost. */
export function costWords({ sole, lost }: Pick<MapRelay, 'sole'> & { lost: boolean }): string {
  if (lost) return '–';
  return sole === 0 ? 'nothing' : counted(sole, 'part');
}

export function relayStateWords({ state }: Pick<MapRelay, 'state'>): string {
  return { alive: 'Working', suspect: 'Not answering', gone: 'Gone' }[state];
}

/** Names what holds a part: `10.0.0.4:8000, 10.0.0.5:8000`. */
export function holdersOf(hosts: readonly MapHost[]): readonly MapRelay[] {
  return hosts.flatMap(({ relays }) => relays.filter(({ chosen }) => chosen));
}
