/** JSON texts that were valid for somebody, with their structure damaged: fields gone, doubled, swapped, nested, of another kind. */
import type { Random } from './random.ts';
import { EDGE_TEXTS, mutatedText } from './mutate-text.ts';

/** As JSON text has it: objects may hold a key twice, numbers may be too large for any number. */
type Node =
  | { readonly kind: 'object'; readonly fields: readonly (readonly [key: string, value: Node])[] }
  | { readonly kind: 'array'; readonly items: readonly Node[] }
  | { readonly kind: 'raw'; readonly text: string };

const MAX_GROWN_ITEMS = 2000;
const MAX_TEXT_CHARS = 256 * 1024;

const EDGE_VALUES: readonly string[] = [
  ...['null', 'true', 'false', '0', '-0', '-1', '1', '0.5', '1e400', '-1e400', '1e-400', '65535', '65536'],
  ...['2147483648', '4294967296', '9007199254740991', '9007199254740992', '281474976710657', '1e21'],
  ...[
    '{}',
    '[]',
    '[null]',
    '{"__proto__":null}',
    '{"__proto__":{"code":"INTERNAL"}}',
    '{"length":4294967295}',
  ],
  ...['{"constructor":{"prototype":{}}}', '{"toString":1,"valueOf":1}', '{"then":1}', '{"toJSON":1}'],
  ...['"\\ud800"', '"\\u0000"', '"__proto__"', '1'.repeat(500)],
];
const EDGE_KEYS: readonly string[] = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'valueOf',
    'then',
    'length',
    '',
    '\ud800',
    '0',
  ],
];
const DEPTHS: readonly number[] = [1, 2, 5, 31, 32, 33, 100, 1000, 20_000];

export type JsonSample =
  Readonly<Record<string, unknown>> | readonly unknown[] | string | number | boolean | null;

/** Text of one of the samples with a few such damages; now and then the text itself is damaged too. */
export function mutatedJson(random: Random, samples: readonly JsonSample[]): string {
  const nodes = samples.map((sample) => nodeOf(sample));
  let node = random.pick(nodes);
  const rounds = random.chance(0.05) ? 0 : 1 + random.skewed(6);
  for (let round = 0; round < rounds; round++) {
    node = random.chance(0.08) ? random.pick(nodes) : node;
    const size = countOf(node);
    node = mutatedAt(node, { at: random.below(size) }, (part) => mutatedNode(part, random, nodes));
  }
  const text = textOf(node).slice(0, MAX_TEXT_CHARS);
  return random.chance(0.12) ? mutatedText(random, [text]) : text;
}

function nodeOf(value: unknown): Node {
  if (Array.isArray(value)) return { kind: 'array', items: value.map((item: unknown) => nodeOf(item)) };
  if (typeof value !== 'object' || value === null) return { kind: 'raw', text: JSON.stringify(value) };
  const fields = Object.entries(value).flatMap(([key, part]: [string, unknown]) =>
    part === undefined ? [] : [[key, nodeOf(part)] as const],
  );
  return { kind: 'object', fields };
}

function textOf(node: Node): string {
  switch (node.kind) {
    case 'raw':
      return node.text;
    case 'array':
      return `[${node.items.map(textOf).join(',')}]`;
    case 'object':
      return `{${node.fields.map(([key, value]) => `${JSON.stringify(key)}:${textOf(value)}`).join(',')}}`;
  }
}

function partsOf(node: Node): readonly Node[] {
  if (node.kind === 'raw') return [];
  return node.kind === 'array' ? node.items : node.fields.map(([, value]) => value);
}

function countOf(node: Node): number {
  return partsOf(node).reduce((sum, part) => sum + countOf(part), 1);
}

/** The tree with its `at`th node, in the order of the text, replaced. */
function mutatedAt(node: Node, left: { at: number }, mutate: (part: Node) => Node): Node {
  if (left.at-- === 0) return mutate(node);
  if (left.at < 0 || node.kind === 'raw') return node;
  if (node.kind === 'array')
    return { kind: 'array', items: node.items.map((item) => mutatedAt(item, left, mutate)) };
  return { kind: 'object', fields: node.fields.map(([key, value]) => [key, mutatedAt(value, left, mutate)]) };
}

function mutatedNode(node: Node, random: Random, others: readonly Node[]): Node {
  if (random.chance(0.15)) return { kind: 'raw', text: random.pick(EDGE_VALUES) };
  if (random.chance(0.05)) return nested(node, random.pick(DEPTHS), random.chance(0.5));
  if (random.chance(0.08)) return anyPart(random.pick(others), random);
  switch (node.kind) {
    case 'raw':
      return { kind: 'raw', text: mutatedScalar(node.text, random) };
    case 'array':
      return { kind: 'array', items: mutatedItems(node.items, random) };
    case 'object':
      return { kind: 'object', fields: mutatedFields(node.fields, random) };
  }
}

function mutatedScalar(text: string, random: Random): string {
  const value: unknown = text.length < 400 && text.startsWith('"') ? JSON.parse(text) : null;
  if (typeof value === 'string')
    return JSON.stringify(random.chance(0.2) ? random.pick(EDGE_TEXTS) : mutatedText(random, [value]));
  const number = Number(text);
  if (text === 'null' || Number.isNaN(number)) return random.pick(EDGE_VALUES);
  return JSON.stringify(
    random.pick([number + 1, number - 1, -number, number * 2, number + 0.5, String(number)]),
  );
}

function mutatedItems(items: readonly Node[], random: Random): readonly Node[] {
  const at = random.below(items.length + 1);
  const item = items[at] ?? { kind: 'raw', text: random.pick(EDGE_VALUES) };
  switch (random.below(4)) {
    case 0:
      return items.toSpliced(at, 1);
    case 1:
      return items.toSpliced(at, 0, item);
    case 2:
      return items.toReversed();
    default:
      return [
        ...items,
        ...Array.from({ length: random.skewed(MAX_GROWN_ITEMS / countOf(item)) }, () => item),
      ];
  }
}

type Fields = readonly (readonly [string, Node])[];

function mutatedFields(fields: Fields, random: Random): Fields {
  const at = random.below(fields.length + 1);
  const [key, value] = fields[at] ?? [
    random.pick(EDGE_KEYS),
    { kind: 'raw', text: random.pick(EDGE_VALUES) },
  ];
  switch (random.below(5)) {
    case 0:
      return fields.toSpliced(at, 1);
    case 1:
      return [...fields, [key, value]];
    case 2:
      return fields.toSpliced(at, 1, [random.pick(EDGE_KEYS), value]);
    case 3: {
      const any: Node = { kind: 'raw', text: random.pick(EDGE_VALUES) };
      const added = random.chance(0.2) ? nested(any, random.pick(DEPTHS), random.chance(0.5)) : any;
      return [...fields, [random.pick(EDGE_KEYS), added]];
    }
    default: {
      const [other] = fields[random.below(Math.max(1, fields.length))] ?? [key];
      return fields.toSpliced(at, 1, [other, value]);
    }
  }
}

function nested(node: Node, depth: number, inObjects: boolean): Node {
  const [open, close] = inObjects ? ['{"a":', '}'] : ['[', ']'];
  return { kind: 'raw', text: open.repeat(depth) + textOf(node) + close.repeat(depth) };
}

function anyPart(node: Node, random: Random): Node {
  const parts = partsOf(node);
  return parts.length === 0 || random.chance(0.4) ? node : anyPart(random.pick(parts), random);
}
