/** JSON Schema, as TypeBox makes it, in the dialect of OpenAPI 3.0. */
import type { TSchema } from 'typebox';

export type JsonObject = { [key: string]: JsonValue };
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** TypeBox schemas are JSON Schema with non-enumerable extras, which this leaves behind. */
export function asJson(schema: TSchema): JsonObject {
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
  const words = present.flatMap((option) =>
    option['type'] === 'string' && Array.isArray(option['enum']) ? option['enum'] : [],
  );
  if (words.length === present.length) return { type: 'string', enum: words, ...nullable };
  return { anyOf: present, ...nullable };
}

function mapValues(object: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, toOpenApiSchema(value as JsonObject)]),
  );
}
