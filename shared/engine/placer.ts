/** Brings one chunk to its holders, going on to the next relays in placement order for those that fail. */
import { toHex } from '../bytes.ts';
import type { Bytes } from '../bytes.ts';
import { randomBytes } from '../crypto/random.ts';
import { AppError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import {
  CHUNK_PUT_TIMEOUT_MS,
  MAX_PUT_SENDS,
  NONCE_BYTES,
  PENALTY_MS,
  PUT_ATTEMPTS,
  RATE_LIMIT_TRIES,
  REPLICAS,
} from '../limits.ts';
import type { ChunkId, RelayId } from '../ids.ts';
import type { Member } from '../placement/member.ts';
import { placementOrder } from '../placement/placement.ts';
import type { EngineClock } from './clock.ts';
import { withDeadline } from './concurrency.ts';
import type { MembersView } from './members-view.ts';
import type { Penalties } from './penalties.ts';
import type { PutOutcome, SwarmPort } from './ports.ts';
import { verifiedHolders } from './receipts.ts';
import { backoffMs, withRetry } from './retry.ts';

export interface PlacerContext {
  readonly swarm: SwarmPort;
  readonly members: MembersView;
  readonly penalties: Penalties;
  readonly clock: EngineClock;
  /** Fewer verified holders than this fail the chunk; at least 1. */
  readonly minReplicas: number;
}

/** One chunk on its way: who has it, and who has failed it. */
class Placement {
  readonly holders = new Set<RelayId>();
  readonly failed = new Map<RelayId, ErrorCode>();
  /** Targets of a send that failed as a whole. The way to them may be at fault, so they get a second one. */
  readonly unreached = new Set<RelayId>();
  lastError: AppError | undefined;

  /** The next relays to ask, as many as replicas are missing. */
  targets(order: readonly Member[]): RelayId[] {
    return order
      .map(({ id }) => id)
      .filter((id) => !this.holders.has(id) && !this.failed.has(id))
      .slice(0, REPLICAS - this.holders.size);
  }

  /** Lets relays be asked again whose fault may pass. Whether there are any. */
  forgive(order: readonly Member[]): boolean {
    let any = false;
    for (const { id } of order) {
      const code = this.failed.get(id);
      if (code === undefined || !PASSING.includes(code)) continue;
      this.failed.delete(id);
      any = true;
    }
    return any;
  }
}

/** How far one chunk is on its way. */
export interface PlacementState {
  /** Verified holders so far. */
  readonly copies: number;
  /** All relays that are up were asked; after a pause some are asked again. */
  readonly waiting: boolean;
}

const PASSING: readonly ErrorCode[] = ['UNAVAILABLE', 'TIMEOUT', 'RATE_LIMITED'];

/**
 * Resolves with the distinct relays whose receipts hold: `REPLICAS`, or fewer (*degraded*) when no more relays take it.
 * `onState` hears of each change in between; it must not throw.
 * Throws `NOT_ENOUGH_RELAYS` for fewer than `minReplicas`, and what the swarm throws where trying again cannot help.
 */
export async function placeChunk(
  context: PlacerContext,
  id: ChunkId,
  chunk: Bytes,
  signal: AbortSignal,
  onState: (state: PlacementState) => void = () => undefined,
): Promise<readonly RelayId[]> {
  const { members, penalties, clock } = context;
  const placement = new Placement();
  // Asking relays that were not asked yet is no attempt: each is asked once, however many before it have refused.
  let attempt = 0;
  for (let sends = 0; sends < MAX_PUT_SENDS && attempt < PUT_ATTEMPTS; sends++) {
    if (placement.holders.size >= REPLICAS) break;
    const view = penalties.last(placementOrder(id, await members.get(signal)));
    const targets = placement.targets(view);
    if (sends > 0 && targets.length > 0) onState({ copies: placement.holders.size, waiting: false });
    if (targets.length > 0 && (await send(context, placement, { id, chunk, targets }, signal))) continue;
    // Everybody was asked. Only relays that failed for a passing reason are worth another round, after a pause.
    if (targets.length === 0 && !placement.forgive(view)) break;
    onState({ copies: placement.holders.size, waiting: true });
    await clock.sleep(backoffMs(attempt), signal);
    if (targets.length === 0) members.expire();
    attempt++;
  }
  if (placement.holders.size < context.minReplicas) throw tooFew(placement, context.minReplicas);
  return [...placement.holders];
}

/** Whether the swarm was reached at all. */
async function send(
  { swarm, penalties, clock, members }: PlacerContext,
  placement: Placement,
  { id, chunk, targets }: { id: ChunkId; chunk: Bytes; targets: readonly RelayId[] },
  signal: AbortSignal,
): Promise<boolean> {
  const nonceHex = toHex(randomBytes(NONCE_BYTES));
  let outcome: PutOutcome;
  try {
    outcome = await withRetry({ clock, tries: RATE_LIMIT_TRIES, codes: ['RATE_LIMITED'], signal }, () =>
      withDeadline({ clock, timeoutMs: CHUNK_PUT_TIMEOUT_MS, what: 'Sending a chunk', signal }, (bounded) =>
        swarm.put(id, chunk, targets, nonceHex, bounded),
      ),
    );
  } catch (error) {
    placement.lastError = AppError.from(error, 'UNAVAILABLE');
    const { code, retryable } = placement.lastError;
    if (signal.aborted || !(retryable || code === 'HASH_MISMATCH')) throw placement.lastError;
    for (const relay of targets) {
      if (placement.unreached.has(relay)) placement.failed.set(relay, 'UNAVAILABLE');
      placement.unreached.add(relay);
    }
    members.expire();
    return false;
  }
  const expected = { chunk: id, sizeBytes: chunk.length, nonceHex, targets: new Set(targets) };
  for (const relay of await verifiedHolders(outcome.receipts, expected)) placement.holders.add(relay);
  const codes = new Map(outcome.failed.map(({ relay, code }) => [relay, code]));
  for (const relay of targets) {
    if (placement.holders.has(relay)) continue;
    // A target without a word or with a receipt that does not hold is not asked again.
    const code = codes.get(relay) ?? 'CORRUPT';
    placement.failed.set(relay, code);
    if (code !== 'RATE_LIMITED') penalties.add(relay, PENALTY_MS);
    if (PASSING.includes(code)) members.expire();
  }
  return true;
}

function tooFew(placement: Placement, minReplicas: number): AppError {
  const stored = placement.holders.size;
  const reasons = [...new Set(placement.failed.values())].join(', ');
  const why =
    placement.lastError?.message ?? (reasons === '' ? 'no more relays are up' : `relays failed: ${reasons}`);
  const wanted = minReplicas === 1 ? 'at least 1 is needed' : `at least ${minReplicas} are needed`;
  return new AppError(
    'NOT_ENOUGH_RELAYS',
    `A chunk could be stored on ${stored} relays, ${wanted} (${why}). ` +
      'What is stored so far is kept: start relays and run the upload again to go on.',
    { cause: placement.lastError, details: { stored, minReplicas } },
  );
}
