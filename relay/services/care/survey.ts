/** Who holds which of this relay's chunks: the relays that placement names are asked in batches, and have to prove a sample. */
import type { ChunkId, RelayId } from '../../../shared/ids.ts';
import { CARE_SLICE_CHUNKS, NEIGHBOURHOOD, REPLICAS, SURVEY_FIRST } from '../../../shared/limits.ts';
import { placementOrder } from '../../../shared/placement/placement.ts';
import { throwIfAborted } from '../../../shared/errors.ts';
import { askHoldings } from '../holdings.ts';
import type { Clock } from '../ports.ts';
import type { PeerRpc } from '../rpc.ts';
import type { Standing } from './plan.ts';
import { byId } from './presence.ts';
import type { CareMember, Presence } from './presence.ts';
import type { Trust } from './trust.ts';

export interface SurveyParts {
  readonly self: RelayId;
  readonly rpc: PeerRpc;
  readonly trust: Trust;
  readonly clock: Pick<Clock, 'now'>;
  readonly graceMs: number;
}

/** One of this relay's chunks. */
export interface OwnChunk {
  readonly id: ChunkId;
  readonly sizeBytes: number;
}

interface Draft extends OwnChunk {
  readonly order: readonly CareMember[];
  readonly holders: Set<RelayId>;
  readonly doubtful: Set<RelayId>;
}

export class Survey {
  readonly #parts: SurveyParts;
  /** Live relays that do not answer, and since when. */
  readonly #silent = new Map<RelayId, number>();

  constructor(parts: SurveyParts) {
    this.#parts = parts;
  }

  /** `patient`: a relay that does not answer may hold its chunks for as long as the grace. Throws `ABORTED`. */
  async standings(
    chunks: readonly OwnChunk[],
    { members }: Presence,
    { patient }: { patient: boolean },
    signal: AbortSignal,
  ): Promise<Standing[]> {
    const known = byId(members);
    for (const relay of this.#silent.keys()) if (!known.has(relay)) this.#silent.delete(relay);
    const drafts = await this.#drafts(chunks, members, signal);
    const ask = (from: number, to: number, about: readonly Draft[]): Promise<void> =>
      this.#ask(about, (draft) => draft.order.slice(from, to), patient, signal);
    await ask(0, SURVEY_FIRST, drafts);
    const open = drafts.filter(({ holders, doubtful }) => holders.size + doubtful.size < REPLICAS);
    if (open.length > 0) await ask(SURVEY_FIRST, NEIGHBOURHOOD, open);
    const distrusted = this.#parts.trust.distrusted();
    return drafts.map((draft) => ({ ...draft, distrusted }));
  }

  /** Placement takes time, so other work gets its turns in between. */
  async #drafts(
    chunks: readonly OwnChunk[],
    members: readonly CareMember[],
    signal: AbortSignal,
  ): Promise<Draft[]> {
    const known = byId(members);
    const drafts: Draft[] = [];
    for (const [index, { id, sizeBytes }] of chunks.entries()) {
      const order = placementOrder(id, members).flatMap((member) => known.get(member.id) ?? []);
      const away = order.slice(0, NEIGHBOURHOOD).filter(({ state }) => state === 'away');
      const doubtful = new Set(away.map((member) => member.id));
      drafts.push({ id, sizeBytes, order, holders: new Set([this.#parts.self]), doubtful });
      if (index % CARE_SLICE_CHUNKS === CARE_SLICE_CHUNKS - 1) await new Promise(setImmediate);
      throwIfAborted(signal);
    }
    return drafts;
  }

  async #ask(
    drafts: readonly Draft[],
    whom: (draft: Draft) => readonly CareMember[],
    patient: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const questions = new Map<RelayId, Draft[]>();
    for (const draft of drafts) {
      for (const { id, state } of whom(draft)) {
        if (state === 'away' || id === this.#parts.self) continue;
        const asked = questions.get(id) ?? [];
        asked.push(draft);
        questions.set(id, asked);
      }
    }
    await Promise.all(
      [...questions].map(async ([relay, about]) => {
        const held = await this.#holdingsOf(relay, about, signal);
        if (held === null && !(patient && this.#isFreshlySilent(relay))) return;
        for (const draft of about) {
          if (held === null) draft.doubtful.add(relay);
          else if (held.has(draft.id)) draft.holders.add(relay);
        }
      }),
    );
  }

  /** Null: no answer that says anything. */
  async #holdingsOf(
    relay: RelayId,
    about: readonly Draft[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<ChunkId> | null> {
    const { rpc, trust, clock } = this.#parts;
    try {
      const ids = about.map(({ id }) => id);
      const { held } = await trust.judge(relay, await askHoldings(rpc, relay, ids, signal), signal);
      if (held !== null) {
        this.#silent.delete(relay);
        return held;
      }
    } catch {
      // Whatever it failed with, it has said nothing of its chunks.
      throwIfAborted(signal);
    }
    if (!this.#silent.has(relay)) this.#silent.set(relay, clock.now());
    return null;
  }

  #isFreshlySilent(relay: RelayId): boolean {
    const { clock, graceMs } = this.#parts;
    return clock.now() - (this.#silent.get(relay) ?? clock.now()) < graceMs;
  }
}
