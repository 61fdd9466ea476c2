/** Where relays stand in a drawing: on a ring, those of one host side by side, their labels outside of it. The same relays always stand alike. */
import type { PictureHost, PictureRelay } from './picture.ts';

export interface RingRelay {
  readonly relay: PictureRelay;
  /** Radians; 0 points right, clockwise. */
  readonly angle: number;
}

export interface RingHost {
  readonly host: PictureHost;
  /** Of its first and last relay. */
  readonly from: number;
  readonly to: number;
}

export interface Ring {
  readonly radius: number;
  readonly relays: readonly RingRelay[];
  readonly hosts: readonly RingHost[];
  /** Whether labels stand like spokes, since they would cover each other if they were level. */
  readonly radial: boolean;
}

const MIN_RADIUS = 170;
/** Along the ring, between two relays with spoke-like labels. */
const SPACING = 19;
/** Places on the ring, gaps between hosts included. */
const MAX_LEVEL_LABELS = 14;

export function ringOf(hosts: readonly PictureHost[]): Ring {
  const count = hosts.reduce((sum, { relays }) => sum + relays.length, 0);
  // A gap after each host, where hosts have several relays.
  const gap = hosts.length > 1 && count > hosts.length ? 1 : 0;
  const slots = Math.max(1, count + gap * hosts.length);
  const step = (2 * Math.PI) / slots;
  const relays: RingRelay[] = [];
  const arcs: RingHost[] = [];
  let slot = 0;
  for (const host of hosts) {
    const angleAt = (position: number): number => position * step - Math.PI / 2;
    arcs.push({ host, from: angleAt(slot), to: angleAt(slot + host.relays.length - 1) });
    for (const relay of host.relays) relays.push({ relay, angle: angleAt(slot++) });
    slot += gap;
  }
  return {
    radius: Math.max(MIN_RADIUS, (slots * SPACING) / (2 * Math.PI)),
    ...{ relays, hosts: arcs },
    radial: slots > MAX_LEVEL_LABELS,
  };
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function polar(angle: number, distance: number): Point {
  return { x: Math.cos(angle) * distance, y: Math.sin(angle) * distance };
}
