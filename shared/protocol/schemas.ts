/** Schemas that several messages share. JSON objects may carry unknown fields; readers ignore them. */
import * as Type from 'typebox';
import type { Static, TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { AppError } from '../errors.ts';

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

/** `JSON.parse` and `parseWith` in one: text that is not JSON is `BAD_INPUT` too. */
export function parseJsonWith<T extends TSchema>(schema: T, text: string, what: string): Static<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError('BAD_INPUT', `${what} is not JSON.`, { cause });
  }
  return parseWith(schema, value, what);
}
