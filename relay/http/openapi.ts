/** The OpenAPI 3.0 document, derived from the route definitions that the handlers and the client are derived from. */
import type { TSchema } from 'typebox';
import { AppError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import {
  MAX_CHUNK_BYTES,
  MAX_REQUESTS_PER_CLIENT,
  MIN_CHUNK_BYTES,
  REQUESTS_PER_SECOND_LOOPBACK,
  REQUESTS_PER_SECOND_REMOTE,
} from '../../shared/limits.ts';
import { RelayEvent } from '../../shared/protocol/events.ts';
import { healthRoutes } from '../../shared/protocol/health-routes.ts';
import { DELETE_HEADER } from '../../shared/protocol/deletion-routes.ts';
import { HEADER, routes } from '../../shared/protocol/routes.ts';
import { SESSION_HEADER } from '../../shared/protocol/swarm-session.ts';
import { METRICS_PATH } from './metrics-route.ts';
import { COMPONENTS, componentOf } from './openapi-components.ts';
import {
  ANSWER_EXAMPLES,
  CHUNK,
  ERROR_EXAMPLES,
  NONCE,
  RELAY,
  REQUEST_EXAMPLES,
  TOKEN,
} from './openapi-examples.ts';
import { FIELD_TEXTS } from './openapi-fields.ts';
import { COMMON_ERRORS, OPERATIONS } from './openapi-operations.ts';
import type { Access } from './openapi-operations.ts';
import { asJson, toOpenApiSchema } from './openapi-schema.ts';
import type { JsonObject } from './openapi-schema.ts';

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
type OperationId = keyof typeof OPERATIONS;

/** Lengths count bytes here: OpenAPI 3.0 describes raw bodies as binary strings. */
const CHUNK_BODY: JsonObject = {
  'application/octet-stream': {
    schema: {
      type: 'string',
      format: 'binary',
      minLength: MIN_CHUNK_BYTES,
      maxLength: MAX_CHUNK_BYTES,
      description: 'verifier (32 bytes) ‖ body; its id is SHA-256(verifier ‖ SHA-256(body))',
    },
  },
};

const CHUNK_HEADERS: JsonObject = {
  ETag: { description: 'The chunk’s id, in quotes', schema: { type: 'string' } },
  'Content-Length': {
    description: 'Bytes of the chunk',
    schema: { type: 'integer', minimum: MIN_CHUNK_BYTES, maximum: MAX_CHUNK_BYTES },
  },
  'Cache-Control': { schema: { type: 'string', enum: ['public, max-age=31536000, immutable'] } },
};

const RETRY_AFTER: JsonObject = {
  'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 } },
};

const OPERATOR: JsonObject = { operatorToken: [] };
const SESSION: JsonObject = { swarmSession: [] };
/** The empty requirement is a public swarm’s. */
const SECURITY: Readonly<Record<Access, JsonObject[]>> = {
  open: [],
  swarm: [{}, SESSION],
  operator: [OPERATOR],
  both: [OPERATOR, { ...OPERATOR, ...SESSION }],
  monitoring: [{}, SESSION, OPERATOR],
  ticket: [{}, SESSION, { eventTicket: [] }],
};

const PARAMETER_EXAMPLES: Readonly<Record<string, string>> = {
  id: CHUNK,
  entry: CHUNK,
  public_key: RELAY,
  cursor: CHUNK,
  [HEADER.nonce]: NONCE,
  [HEADER.replicateTo]: RELAY,
  [HEADER.localOnly]: '1',
  [HEADER.holder]: RELAY,
  [DELETE_HEADER.token]: TOKEN,
  [DELETE_HEADER.bodyHash]: TOKEN,
};

export function openApiDocument(version: string): JsonObject {
  const paths: JsonObject = {};
  for (const [name, route] of Object.entries<Route>({ ...healthRoutes, ...routes }))
    addRoute(paths, name as OperationId, route);
  paths['/events'] = { get: eventsOperation() };
  paths[METRICS_PATH] = { get: metricsOperation() };
  paths['/openapi.json'] = { get: documentOperation() };
  return {
    openapi: '3.0.3',
    info: {
      title: 'Lanvault relay',
      version,
      description:
        'Stores encrypted chunks for a swarm of relays. It never sees a key, a name or plaintext of what is not published.\n\n' +
        'Errors are `{"error":{"code","message","details"?}}`: the code is for programs, the message for people. ' +
        `An address may send ${REQUESTS_PER_SECOND_REMOTE} requests a second (${REQUESTS_PER_SECOND_LOOPBACK} from loopback) ` +
        `and ${MAX_REQUESTS_PER_CLIENT} at once. What does not arrive in time is answered 408 and what is no HTTP 400, in the same form; ` +
        'other Host names than IP addresses, `localhost`, `*.local` and those that the relay was told, and writes from pages of other origins, 403. ' +
        'Readers ignore fields that they do not know.',
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries<TSchema>(COMPONENTS).map(([name, schema]) => [name, componentSchema(name, schema)]),
      ),
      securitySchemes: {
        operatorToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'What `operator.token` in the relay’s storage folder says; new at each start',
        },
        swarmSession: {
          type: 'apiKey',
          in: 'header',
          name: SESSION_HEADER,
          description: 'Private swarms only: the token of `openSession`, for an hour',
        },
        eventTicket: {
          type: 'apiKey',
          in: 'query',
          name: 'ticket',
          description:
            'Private swarms only: of `sessionTicket`, for a minute; browsers’ WebSockets take no headers',
        },
      },
    },
  };
}

function componentSchema(name: string, schema: TSchema): JsonObject {
  const converted = toOpenApiSchema(asJson(schema));
  const properties = converted['properties'] as Record<string, JsonObject> | undefined;
  const texts: Readonly<Record<string, string>> = FIELD_TEXTS[name as keyof typeof FIELD_TEXTS] ?? {};
  for (const [field, description] of Object.entries(texts))
    if (properties?.[field] !== undefined) properties[field] = { ...properties[field], description };
  return converted;
}

function addRoute(paths: JsonObject, name: OperationId, route: Route): void {
  const operations = (paths[route.path.replace(/:(\w+)/g, '{$1}')] ??= {}) as JsonObject;
  operations[route.method.toLowerCase()] = routeOperation(name, route);
  // A route without a JSON answer gives a chunk's bytes, and can be asked for its headers alone.
  if (route.response !== undefined || route.method !== 'GET') return;
  const head = { ...route, summary: `${route.summary}: its size, without the bytes` };
  operations['head'] = routeOperation('getChunkHead', head, { withBody: false });
}

function routeOperation(operationId: OperationId, route: Route, { withBody = true } = {}): JsonObject {
  const isChunk = route.response === undefined;
  const content = isChunk ? CHUNK_BODY : jsonContent(route.response, exampleOf(ANSWER_EXAMPLES, operationId));
  return {
    ...operation(operationId, route.summary),
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...parameters('header', route.headers),
    ],
    ...requestBody(operationId, route),
    responses: {
      200: {
        description: route.summary,
        ...(isChunk ? { headers: CHUNK_HEADERS } : {}),
        ...(withBody ? { content } : {}),
      },
      ...errorResponses(operationId, withBody),
    },
  };
}

function operation(operationId: OperationId, summary: string): JsonObject {
  const { access, description } = OPERATIONS[operationId];
  return { operationId, summary, description, security: SECURITY[access] };
}

function requestBody(operationId: OperationId, { method, body }: Route): JsonObject {
  if (body === undefined && method !== 'PUT') return {};
  const { maxBodyBytes } = OPERATIONS[operationId];
  const content =
    body === undefined ? CHUNK_BODY : jsonContent(body, exampleOf(REQUEST_EXAMPLES, operationId));
  const description = maxBodyBytes === undefined ? {} : { description: `At most ${maxBodyBytes} bytes` };
  return { requestBody: { required: true, ...description, content } };
}

/** One answer for each status that one of the operation's codes leaves under. */
function errorResponses(operationId: OperationId, withBody = true): JsonObject {
  const { access, errors } = OPERATIONS[operationId];
  const session: readonly ErrorCode[] = access === 'open' || access === 'operator' ? [] : ['NO_SESSION'];
  const byStatus = Map.groupBy([...COMMON_ERRORS, ...session, ...errors], (code) =>
    statusOf(operationId, code),
  );
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, errorResponse(codes, withBody)]));
}

function statusOf(operationId: OperationId, code: ErrorCode): number {
  // A body that does not arrive: RFC 9110 §15.5.9.
  if (operationId === 'putChunk' && code === 'TIMEOUT') return 408;
  return new AppError(code, '').status;
}

function errorResponse(codes: readonly ErrorCode[], withBody: boolean): JsonObject {
  const [first = 'INTERNAL'] = codes;
  const code: JsonObject = { type: 'string', enum: [...codes] };
  const error: JsonObject = { type: 'object', properties: { code } };
  const schema = {
    allOf: [{ $ref: '#/components/schemas/ApiError' }, { type: 'object', properties: { error } }],
  };
  const example = { error: { code: first, message: ERROR_EXAMPLES[first] ?? '' } };
  return {
    description: codes.join(', '),
    ...(codes.includes('RATE_LIMITED') ? { headers: RETRY_AFTER } : {}),
    ...(withBody ? { content: { 'application/json': { schema, example } } } : {}),
  };
}

function parameters(place: 'path' | 'query' | 'header', schema: TSchema | undefined): JsonObject[] {
  if (schema === undefined) return [];
  const { properties, required } = asJson(schema);
  const requiredNames = Array.isArray(required) ? required : [];
  return Object.entries((properties ?? {}) as JsonObject)
    .filter(([name]) => name !== 'authorization') // A security scheme's, as OpenAPI wants it.
    .map(([name, property]) => ({
      name,
      in: place,
      required: place === 'path' || requiredNames.includes(name),
      schema: toOpenApiSchema(property as JsonObject),
      ...(PARAMETER_EXAMPLES[name] === undefined ? {} : { example: PARAMETER_EXAMPLES[name] }),
    }));
}

function eventsOperation(): JsonObject {
  return {
    ...operation('events', 'Live events over a WebSocket, one JSON object a message'),
    parameters: [],
    responses: {
      101: {
        description: 'The connection becomes a WebSocket. Each message is one such object',
        content: jsonContent(RelayEvent, ANSWER_EXAMPLES.events),
      },
      ...errorResponses('events'),
    },
  };
}

function metricsOperation(): JsonObject {
  const content = {
    'text/plain': { schema: { type: 'string' }, example: '# TYPE lanvault_ready gauge\nlanvault_ready 1\n' },
  };
  return {
    ...operation('metrics', 'Gauges, and counters of events, for Prometheus'),
    parameters: [],
    responses: { 200: { description: 'Exposition format 0.0.4', content }, ...errorResponses('metrics') },
  };
}

function documentOperation(): JsonObject {
  const content = { 'application/json': { schema: { type: 'object' } } };
  return {
    ...operation('openapi', 'This document'),
    parameters: [],
    responses: { 200: { description: 'OpenAPI 3.0', content }, ...errorResponses('openapi') },
  };
}

function exampleOf(
  examples: Readonly<Record<string, JsonObject>>,
  operationId: string,
): JsonObject | undefined {
  return examples[operationId];
}

/** By reference where the schema is a component. */
function jsonContent(schema: TSchema, example: JsonObject | undefined): JsonObject {
  const name = componentOf(schema);
  const described =
    name === undefined ? toOpenApiSchema(asJson(schema)) : { $ref: `#/components/schemas/${name}` };
  return { 'application/json': { schema: described, ...(example === undefined ? {} : { example }) } };
}
