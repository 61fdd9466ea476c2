import { addressOf } from '../../shared/protocol/address.ts';
import type { NetworkRelay, NetworkSnapshot } from '../../shared/engine/network-snapshot.ts';
import { formatBytes, plural } from '../text.ts';
import { hostsOf, legendOf } from './picture.ts';
import type { LegendEntry, Picture, PictureLine, PictureRelay } from './picture.ts';

const MEANINGS: readonly LegendEntry[] = [
  { mark: 'entry', text: 'the relay that was asked' },
  { mark: 'good', text: 'stores' },
  { mark: 'idle', text: 'stores nothing' },
  { mark: 'silent', text: 'does not answer' },
  { mark: 'line', text: 'neighbours in the gossip mesh' },
  { mark: 'dashed', text: 'another link of the relay that was asked' },
];

/** Relays by host, and the links between them. */
export function topologyPicture({ relays, links }: NetworkSnapshot): Picture {
  const shown = relays.map((relay) => ({ ...relay, relay: relayOf(relay) }));
  const hosts = hostsOf(shown);
  const lines = links.map(({ a, b, mesh }): PictureLine => ({
    from: a,
    to: b,
    weight: 1,
    dashed: !mesh,
    label: '',
  }));
  const drawn = shown.map(({ relay }) => relay);
  return {
    title: `${plural(relays.length, 'relay')} on ${hosts.length === 1 ? (hosts[0]?.name ?? '') : plural(hosts.length, 'host')}`,
    description: describe(relays, lines),
    ...{ file: null, hosts, lines, copies: [] },
    legend: legendOf(MEANINGS, drawn, lines),
  };
}

function relayOf({ id, host, port, capacityBytes, state, entry, report }: NetworkRelay): PictureRelay {
  return {
    id,
    address: addressOf({ host, port }),
    name: `:${port}`,
    figures:
      capacityBytes === 0 || report === null
        ? ''
        : `${plural(report.chunks, 'chunk')}, ${formatBytes(report.used)}`,
    look: state === 'suspect' ? 'silent' : capacityBytes === 0 ? 'idle' : 'good',
    entry,
  };
}

function describe(relays: readonly NetworkRelay[], lines: readonly PictureLine[]): string {
  const mesh = lines.filter(({ dashed }) => !dashed).length;
  const reports = relays.flatMap(({ report }) => report ?? []);
  const used = reports.reduce((sum, report) => sum + report.used, 0);
  const copies = reports.reduce((sum, report) => sum + report.chunks, 0);
  const silent = relays.filter(({ state }) => state === 'suspect').length;
  const distrusted = relays.filter((relay) => relay.distrusted).length;
  return [
    `They hold ${plural(copies, 'copy', 'copies')} of chunks, ${formatBytes(used)} in all.`,
    `${plural(mesh, 'link')} in the gossip mesh.`,
    ...(silent > 0 ? [`${plural(silent, 'relay does', 'relays do')} not answer.`] : []),
    ...(distrusted > 0 ? [`${plural(distrusted, 'relay lacks', 'relays lack')} chunks that it claims.`] : []),
  ].join(' ');
}
