/** The OpenAPI 3.0 document, derived from the route definitions that the handlers and the client are derived from. */
import type { TSchema } from 'typebox';
import { MAX_CHUNK_BYTES } from '../../shared/limits.ts';
import { DeleteBatch, DeleteBatchAnswer, DeleteResult } from '../../shared/protocol/deletion-routes.ts';
import { RelayEvent } from '../../shared/protocol/events.ts';
import { healthRoutes } from '../../shared/protocol/health-routes.ts';
import {
  ApiError,
  ChunkEntry,
  ChunksPage,
  Peer,
  PeersPage,
  PutAnswer,
  Status,
  routes,
} from '../../shared/protocol/routes.ts';
import { METRICS_PATH } from './metrics-route.ts';
import { Receipt } from '../../shared/protocol/receipt.ts';

export type JsonObject = { [key: string]: JsonValue };
type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

interface Route {
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly headers?: TSchema;
  /** Of a JSON body. */
  readonly body?: TSchema;
  readonly response?: TSchema;
}

const COMPONENTS = {
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
  RelayEvent,
  ApiError,
} as const;

/** `maxLength` counts bytes here: OpenAPI 3.0 describes raw bodies as binary strings. */
const CHUNK_BODY: JsonObject = {
  'application/octet-stream': {
    schema: {
      type: 'string',
      format: 'binary',
      maxLength: MAX_CHUNK_BYTES,
      description: 'verifier (32 bytes) ‖ body; its id is SHA-256(verifier ‖ SHA-256(body))',
    },
  },
};

export function openApiDocument(version: string): JsonObject {
  const paths: JsonObject = {};
  for (const [name, route] of Object.entries<Route>({ ...healthRoutes, ...routes }))
    addRoute(paths, name, route);
  paths['/events'] = { get: eventsOperation() };
  paths[METRICS_PATH] = { get: metricsOperation() };
  paths['/openapi.json'] = { get: documentOperation() };
  return {
    openapi: '3.0.3',
    info: {
      title: 'Lanvault relay',
      version,
      description:
        'Stores encrypted chunks for a swarm of relays. It never sees a key, a name or plaintext of what is not published.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries<TSchema>(COMPONENTS).map(([name, schema]) => [name, toOpenApiSchema(asJson(schema))]),
      ),
    },
  };
}

function addRoute(paths: JsonObject, name: string, route: Route): void {
  const operations = (paths[route.path.replace(/:(\w+)/g, '{$1}')] ??= {}) as JsonObject;
  operations[route.method.toLowerCase()] = routeOperation(name, route);
  // A route without a JSON answer gives a chunk's bytes, and can be asked for its headers alone.
  if (route.response !== undefined || route.method !== 'GET') return;
  const head = { ...route, summary: `${route.summary}: its size, without the bytes` };
  operations['head'] = routeOperation(`${name}Head`, head, { withBody: false });
}

function routeOperation(operationId: string, route: Route, { withBody = true } = {}): JsonObject {
  const content = route.response === undefined ? CHUNK_BODY : jsonContent(route.response);
  const error = { description: 'What is wrong, for a program and for a person' };
  return {
    operationId,
    summary: route.summary,
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...parameters('header', route.headers),
    ],
    ...requestBody(route),
    responses: {
      200: { description: route.summary, ...(withBody ? { content } : {}) },
      default: withBody ? { ...error, content: jsonContent(ApiError) } : error,
    },
  };
}

function requestBody({ method, body }: Route): JsonObject {
  if (body !== undefined) return { requestBody: { required: true, content: jsonContent(body) } };
  return method === 'PUT' ? { requestBody: { required: true, content: CHUNK_BODY } } : {};
}

function parameters(place: 'path' | 'query' | 'header', schema: TSchema | undefined): JsonObject[] {
  if (schema === undefined) return [];
  const { properties, required } = asJson(schema);
  const requiredNames = Array.isArray(required) ? required : [];
  return Object.entries((properties ?? {}) as JsonObject).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || requiredNames.includes(name),
    schema: toOpenApiSchema(property as JsonObject),
  }));
}

function eventsOperation(): JsonObject {
  return {
    operationId: 'events',
    summary: 'Live events over a WebSocket, one JSON object a message',
    parameters: [],
    responses: {
      101: { description: 'The connection becomes a WebSocket', content: jsonContent(RelayEvent) },
      default: { description: 'Refused', content: jsonContent(ApiError) },
    },
  };
}

function metricsOperation(): JsonObject {
  return {
    operationId: 'metrics',
    summary: 'Gauges, and counters of events, for Prometheus',
    parameters: [],
    responses: {
      200: {
        description: 'Exposition format 0.0.4',
        content: { 'text/plain': { schema: { type: 'string' } } },
      },
    },
  };
}

function documentOperation(): JsonObject {
  return {
    operationId: 'openapi',
    summary: 'This document',
    parameters: [],
    responses: {
      200: { description: 'OpenAPI 3.0', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  };
}

/** By reference where the schema is a component. */
function jsonContent(schema: TSchema): JsonObject {
  const name = Object.entries<TSchema>(COMPONENTS).find(([, component]) => component === schema)?.[0];
  const described =
    name === undefined ? toOpenApiSchema(asJson(schema)) : { $ref: `#/components/schemas/${name}` };
  return { 'application/json': { schema: described } };
}

/** TypeBox schemas are JSON Schema with non-enumerable extras, which this leaves behind. */
function asJson(schema: TSchema): JsonObject {
  return JSON.parse(JSON.stringify(schema)) as JsonObject;
}

/** JSON Schema as OpenAPI 3.0 has it: no `const`, no `null` type, no `patternProperties`. */
export function toOpenApiSchema(schema: JsonObject): JsonObject {
  const { const: constant, anyOf, patternProperties, properties, items, ...rest } = schema;
  const converted: JsonObject = { ...rest };
  if (constant !== undefined) converted['enum'] = [constant];
  if (properties !== undefined) converted['properties'] = mapValues(properties as JsonObject);
  if (items !== undefined) converted['items'] = toOpenApiSchema(items as JsonObject);
  if (patternProperties !== undefined) {
    const [value = {}] = Object.values(patternProperties as JsonObject);
    converted['additionalProperties'] = toOpenApiSchema(value as JsonObject);
  }
  return anyOf === undefined ? converted : { ...converted, ...union(anyOf as JsonObject[]) };
}

function union(options: readonly JsonObject[]): JsonObject {
  const present = options.filter((option) => option['type'] !== 'null').map(toOpenApiSchema);
  const nullable: JsonObject = present.length < options.length ? { nullable: true } : {};
  const [only] = present;
  if (present.length === 1 && only !== undefined) return { ...only, ...nullable };
  return { anyOf: present, ...nullable };
}

function mapValues(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, toOpenApiSchema(value as JsonObject)]),
  );
}
