/** What the OpenAPI document says of fields whose names and schemas do not say it all. */
import type { COMPONENTS } from './openapi-components.ts';

type Components = typeof COMPONENTS;
type FieldsOf<Schema> = Schema extends { readonly properties: infer Properties } ? keyof Properties : never;

export const FIELD_TEXTS: {
  readonly [Name in keyof Components]?: Readonly<Partial<Record<FieldsOf<Components[Name]>, string>>>;
} = {
  Status: {
    api: 'Version of this interface; an unknown major is to be refused',
    ready: 'Whether it gives out the chunks that it holds',
    capacity: 'Declared bytes; 0 for a relay without storage',
    used: 'Bytes of the chunks held',
    peers: 'Live relays known, this one included',
    links: 'Relays that a link is open to',
  },
  Peer: {
    host: 'Address that last worked; for the answering relay, the one it was reached under',
    port: 'Of HTTP',
    link: 'TCP port of links between relays',
    capacity: 'Declared bytes',
    machine: 'Opaque; equal for relays on one host',
    state: '`suspect`: has not been heard of for some seconds',
    distrusted: 'It could not prove chunks that it claims: clients try it last',
  },
  PeersPage: { next: 'Cursor of the next page; null: this is the last one' },
  ChunkEntry: {
    size: 'Bytes, verifier included',
    verifier: 'SHA-256 of the delete token',
    body_hash: 'SHA-256 of the chunk without its verifier',
    stored_at: 'Unix time, ms',
  },
  ChunksPage: { next: 'Cursor of the next page; null: this is the last one' },
  Receipt: {
    relay: 'SHA-256(public_key)',
    public_key: 'Ed25519',
    size: 'Bytes stored, verifier included',
    nonce: 'The client’s, of this request',
    signature:
      'Ed25519 over `lanvault/1 receipt` ‖ 0x00 ‖ relay (32) ‖ chunk (32) ‖ size (8, big-endian) ‖ nonce (16)',
  },
  PutAnswer: {
    receipts: 'Of the relays that have the chunk durably; verify them',
    failed: 'Relays named that did not store it, and why',
  },
  DeleteResult: {
    status:
      '`forbidden`: not this chunk’s token. `unknown`: no body hash was sent, and nobody asked knows the chunk. `failed`: try again',
    confirmed: 'Relays that do not hold the chunk any more, or never did, and will refuse it',
    pending: 'Live relays that have not confirmed yet',
  },
  DeleteBatchAnswer: { chunks: 'In the order of the request' },
  LocateAnswer: {
    chunks: 'In the order of the request; each id once',
    unreachable: 'Live relays that did not answer: they may hold any of the chunks',
  },
  FindRelayAnswer: {
    found: 'Whether the relay itself has answered',
    hops: 'Relays asked one after the other to hear of it; 0: it was known',
    asked: 'Questions that the lookup sent',
  },
  AtomicRecord: {
    public_key: 'Ed25519, of the signer',
    seq: 'The highest wins',
    value: 'base64url without padding',
    signature: 'Ed25519 over `lanvault/1 atomic` ‖ 0x00 ‖ public key (32) ‖ seq (8, big-endian) ‖ value',
  },
  StoredRecordAnswer: { holders: 'Relays that have it durably' },
  ListEntry: {
    value: 'base64url of the publication’s JSON',
    signature: 'Ed25519 over `lanvault/1 list entry` ‖ 0x00 ‖ list (32) ‖ public key (32) ‖ value',
  },
  ListRemoval: {
    entry: 'The entry’s id',
    public_key: 'The entry’s own signer’s',
    signature: 'Ed25519 over `lanvault/1 list removal` ‖ 0x00 ‖ list (32) ‖ entry (32)',
  },
  CatalogRow: {
    id: 'SHA-256 of what its signer has signed',
    value:
      'The publication, base64url of its JSON; `name`, `size`, `type`, `created` and `link` are read from it',
    link: 'Whoever has it can read the file',
  },
  CatalogPage: {
    skipped: 'Entries that are no publication',
    unreachable: 'Shards none of whose holders could be reached: what they hold is missing, not gone',
    next: 'Cursor of the next page; null: this is the last one',
  },
  CatalogChange: { id: 'The entry’s', holders: 'Relays that have the change durably' },
  SessionRequest: { nonce: 'The client’s own', proof: 'Of the swarm key, over challenge ‖ nonce' },
  Session: { proof: 'The relay’s, of the same key over the same' },
  RelayReport: {
    used: 'Bytes of the chunks held',
    room: 'Bytes that it still takes',
    restored: 'Replicas made on other relays since its start',
  },
  Topology: { links: 'Each once, `a` below `b`; `mesh`: they are gossip neighbours' },
  AddRelayRequest: { address: '`host:port` of a relay’s HTTP interface, or its URL' },
  AddedRelay: { known: 'It was known to live before' },
  CareReport: {
    checked: 'Chunks looked at',
    missing: 'Replicas that were missing',
    repaired: 'Replicas made, each with a verified receipt',
    balanced: 'Replicas sent to relays that ought to be among the first holders',
    surplus: 'Chunks with more replicas than they need',
    dropped: 'Own replicas given up, after five better-ranked holders had proven theirs',
    failed: 'Replicas that could not be made now',
  },
  RepairAnswer: {
    running: 'The pass still goes on: ask again',
    report: 'Of the forced pass that runs or ran last; null when none has',
  },
  DepartureStatus: {
    state: '`wiping` begins only when every chunk has another home; the relay stops soon after `left`',
    total: 'Chunks held when it began',
    placed: 'Those of them that have found another home',
    total_bytes: 'Bytes of the same',
    placed_bytes: 'Bytes of the same',
    error: 'Why the last try ended with the relay back in service',
  },
  AuditAnswer: { hash: 'SHA-256(nonce ‖ chunk)' },
};
