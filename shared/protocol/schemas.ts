/** Schemas that several messages share. JSON objects may carry unknown fields; readers ignore them. */
import * as Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { AppError } from '../errors.ts';
import { MAX_JSON_DEPTH } from '../limits.ts';

/** 64 lowercase hex characters. */
export const Id = Type.String({ pattern: '^[0-9a-f]{64}$', description: '32 bytes as lowercase hex' });
export const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${String(bytes * 2)}}$` });
export const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
export const SafeInteger = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
export const Cursor = Type.Union([Type.String({ maxLength: 256 }), Type.Null()]);

/** Checks foreign data against its schema. Throws `BAD_INPUT` that names what is wrong, never the data itself. */
export function parseWith<T extends TSchema>(schema: T, value: unknown, what: string): Static<T> {
  if (Check(schema, value)) return value;
  const [first] = Errors(schema, value);
  const where = first === undefined ? '' : ` (${first.instancePath || '/'} ${first.message})`;
  throw new AppError('BAD_INPUT', `${what} is not valid${where}.`);
}

/** `parseJson` and `parseWith` in one. */
export function parseJsonWith<T extends TSchema>(schema: T, text: string, what: string): Static<T> {
  return parseWith(schema, parseJson(text, what), what);
}

/**
 * `JSON.parse` for texts of others. Throws `BAD_INPUT` for what is not JSON, and for values that nest deeper than
 * `MAX_JSON_DEPTH`: fields that are not known are kept, and whoever writes those again would overflow the stack.
 */
export function parseJson(text: string, what: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the engine's own message, which quotes the text: that may be a vault.
    throw new AppError('BAD_INPUT', `${what} is not JSON.`);
  }
  if (nestsDeeperThan(MAX_JSON_DEPTH, value))
    throw new AppError('BAD_INPUT', `${what} nests deeper than ${MAX_JSON_DEPTH} levels.`);
  return value;
}

function nestsDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((part) => nestsDeeperThan(levels - 1, part));
}
