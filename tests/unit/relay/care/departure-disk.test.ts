import { expect, test } from 'vitest';
import { Departure } from '../../../../relay/services/departure/departure.ts';
import type { DepartureParts } from '../../../../relay/services/departure/departure.ts';
import { Intake } from '../../../../relay/services/departure/intake.ts';
import { EventBus } from '../../../../relay/services/events.ts';
import { AppError } from '../../../../shared/errors.ts';
import { VirtualClock } from '../p2p/virtual-clock.ts';
import { silentLog } from '../fixtures.ts';

test('an index that cannot be written ends the attempt to leave, not the process', async () => {
  const intake = new Intake();
  const fail = (): never => {
    throw new AppError('IO', 'The disk is full.');
  };
  const parts = {
    store: { usage: { chunks: 3, bytes: 3 }, database: { durably: fail }, reconciliation: Promise.resolve() },
    meta: { get: () => null, set: fail },
    intake,
    events: new EventBus(() => 0),
    clock: new VirtualClock(),
    log: silentLog,
    stopped: new AbortController().signal,
  };
  const departure = new Departure(parts as unknown as DepartureParts);
  departure.begin();
  await departure.ended;
  expect(departure.status).toMatchObject({ state: 'serving', error: { code: 'IO' } });
  expect(intake.isOpen).toBe(true);
});
