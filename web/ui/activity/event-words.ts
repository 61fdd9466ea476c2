/** What happened, in plain words. */
import { addressOf } from '../../../shared/protocol/address.ts';
import { shortId } from '../../../shared/ids.ts';
import { formatBytes } from '../format/bytes.ts';
import type { IconName } from '../components/icons.ts';
import type { LogLine } from '../../state/activity-log.ts';

export interface EventWords {
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'warn' | 'danger';
  readonly icon: IconName;
}

/** `nameOf` gives a relay's address. */
export function describe({ event, relays, count }: LogLine, nameOf: (relay: string) => string): EventWords {
  const where = relays.map(nameOf).join(', ');
  switch (event.type) {
    case 'peer-joined':
      return { text: `${addressOf(event)} joined the swarm`, tone: 'good', icon: 'plus' };
    case 'peer-suspect':
      return { text: `${nameOf(event.id)} does not answer`, tone: 'warn', icon: 'alert' };
    case 'peer-left':
      return { text: `${nameOf(event.id)} is gone`, tone: 'danger', icon: 'offline' };
    case 'peer-distrusted':
      return {
        text: `${nameOf(event.id)} could not prove chunks that it claims to hold: others are made, and it is tried last`,
        tone: 'danger',
        icon: 'alert',
      };
    case 'mesh-linked':
      return {
        text: `${nameOf(event.id)} is a neighbour of the relay that serves this page`,
        tone: 'plain',
        icon: 'network',
      };
    case 'mesh-unlinked':
      return {
        text: `${nameOf(event.id)} is no longer a neighbour of the relay that serves this page`,
        tone: 'plain',
        icon: 'network',
      };
    case 'chunk-stored':
      return {
        text: `Chunk ${shortId(event.id)} (${formatBytes(event.size)}) stored on ${relays.length} ${relays.length === 1 ? 'relay' : 'relays'}: ${where}`,
        tone: 'plain',
        icon: 'upload',
      };
    case 'chunk-read':
      return {
        text: `Chunk ${shortId(event.id)} read from ${where}${count > 1 ? `, ${count} times` : ''}`,
        tone: 'plain',
        icon: 'download',
      };
    case 'chunk-deleted':
      return { text: `Chunk ${shortId(event.id)} deleted on ${where}`, tone: 'plain', icon: 'trash' };
    case 'repair-started':
      return { text: 'Looking for chunks with missing copies', tone: 'plain', icon: 'retry' };
    case 'repair-progress':
      return {
        text: `Checking copies: ${event.report.checked} chunks so far, ${event.report.repaired} copies restored`,
        tone: 'plain',
        icon: 'retry',
      };
    case 'repair-ended': {
      const { checked, repaired, failed } = event.report;
      const rest = failed === 0 ? '' : `, ${failed} could not be restored yet`;
      return {
        text: `${checked} chunks checked, ${repaired} copies restored${rest}`,
        tone: failed === 0 ? 'good' : 'warn',
        icon: 'check',
      };
    }
    case 'repair-moved':
      return {
        text: `${where} received a copy of chunk ${shortId(event.id)}`,
        tone: 'good',
        icon: 'retry',
      };
    case 'repair-dropped':
      return {
        text: `A surplus copy of chunk ${shortId(event.id)} was given up`,
        tone: 'plain',
        icon: 'trash',
      };
    case 'repair-rotten':
      return {
        text: `A damaged copy of chunk ${shortId(event.id)} was found and set aside`,
        tone: 'warn',
        icon: 'alert',
      };
    case 'repair-healed':
      return { text: `Chunk ${shortId(event.id)} is whole again`, tone: 'good', icon: 'check' };
    case 'unjoin-progress':
      return {
        text: `The relay that serves this page is leaving: ${event.placed} of ${event.total} chunks have another home`,
        tone: 'warn',
        icon: 'alert',
      };
  }
}
