/** What an entry relay that lies can do to a client, and what it cannot: as docs/threat-model.md has it. */
import { access, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { HostileEntry } from '../helpers/hostile-entry.ts';
import type { EntryLie } from '../helpers/hostile-entry.ts';
import { startRelays } from '../helpers/relays.ts';
import { holdersOfAll } from '../helpers/stored-chunks.ts';

const A = 'manifests/a.raw.manifest';
const B = 'manifests/b.raw.manifest';

test('a hostile entry relay can refuse, and make a swarm up; what it gives, forges or keeps does not pass', async () => {
  await using swarm = await startRelays(5);
  await using entry = await HostileEntry.start(swarm.entry.url);
  await using user = await CliUser.create();
  const copiesOf = async (manifest: string): Promise<number> => {
    const { chunks } = JSON.parse(await readFile(user.path(manifest), 'utf8')) as {
      chunks: { id: string }[];
    };
    const holders = await holdersOfAll(swarm.relays.map(({ dir }) => dir));
    return chunks.flatMap(({ id }) => holders.get(id) ?? []).length;
  };
  const through = async (lie: EntryLie | undefined, ...command: string[]): Promise<number | null> => {
    entry.lie = lie;
    entry.bent = 0;
    const { code } = await user.run(...command, '--entry-node', entry.url);
    expect(entry.bent > 0).toBe(lie !== undefined);
    return code;
  };
  const isThere = (name: string): Promise<boolean> =>
    access(user.path(name)).then(
      () => true,
      () => false,
    );
  await writeMixedFile(user.path('a.raw'), 50_000);
  await writeMixedFile(user.path('b.raw'), 60_000);

  // As long as it forwards, all is well.
  expect(await through(undefined, 'distribute', 'a.raw')).toBe(0);
  expect(await copiesOf(A)).toBe(5);

  // It cannot give other bytes, or none, for a file: the client says so and writes nothing.
  for (const lie of ['wrong-bytes', 'no-bytes'] as const) {
    expect(await through(lie, 'reconstruct', A, 'copy.raw')).not.toBe(0);
    expect(await isThere('copy.raw')).toBe(false);
  }
  // It cannot make one believe that relays of the swarm hold what they do not.
  for (const lie of ['forged-receipts', 'old-receipts'] as const) {
    expect(await through(lie, 'distribute', 'b.raw')).not.toBe(0);
    expect(await isThere(B)).toBe(false);
  }

  // It can say that all have deleted, and tell nobody: the file can still be read. Another relay deletes it.
  expect(await through('false-deletion', 'delete', A, '--yes')).toBe(0);
  expect(await copiesOf(A)).toBe(5);

  // It can show five identities of its own as the swarm: they sign, and the file is lost.
  expect(await through('own-swarm', 'distribute', 'b.raw')).toBe(0);
  expect(await copiesOf(B)).toBe(0);
  const lost = await user.run('reconstruct', B, 'b.copy', '--entry-node', swarm.entry.url);
  expect(lost.code).not.toBe(0);

  // What was uploaded through it comes back through any other relay.
  const other = swarm.relays[3]?.url ?? '';
  const down = await user.run('reconstruct', A, 'copy.raw', '--entry-node', other);
  expect(down, down.stderr).toMatchObject({ code: 0 });
  expect(await sha256OfFile(user.path('copy.raw'))).toBe(await sha256OfFile(user.path('a.raw')));
});
