import { utf8 } from '../../shared/bytes.ts';
import { readDistribution } from '../../shared/engine/distribution.ts';
import { shares } from '../../shared/engine/durability.ts';
import { readNetworkSnapshot } from '../../shared/engine/network-snapshot.ts';
import type { NetworkSnapshot } from '../../shared/engine/network-snapshot.ts';
import { AppError } from '../../shared/errors.ts';
import { computeManifestId } from '../../shared/format/manifest.ts';
import { openFileOutput, streamOutput } from '../adapters/file-output.ts';
import type { Output } from '../output.ts';
import { resolveUserPath } from '../paths.ts';
import { distributionPicture } from '../picture/distribution-picture.ts';
import { toMermaid } from '../picture/mermaid.ts';
import type { Picture, PictureFormat } from '../picture/picture.ts';
import { toSvg } from '../picture/svg.ts';
import { topologyPicture } from '../picture/topology-picture.ts';
import { chooseSwarm, namesRelays } from '../transfer/choose-swarm.ts';
import type { ChosenSwarm, SwarmOptions } from '../transfer/choose-swarm.ts';
import { findNamedFile, manifestOf } from '../transfer/named-file.ts';
import type { NamedFile } from '../transfer/named-file.ts';

export interface VisualizeOptions extends SwarmOptions {
  readonly format?: PictureFormat;
  /** `-`, as without it: stdout. */
  readonly output?: string;
  readonly force?: boolean;
}

/** What is drawn, and the same as an object for programs. */
interface Drawn {
  readonly picture: Picture;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Draws the network, or with `given` where a file lies. */
export async function visualize(
  given: string | undefined,
  options: VisualizeOptions,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  const path = options.output === undefined || options.output === '-' ? null : options.output;
  const format = options.format ?? formatFor(path, output);
  if (output.json && path === null && format !== 'json')
    throw new AppError('BAD_INPUT', `Without --output, stdout carries the ${format}: leave out --json.`);
  const named = given === undefined ? null : await findNamedFile(given);
  if (named === null && !namesRelays(options))
    throw new AppError(
      'BAD_INPUT',
      'The local simulation has no network to draw: name a file, or add --scan or --entry-node URL.',
    );
  const chosen = await chooseSwarm(options, 'download', signal);
  const drawn = named === null ? await drawNetwork(chosen, signal) : await drawFile(named, chosen, signal);
  const text = render(drawn, format);
  if (path === null) {
    await streamOutput(process.stdout, signal).write(utf8(text));
    return;
  }
  const target = resolveUserPath(path);
  const bytes = utf8(text);
  await using file = await openFileOutput(target, { force: options.force === true, sizeBytes: bytes.length });
  await file.write(bytes);
  await file.commit();
  output.say(`Drawn: ${target}`);
  output.result({ file: target, format });
}

function formatFor(path: string | null, { json }: Output): PictureFormat {
  if (path?.endsWith('.svg') === true) return 'svg';
  return path?.endsWith('.json') === true || (json && path === null) ? 'json' : 'mermaid';
}

function render({ picture, data }: Drawn, format: PictureFormat): string {
  switch (format) {
    case 'svg':
      return toSvg(picture);
    case 'mermaid':
      return toMermaid(picture);
    case 'json':
      return `${JSON.stringify(data)}\n`;
  }
}

async function drawNetwork({ relays }: ChosenSwarm, signal: AbortSignal): Promise<Drawn> {
  if (relays === null) throw new AppError('INTERNAL', 'Relays were named, and there are none.');
  const { id } = await relays.status(signal);
  const snapshot = await readNetworkSnapshot(relays, id, signal);
  return { picture: topologyPicture(snapshot), data: networkData(snapshot) };
}

function networkData({ relays, links }: NetworkSnapshot): Drawn['data'] {
  return {
    relays: relays.map(({ id, host, port, machine, capacityBytes, state, entry, report }) => ({
      ...{ relay: id, address: host, port, host: machine, capacity: capacityBytes, state, entry },
      ...{ chunks: report?.chunks ?? null, used: report?.used ?? null },
    })),
    links,
  };
}

async function drawFile(named: NamedFile, chosen: ChosenSwarm, signal: AbortSignal): Promise<Drawn> {
  const { swarm, relays, local, memberWord } = chosen;
  const manifest = await manifestOf(named, chosen, signal);
  const { filename: name, size } = manifest.header;
  const [distribution, peers] = await Promise.all([
    readDistribution({ rows: manifest.rows, swarm }, signal),
    relays === null ? [] : relays.peers(signal),
  ]);
  const picture = distributionPicture({
    ...{ name, sizeBytes: size, distribution, memberWord },
    places: new Map(peers.map((peer) => [peer.id, peer])),
    nameOf: (id) => local?.nameOf(id),
  });
  const { relays: counts } = shares(distribution);
  const data = {
    name,
    manifest_id: await computeManifestId(manifest),
    chunks: distribution.chunkCount,
    silent: distribution.silent,
    relays: distribution.relays.map(({ id, machine }, i) => ({ relay: id, host: machine, ...counts[i] })),
    copies: distribution.chunks.map(({ index, holders }) => ({ index, relays: holders })),
  };
  return { picture, data };
}
