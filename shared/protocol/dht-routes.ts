/** What clients ask of the DHT over HTTP: where chunks lie, where a relay is, and a signer's newest record. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { MAX_LOCATE_IDS, MAX_PEERS, REPLICAS } from '../limits.ts';
import { AtomicRecord } from './records.ts';
import { Hex, Id, Port, SafeInteger } from './schemas.ts';

export const LocateRequest = Type.Object({
  ids: Type.Array(Id, { minItems: 1, maxItems: MAX_LOCATE_IDS }),
});
export type LocateRequest = Static<typeof LocateRequest>;

export const LocateAnswer = Type.Object({
  /** In the order of the request; an id that was named twice is answered once. */
  chunks: Type.Array(
    Type.Object({
      id: Id,
      /** Live relays that say they hold it. */
      relays: Type.Array(Id, { maxItems: MAX_PEERS }),
    }),
    { maxItems: MAX_LOCATE_IDS },
  ),
  /** Live relays that did not answer: they may hold any of the chunks. */
  unreachable: Type.Array(Id, { maxItems: MAX_PEERS }),
});
export type LocateAnswer = Static<typeof LocateAnswer>;

export const FindRelayAnswer = Type.Object({
  /** Whether the relay itself has answered the lookup. */
  found: Type.Boolean(),
  /** Relays that had to be asked one after the other to hear of it; 0: it was in the routing table. */
  hops: SafeInteger,
  /** Questions that the lookup sent. */
  asked: SafeInteger,
  peer: Type.Union([
    Type.Object({ id: Id, host: Type.String({ maxLength: 255 }), port: Port, link: Port }),
    Type.Null(),
  ]),
});
export type FindRelayAnswer = Static<typeof FindRelayAnswer>;

export const RecordAnswer = Type.Object({ record: Type.Union([AtomicRecord, Type.Null()]) });
export const StoredRecordAnswer = Type.Object({ holders: Type.Array(Id, { maxItems: REPLICAS }) });

export const dhtRoutes = {
  locateChunks: {
    method: 'POST',
    path: '/chunks/locate',
    body: LocateRequest,
    response: LocateAnswer,
    summary: 'Which live relays hold these chunks',
  },
  findRelay: {
    method: 'GET',
    path: '/dht/node/:id',
    params: Type.Object({ id: Id }),
    response: FindRelayAnswer,
    summary: 'A relay by its id, by a DHT lookup',
  },
  getRecord: {
    method: 'GET',
    path: '/dht/record/:public_key',
    params: Type.Object({ public_key: Hex(32) }),
    response: RecordAnswer,
    summary: 'The newest atomic record of a signer, verified; null when there is none',
  },
  putRecord: {
    method: 'POST',
    path: '/dht/record',
    body: AtomicRecord,
    response: StoredRecordAnswer,
    summary: 'Store an atomic record; a higher sequence number replaces a lower one',
  },
} as const;
