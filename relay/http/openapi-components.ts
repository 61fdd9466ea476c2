/** Schemas that the OpenAPI document gives a name, and generated clients a type. */
import type { TSchema } from 'typebox';
import { CareReport } from '../../shared/protocol/care-events.ts';
import { CatalogChange, CatalogPage, CatalogRow } from '../../shared/protocol/catalog-routes.ts';
import { DeleteBatch, DeleteBatchAnswer, DeleteResult } from '../../shared/protocol/deletion-routes.ts';
import {
  FindRelayAnswer,
  LocateAnswer,
  LocateRequest,
  RecordAnswer,
  StoredRecordAnswer,
} from '../../shared/protocol/dht-routes.ts';
import { RelayEvent } from '../../shared/protocol/events.ts';
import {
  AddRelayRequest,
  AddedRelay,
  AuditAnswer,
  AuditRequest,
  DepartureStatus,
  RepairAnswer,
} from '../../shared/protocol/operator-routes.ts';
import { Receipt } from '../../shared/protocol/receipt.ts';
import { AtomicRecord, ListEntry, ListRemoval } from '../../shared/protocol/records.ts';
import {
  ApiError,
  ChunkEntry,
  ChunksPage,
  Peer,
  PeersPage,
  PutAnswer,
  Status,
} from '../../shared/protocol/routes.ts';
import {
  Session,
  SessionChallenge,
  SessionRequest,
  SessionTicket,
} from '../../shared/protocol/swarm-session.ts';
import { RelayReport, Topology } from '../../shared/protocol/topology.ts';

export const COMPONENTS = {
  ApiError,
  Status,
  Peer,
  PeersPage,
  ChunkEntry,
  ChunksPage,
  Receipt,
  PutAnswer,
  DeleteBatch,
  DeleteBatchAnswer,
  DeleteResult,
  LocateRequest,
  LocateAnswer,
  FindRelayAnswer,
  AtomicRecord,
  RecordAnswer,
  StoredRecordAnswer,
  ListEntry,
  ListRemoval,
  CatalogRow,
  CatalogPage,
  CatalogChange,
  SessionChallenge,
  SessionRequest,
  Session,
  SessionTicket,
  RelayReport,
  Topology,
  AddRelayRequest,
  AddedRelay,
  CareReport,
  RepairAnswer,
  DepartureStatus,
  AuditRequest,
  AuditAnswer,
  RelayEvent,
} as const;

export function componentOf(schema: TSchema): string | undefined {
  return Object.entries<TSchema>(COMPONENTS).find(([, component]) => component === schema)?.[0];
}
