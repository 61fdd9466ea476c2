/** What only a relay's operator may ask of it: the token is in `operator.token` in its storage folder. */
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { MAX_RELAY_ADDRESS_CHARS, NONCE_BYTES } from '../limits.ts';
import { CareReport } from './care-events.ts';
import { Hex, Id, Port, SafeInteger } from './schemas.ts';

/** `Authorization: Bearer <operator token>`; refused with FORBIDDEN by the relay, not by the schema. */
const OperatorHeaders = Type.Object({ authorization: Type.Optional(Type.String({ maxLength: 256 })) });

export const RepairAnswer = Type.Object({
  /** The pass still goes on: ask again with GET. */
  running: Type.Boolean(),
  /** Of the forced pass that runs or ran last; null when none has. */
  report: Type.Union([CareReport, Type.Null()]),
});
export type RepairAnswer = Static<typeof RepairAnswer>;

/** `wiping` begins only when every chunk has another home; the relay stops soon after `left`. */
export const DepartureStatus = Type.Object({
  state: Type.Union([
    Type.Literal('serving'),
    Type.Literal('leaving'),
    Type.Literal('wiping'),
    Type.Literal('left'),
  ]),
  /** Chunks held when it began, and those of them that have found another home. */
  total: SafeInteger,
  placed: SafeInteger,
  /** Bytes of the same. */
  total_bytes: SafeInteger,
  placed_bytes: SafeInteger,
  /** Why the last try ended with the relay back in service. */
  error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
});
export type DepartureStatus = Static<typeof DepartureStatus>;

export const AddRelayRequest = Type.Object({
  /** `host:port` of a relay's HTTP interface, or its URL. */
  address: Type.String({ minLength: 1, maxLength: MAX_RELAY_ADDRESS_CHARS }),
});
export const AddedRelay = Type.Object({
  id: Id,
  host: Type.String({ maxLength: 255 }),
  port: Port,
  /** It was known to live before. */
  known: Type.Boolean(),
});
export type AddedRelay = Static<typeof AddedRelay>;

export const AuditRequest = Type.Object({ id: Id, nonce: Hex(NONCE_BYTES) });
export const AuditAnswer = Type.Object({
  /** SHA-256(nonce ‖ chunk). */
  hash: Hex(32),
});

export const operatorRoutes = {
  addRelay: {
    method: 'POST',
    path: '/peers',
    headers: OperatorHeaders,
    body: AddRelayRequest,
    response: AddedRelay,
    summary: 'Operator: join the relay at an address, as --join does, until this relay stops',
  },
  repair: {
    method: 'POST',
    path: '/repair',
    headers: OperatorHeaders,
    response: RepairAnswer,
    summary:
      'Operator: look at every chunk now, without grace, and repair; answers when done or after a while',
  },
  repairStatus: {
    method: 'GET',
    path: '/repair',
    headers: OperatorHeaders,
    response: RepairAnswer,
    summary: 'Operator: the forced repair that runs or ran last',
  },
  unjoin: {
    method: 'POST',
    path: '/unjoin',
    headers: OperatorHeaders,
    response: DepartureStatus,
    summary: 'Operator: hand every chunk over to other relays, then wipe them and stop',
  },
  unjoinStatus: {
    method: 'GET',
    path: '/unjoin',
    headers: OperatorHeaders,
    response: DepartureStatus,
    summary: 'Operator: how far this relay has come with leaving',
  },
  auditChunk: {
    method: 'POST',
    path: '/chunks/audit',
    body: AuditRequest,
    response: AuditAnswer,
    summary: 'A challenge that only a relay with the chunk can answer now',
  },
} as const;
