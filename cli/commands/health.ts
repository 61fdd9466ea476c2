import { readDistribution } from '../../shared/engine/distribution.ts';
import type { FileDistribution } from '../../shared/engine/distribution.ts';
import { durability, shares } from '../../shared/engine/durability.ts';
import type { Durability } from '../../shared/engine/durability.ts';
import { computeManifestId } from '../../shared/format/manifest.ts';
import { REPLICAS } from '../../shared/limits.ts';
import { safeName } from '../../shared/safe-name.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { ExitStatus } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { plural } from '../text.ts';
import { chooseSwarm } from '../transfer/choose-swarm.ts';
import type { ChosenSwarm, SwarmOptions } from '../transfer/choose-swarm.ts';
import { findNamedFile, manifestOf } from '../transfer/named-file.ts';
import { verdict } from '../transfer/file-verdict.ts';
import { createProgress } from '../transfer/progress.ts';

export type HealthOptions = SwarmOptions;

/** Asks who holds a file now. Resolves with `degraded` where copies are missing, `lost` where a part cannot be read now. */
export async function health(
  given: string,
  options: HealthOptions,
  output: Output,
  signal: AbortSignal,
): Promise<ExitStatus> {
  const named = await findNamedFile(given);
  const chosen = await chooseSwarm(options, 'download', signal);
  const manifest = await manifestOf(named, chosen, signal);
  const name = manifest.header.filename;
  const progress = createProgress({
    label: name,
    totalBytes: manifest.rows.length,
    visible: !output.json && process.stderr.isTTY,
    unit: 'chunks',
  });
  let distribution: FileDistribution;
  try {
    distribution = await readDistribution(
      { rows: manifest.rows, swarm: chosen.swarm, onProgress: (done) => progress.update(done) },
      signal,
    );
  } finally {
    progress.stop();
  }
  const state = durability(distribution);
  const word = chosen.memberWord;
  output.say(`${safeName(name)}: ${verdict(state, distribution, word)}`);
  for (const line of copyLines(state)) output.say(line);
  const held = heldRows(distribution, chosen);
  for (const { name: relay, chunks, sole } of held)
    output.say(`  ${relay}: ${plural(chunks, 'chunk')}${sole > 0 ? `, of ${sole} the only copy` : ''}`);
  if (distribution.silent > 0)
    output.warn(`${plural(distribution.silent, word)} did not answer: there may be more copies.`);
  const asked = distribution.chunks.length;
  if (asked < distribution.chunkCount)
    output.warn(`${asked} of its ${distribution.chunkCount} chunks were looked at, spread over the file.`);
  output.result({
    name,
    manifest_id: await computeManifestId(manifest),
    chunks: distribution.chunkCount,
    asked,
    by_copies: state.byCopies,
    fewest_copies: state.fewestCopies,
    fewest_hosts: state.fewestHosts,
    spare_relays: state.spareRelays,
    spare_hosts: state.spareHosts,
    lost: state.lost,
    short: state.short,
    silent: distribution.silent,
    relays: held.map(({ id, machine, chunks, sole }) => ({ relay: id, host: machine, chunks, sole })),
  });
  if (state.lost > 0) return EXIT_CODES.lost.status;
  return state.short > 0 ? EXIT_CODES.degraded.status : EXIT_CODES.ok.status;
}

function copyLines({ byCopies }: Durability): string[] {
  return byCopies.flatMap((count, copies) => {
    if (count === 0) return [];
    const more = copies === REPLICAS ? ' or more' : '';
    return [`  ${plural(count, 'chunk')} with ${plural(copies, 'copy', 'copies')}${more}`];
  });
}

/** Who holds something of it, most first. */
function heldRows(distribution: FileDistribution, { local, memberWord }: ChosenSwarm) {
  const { relays: counts } = shares(distribution);
  return distribution.relays
    .map(({ id, machine }, position) => ({
      id,
      machine,
      name: local?.nameOf(id) ?? `${memberWord} ${id}`,
      ...(counts[position] ?? { chunks: 0, sole: 0 }),
    }))
    .filter(({ chunks }) => chunks > 0)
    .sort((a, b) => b.chunks - a.chunks || a.name.localeCompare(b.name, 'en', { numeric: true }));
}
