/** Valid values of a TypeBox schema: samples for every message there is, without anybody writing them down. */
import { Check } from 'typebox/value';
import type { TSchema } from 'typebox';
import type { JsonSample } from './mutate-json.ts';
import type { Random } from './random.ts';

/** What is read of a schema, as JSON Schema has it. */
interface Shape {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly items?: Shape | readonly Shape[];
  readonly prefixItems?: readonly Shape[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

const MAX_ITEMS = 4;

/** Throws for schemas that this cannot make values of. */
export function sampleOf(schema: TSchema, random: Random): JsonSample {
  const value = valueOf(schema, random);
  if (!Check(schema, value))
    throw new Error(`No valid sample of ${JSON.stringify(schema)}: ${JSON.stringify(value)}`);
  return value as JsonSample;
}

function valueOf(shape: Shape, random: Random): unknown {
  if (shape.const !== undefined) return shape.const;
  if (shape.enum !== undefined) return random.pick(shape.enum);
  if (shape.anyOf !== undefined) return valueOf(random.pick(shape.anyOf), random);
  switch (shape.type) {
    case 'object':
      return objectOf(shape, random);
    case 'array':
      return arrayOf(shape, random);
    case 'string':
      return textOf(shape, random);
    case 'integer':
    case 'number':
      return numberOf(shape, random);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    case undefined:
      return { any: 'value' };
    default:
      throw new Error(`Schemas of type ${shape.type} are not known here.`);
  }
}

function objectOf({ properties = {}, required = [] }: Shape, random: Random): object {
  const present = Object.entries(properties).filter(
    ([name]) => required.includes(name) || random.chance(0.7),
  );
  return Object.fromEntries(present.map(([name, part]) => [name, valueOf(part, random)]));
}

function arrayOf(
  { items, prefixItems, minItems = 0, maxItems = Infinity }: Shape,
  random: Random,
): unknown[] {
  const tuple = prefixItems ?? (Array.isArray(items) ? (items as readonly Shape[]) : undefined);
  if (tuple !== undefined) return tuple.map((part) => valueOf(part, random));
  const length = Math.min(maxItems, Math.max(minItems, random.below(MAX_ITEMS)));
  return Array.from({ length }, () => valueOf((items ?? {}) as Shape, random));
}

function numberOf({ minimum = 0, maximum = 2 ** 31 }: Shape, random: Random): number {
  return random.chance(0.2)
    ? random.pick([minimum, maximum])
    : minimum + random.skewed(maximum - minimum + 1);
}

function textOf({ pattern, minLength = 0, maxLength = 40 }: Shape, random: Random): string {
  if (pattern !== undefined) return matching(pattern, random);
  const length = Math.min(maxLength, Math.max(minLength, random.below(12)));
  return Array.from({ length }, () => random.pick(['a', 'b', 'z', '0', '9', ' ', 'é'])).join('');
}

/** Text that matches a pattern of classes, literals and groups with their counts: what our schemas have. */
function matching(pattern: string, random: Random): string {
  const reader = { rest: pattern.replace(/^\^/, '').replace(/\$$/, '') };
  return alternatives(reader, random)();
}

type Maker = () => string;

function alternatives(reader: { rest: string }, random: Random): Maker {
  const makers: Maker[] = [];
  for (;;) {
    const parts: Maker[] = [];
    while (reader.rest !== '' && !/^[|)]/.test(reader.rest)) parts.push(counted(reader, random));
    makers.push(() => parts.map((make) => make()).join(''));
    if (!reader.rest.startsWith('|')) return () => random.pick(makers)();
    reader.rest = reader.rest.slice(1);
  }
}

function counted(reader: { rest: string }, random: Random): Maker {
  const make = atom(reader, random);
  const [all = '', few, many] = /^(?:\{(\d+)(?:,(\d+))?\}|[*+?])/.exec(reader.rest) ?? [];
  reader.rest = reader.rest.slice(all.length);
  if (all === '') return make;
  const least = few === undefined ? (all === '+' ? 1 : 0) : Number(few);
  const most = few === undefined ? (all === '?' ? 1 : 8) : Number(many ?? few);
  return () => Array.from({ length: least + random.skewed(most - least + 1) }, () => make()).join('');
}

function atom(reader: { rest: string }, random: Random): Maker {
  const { rest } = reader;
  if (rest.startsWith('(')) {
    reader.rest = rest.replace(/^\((?:\?:)?/, '');
    const make = alternatives(reader, random);
    reader.rest = reader.rest.slice(1);
    return make;
  }
  const [text = '', set] = /^(?:\[((?:\\.|[^\]])*)\]|\\.|[^])/.exec(rest) ?? [];
  reader.rest = rest.slice(text.length);
  if (set === undefined) return () => (text === '.' ? 'x' : text.replace(/^\\/, ''));
  const isMember = new RegExp(`^[${set}]$`);
  const members = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((char) =>
    isMember.test(char),
  );
  return () => random.pick(members);
}
