/** The swarm as repair sees it: who lives, who is away and may be back, and who has been here long enough to be given chunks. */
import type { RelayId } from '../../../shared/ids.ts';
import type { Member } from '../../../shared/placement/member.ts';
import type { Membership } from '../membership.ts';
import type { Clock } from '../ports.ts';

export interface CareMember extends Member {
  /** `away`: gone for less than the grace, so that its chunks are still its own. */
  readonly state: 'live' | 'away';
  /** A member for longer than the grace, or this relay itself. */
  readonly settled: boolean;
}

export interface Presence {
  readonly members: readonly CareMember[];
  /** Equal for two moments when the same relays are settled: chunks move only when this changes. */
  readonly key: string;
}

export interface PresenceParts {
  readonly membership: Pick<Membership, 'self' | 'list' | 'away' | 'sinceOf'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly graceMs: number;
}

/** `forced`: without any grace, as an operator may ask for. */
export function presence({ membership, clock, graceMs }: PresenceParts, forced = false): Presence {
  const settledBefore = clock.now() - graceMs;
  const isSettled = (since: number | undefined): boolean =>
    forced || since === undefined || since <= settledBefore;
  const live = membership.list().map(({ id, capacity, machine }): CareMember => {
    const settled = id === membership.self.id || isSettled(membership.sinceOf(id));
    return { id, capacity, machine, state: 'live', settled };
  });
  const away = (forced ? [] : membership.away()).map(({ peer, since, goneAt }): CareMember => {
    const { id, capacity, machine } = peer;
    return { id, capacity, machine, state: 'away', settled: goneAt - since >= graceMs };
  });
  const members = [...live, ...away];
  const key = members
    .filter(({ settled }) => settled)
    .map(({ id, capacity }) => `${id} ${String(capacity)}`)
    .sort()
    .join('\n');
  return { members, key };
}

/** Members by id. */
export function byId(members: readonly CareMember[]): ReadonlyMap<RelayId, CareMember> {
  return new Map(members.map((member) => [member.id, member]));
}
