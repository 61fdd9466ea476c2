import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { toOpenApiSchema } from '../../../../relay/http/openapi-schema.ts';
import { AppError } from '../../../../shared/errors.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import { relayRig } from '../relay-rig.ts';

interface Schema {
  readonly [key: string]: unknown;
}
interface Content {
  readonly [type: string]: { readonly schema: Schema; readonly example?: unknown };
}
interface Operation {
  readonly operationId: string;
  readonly security: unknown;
  readonly parameters: { name: string; in: string; required: boolean; schema: Schema }[];
  readonly requestBody?: { required: boolean; content: Content };
  readonly responses: Record<string, { description: string; headers?: object; content?: Content }>;
}
interface Document {
  readonly openapi: string;
  readonly info: { title: string; version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Schema> };
}

async function document(): Promise<Document> {
  await using rig = await relayRig();
  const answer = await rig.server.inject({ url: '/openapi.json' });
  expect(answer.statusCode).toBe(200);
  return answer.json<Document>();
}

/** Every object below a value, the value included. */
function* objectsIn(value: unknown): Generator<Schema> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Schema;
  for (const child of Object.values(value)) yield* objectsIn(child);
}

describe('/openapi.json', () => {
  it('is made once, however often it is asked for', async () => {
    await using rig = await relayRig();
    const stringify = vi.spyOn(JSON, 'stringify');
    onTestFinished(() => stringify.mockRestore());
    for (let i = 0; i < 3; i++) await rig.server.inject({ url: '/openapi.json' });
    const isDocument = (value: unknown): boolean => Object(value) === value && 'openapi' in (value as object);
    expect(stringify.mock.calls.filter(([value]) => isDocument(value))).toHaveLength(1);
  });

  it('describes every operation that the relay answers, and no other', async () => {
    const { openapi, info, paths } = await document();
    expect(openapi).toBe('3.0.3');
    expect(info).toMatchObject({ title: 'Lanvault relay', version: '1.2.3' });
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(operations.sort()).toEqual([
      'delete /catalog/{entry}',
      'delete /chunk/{id}',
      'get /catalog',
      'get /chunk/{id}',
      'get /chunks',
      'get /dht/node/{id}',
      'get /dht/record/{public_key}',
      'get /events',
      'get /healthz',
      'get /metrics',
      'get /openapi.json',
      'get /peers',
      'get /readyz',
      'get /repair',
      'get /session',
      'get /status',
      'get /topology',
      'get /unjoin',
      'head /chunk/{id}',
      'post /catalog',
      'post /chunks/audit',
      'post /chunks/delete_batch',
      'post /chunks/locate',
      'post /dht/record',
      'post /peers',
      'post /repair',
      'post /session',
      'post /session/ticket',
      'post /unjoin',
      'put /chunk/{id}',
    ]);
  });

  it('is sound: ids are unique, path parameters declared, answers described, references resolved', async () => {
    const { paths, components } = await document();
    const ids: string[] = [];
    for (const [path, methods] of Object.entries(paths)) {
      for (const operation of Object.values(methods)) {
        ids.push(operation.operationId);
        const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
        const declared = operation.parameters.filter((parameter) => parameter.in === 'path');
        expect(declared.map(({ name }) => name)).toEqual(inPath);
        expect(declared.every(({ required }) => required)).toBe(true);
        for (const parameter of operation.parameters) expect(parameter.schema).toBeTypeOf('object');
        for (const response of Object.values(operation.responses)) expect(response.description).not.toBe('');
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
    for (const object of objectsIn({ paths, components })) {
      if (typeof object['$ref'] !== 'string') continue;
      const [, name = ''] = /^#\/components\/schemas\/(\w+)$/.exec(object['$ref']) ?? [];
      expect(components.schemas).toHaveProperty(name);
    }
  });

  it('is valid by the specification’s own schema', async () => {
    const { valid, errors } = await new Validator().validate({ ...(await document()) });
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('has examples for all JSON, which keep to their schemas', async () => {
    const whole = await document();
    const ajv = new Ajv({ strict: false }).addSchema(whole, 'https://lanvault.invalid/document');
    const bodies = Object.values(whole.paths)
      .flatMap((methods) => Object.values(methods))
      .filter(({ operationId }) => operationId !== 'openapi')
      .flatMap(({ operationId, requestBody, responses }) =>
        [requestBody, ...Object.values(responses)].map((body) => [operationId, body?.content] as const),
      );
    let examples = 0;
    for (const [operationId, content] of bodies) {
      const json = content?.['application/json'];
      if (json === undefined) continue;
      const absolute = JSON.stringify(json.schema).replaceAll('"#/', '"https://lanvault.invalid/document#/');
      const validate = ajv.compile(JSON.parse(absolute) as Schema);
      expect(validate(json.example), `${operationId}: ${JSON.stringify(validate.errors)}`).toBe(true);
      examples++;
    }
    expect(examples).toBeGreaterThan(100);
  });

  it('names for each status the codes that leave under it, and what a 429 bears', async () => {
    const { paths } = await document();
    for (const methods of Object.values(paths)) {
      for (const { operationId, responses } of Object.values(methods)) {
        for (const [status, { description, headers }] of Object.entries(responses)) {
          if (Number(status) < 400) continue;
          const statuses = description.split(', ').map((code) => new AppError(code as ErrorCode, '').status);
          const expected = status === '408' ? 504 : Number(status);
          expect(new Set(statuses), `${operationId} ${status}`).toEqual(new Set([expected]));
          if (status === '429') expect(headers).toHaveProperty('Retry-After');
        }
        expect(Object.keys(responses), operationId).toEqual(
          expect.arrayContaining(['400', '403', '429', '500']),
        );
      }
    }
  });

  it('says what fields mean, where their names do not', async () => {
    const { components } = await document();
    expect(components.schemas['Receipt']).toHaveProperty(
      'properties.relay.description',
      'SHA-256(public_key)',
    );
    expect(components.schemas['Topology']).toHaveProperty('properties.links.description');
  });

  it('says who may: the operator, and in a private swarm who has a session', async () => {
    const { paths } = await document();
    expect(paths['/unjoin']?.['post']?.security).toEqual([{ operatorToken: [] }]);
    expect(paths['/chunk/{id}']?.['put']?.security).toEqual([{}, { swarmSession: [] }]);
    expect(paths['/healthz']?.['get']?.security).toEqual([]);
  });

  it('uses OpenAPI 3.0 schemas only: no const, no null type, no type lists, no patternProperties', async () => {
    const { components, paths } = await document();
    const types = new Set<unknown>();
    for (const object of objectsIn({ components, paths })) {
      if ('properties' in object || 'enum' in object || 'items' in object) types.add(object['type']);
      expect(object).not.toHaveProperty('const');
      expect(object).not.toHaveProperty('patternProperties');
      expect(object['type']).not.toBe('null');
    }
    for (const type of types)
      expect(['object', 'string', 'array', 'integer', 'number', 'boolean']).toContain(type);
  });

  it('describes chunks as bytes and their headers', async () => {
    const { paths } = await document();
    const { put, get, head } = paths['/chunk/{id}'] ?? {};
    const bytes = { type: 'string', format: 'binary' };
    expect(put?.requestBody).toMatchObject({
      required: true,
      content: { 'application/octet-stream': { schema: bytes } },
    });
    expect(get?.responses['200']?.content).toMatchObject({ 'application/octet-stream': { schema: bytes } });
    expect(head?.responses['200']?.content).toBeUndefined();
    expect(put?.responses['200']?.content?.['application/json']?.schema).toEqual({
      $ref: '#/components/schemas/PutAnswer',
    });
    const parameters = put?.parameters.map(({ name, in: place, required }) => [name, place, required]);
    expect(parameters).toEqual([
      ['id', 'path', true],
      ['x-client-nonce', 'header', true],
      ['x-replicate-to', 'header', false],
    ]);
  });

  it('says null as 3.0 does', () => {
    const text = { type: 'string' };
    expect(toOpenApiSchema({ anyOf: [text, { type: 'null' }] })).toEqual({ type: 'string', nullable: true });
    expect(toOpenApiSchema({ anyOf: [text, { type: 'integer' }, { type: 'null' }] })).toEqual({
      anyOf: [text, { type: 'integer' }],
      nullable: true,
    });
    expect(toOpenApiSchema({ type: 'string', const: 'a' })).toEqual({ type: 'string', enum: ['a'] });
  });
});
