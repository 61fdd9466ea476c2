/** What a crash prints of an error, its causes included, has nothing of the secret that could not be read. */
import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import Type from 'typebox';
import { parsePayload } from '../../../shared/format/capability-payload.ts';
import { parseAnyLink } from '../../../shared/format/capability.ts';
import { parseManifest } from '../../../shared/format/manifest-parse.ts';
import { parseJsonWith } from '../../../shared/protocol/schemas.ts';
import { parseSwarmKey } from '../../../shared/protocol/swarm-key.ts';
import { utf8 } from '../../../shared/bytes.ts';

const SECRET = 'Zk7Qp2Xv9Lm4Rt6Wy1Bn8Hc3Jd5Fg0SaUeIoAqWsEdR';
/** As much as V8 quotes of a text that is not JSON is a part of it. */
const PART_CHARS = 6;

const Vault = Type.Object({ secret: Type.String() });
/** A file that was cut or scribbled on, where its secret stands. */
const DAMAGED = [
  SECRET,
  `{"secret":${SECRET}}`,
  `{"secret":"${SECRET}"x}`,
  `{"secret":"${SECRET}`,
  `{"secret":"${SECRET.slice(0, 20)}\n${SECRET.slice(20)}"}`,
];

const readers: readonly (readonly [string, (text: string) => unknown])[] = [
  ['a vault file', (text) => parseJsonWith(Vault, text, 'The vault')],
  ['a swarm key', (text) => parseSwarmKey(`${text}!`)],
  ['a link', (text) => parseAnyLink(`lanvault:${text}#${SECRET}`)],
  ['a manifest', (text) => parseManifest([utf8(text.replace('secret', 'key'))])],
  ['what a link leads to', (text) => parsePayload(utf8(text))],
];

it.each(readers)('of %s', async (_what, read) => {
  for (const text of DAMAGED) {
    const thrown: unknown = await Promise.resolve()
      .then(() => read(text))
      .catch((cause: unknown) => cause);
    expect(thrown).toBeInstanceOf(Error);
    const printed = inspect(thrown, { depth: Infinity, showHidden: true });
    for (let at = 0; at + PART_CHARS <= SECRET.length; at++)
      expect(printed).not.toContain(SECRET.slice(at, at + PART_CHARS));
  }
});
