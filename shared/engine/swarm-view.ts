/** What a client has learned about its swarm: members, latencies, who did badly. Shared by transfers, lost without harm. */
import { systemClock } from './clock.ts';
import type { EngineClock } from './clock.ts';
import { Latencies } from './latencies.ts';
import { MembersView } from './members-view.ts';
import { Penalties } from './penalties.ts';
import type { SwarmPort } from './ports.ts';

export interface SwarmView {
  readonly swarm: SwarmPort;
  readonly clock: EngineClock;
  readonly members: MembersView;
  readonly latencies: Latencies;
  readonly penalties: Penalties;
}

export function createSwarmView(swarm: SwarmPort, clock: EngineClock = systemClock): SwarmView {
  return {
    swarm,
    clock,
    members: new MembersView(swarm, clock),
    latencies: new Latencies(),
    penalties: new Penalties(clock),
  };
}
