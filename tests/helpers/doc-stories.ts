/** The docs' commands as stories: one a page, its commands typed one after the other, each of which has to end with 0. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { newSwarmKeyText } from '../../shared/protocol/swarm-key.ts';
import { commandsOn } from './doc-commands.ts';
import type { DocCommand } from './doc-commands.ts';
import { DocWorld } from './doc-world.ts';
import { fencedBlocks, readPages } from './docs.ts';
import type { Page } from './docs.ts';
import { writeMixedFile } from './files.ts';
import { freeUdpPort } from './relays.ts';
import type { RelaySwarm } from './relays.ts';

/** Commands that are not run, and what runs them. A command of npm has to be one of package.json's. */
export const EXCUSED: Readonly<Record<string, string>> = {
  'npm ci': 'CI begins with it: .ci/run',
  'npm install --global ./lanvault-0.1.0.tgz': 'tests/long/package.test.ts',
  'npm test': 'this is part of it',
  'npm start': 'builds, and network start with 50 relays: that is tests/long/fifty-relays.test.ts',
  'npm stop': 'network stop, which is run',
  'npm run lint': 'a step of npm test',
  'npm run types': 'a step of npm test',
  'npm run layers': 'a step of npm test',
  'npm run dead': 'a step of npm test',
  'npm run test:unit': 'a step of npm test',
  'npm run test:integration': 'a step of npm test',
  'npm run test:e2e': 'a step of npm test',
  'npm run test:long': 'takes an hour; by hand',
  'npm run fuzz': 'tests/long/fuzz.test.ts',
  'npm run chaos -- --minutes 30':
    'takes half an hour; by hand, and in short tests/integration/chaos.test.ts',
  'npm run chaos -- --mutants': 'takes twenty minutes; by hand',
  'python3 recover.py thesis.pdf.manifest thesis.pdf /mnt/disk-a/lanvault /mnt/disk-b/lanvault':
    'tests/integration/recover-without-us.test.ts',
  'install -Dm644 packaging/systemd/lanvault-relay.service /etc/systemd/system/lanvault-relay.service':
    'writes to /etc; the unit is checked by tests/unit/relay/operations.test.ts',
  'install -Dm644 packaging/relay.toml /etc/lanvault/relay.toml':
    'writes to /etc; the file is checked by tests/unit/relay/operations.test.ts',
  'systemctl enable --now lanvault-relay': 'needs systemd and root',
};

/** What a page takes for granted: files, relays, and what happens in between. */
interface Setting {
  /** Files in the working folder. */
  readonly files?: readonly string[];
  /** Where the page's first block of TOML is kept. */
  readonly config?: string;
  /** A server's certificate and its key. */
  readonly certificate?: readonly [string, string];
  /** Typed before the page begins. */
  readonly before?: readonly (readonly string[])[];
  /** The page starts its own relays; on how many machines those in the home folder. That takes long. */
  readonly ownRelays?: { readonly machines: number };
  /** Where a relay has run before. */
  readonly leftFolder?: string;
  /** A relay of the page's swarm that somebody has started meanwhile: its folder, and the command before which. */
  readonly meanwhile?: { readonly folder: string; readonly before: string };
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  'README.md': {
    files: ['holiday.mp4', 'thesis.pdf', 'clip.mp4'],
    before: [['distribute', 'clip.mp4', '-m', 'manifests/clip.manifest', '--scan']],
    meanwhile: { folder: 'lanvault-relay', before: 'unjoin' },
  },
  'docs/quick-start.md': {
    files: ['holiday.mp4'],
    ownRelays: { machines: 1 },
    before: [['network', 'start']],
  },
  'docs/deployments.md': {
    files: ['thesis.pdf', 'photos/harbour.jpg'],
    config: 'etc/lanvault/relay.toml',
    ownRelays: { machines: 3 },
    meanwhile: { folder: 'new-machine', before: 'unjoin' },
  },
  'docs/faq.md': {
    files: ['thesis.pdf'],
    before: [['distribute', 'thesis.pdf', '--scan']],
  },
  'docs/operations.md': {
    leftFolder: 'var/lib/lanvault',
    certificate: ['relay.crt', 'relay.key'],
    ownRelays: { machines: 1 },
  },
  'docs/cli.md': { files: ['thesis.pdf', 'video.mp4', 'photos/harbour.jpg'] },
};

/** A full block, and one that is not. */
const FILE_BYTES = 2 ** 20 + 17;

export interface Story {
  readonly page: Page;
  /** Without those that are excused. */
  readonly commands: readonly DocCommand[];
  /** Starts relays of its own. */
  readonly isLong: boolean;
}

export async function readStories(): Promise<Story[]> {
  const stories = (await readPages()).map((page) => ({
    page,
    commands: commandsOn(page).filter(({ text }) => EXCUSED[text] === undefined),
    isLong: SETTINGS[page.name]?.ownRelays !== undefined,
  }));
  const told = stories.filter(({ commands }) => commands.length > 0);
  // Relays that a page starts are missed for a while when it has ended: such pages come last.
  const startsRelays = ({ commands }: Story): boolean =>
    commands.some(({ args }) => args?.[0] === 'start-node');
  return told.toSorted((a, b) => Number(startsRelays(a)) - Number(startsRelays(b)));
}

/** `swarm`: of a page that starts no relays. */
export async function tellStory({ page, commands }: Story, swarm: RelaySwarm | null): Promise<void> {
  const setting: Setting = SETTINGS[page.name] ?? {};
  const { files = [], before = [], config, certificate, ownRelays, leftFolder, meanwhile } = setting;
  await using world = await DocWorld.create(
    swarm === null
      ? { discoveryPort: await freeUdpPort(), ...ownRelays }
      : { discoveryPort: swarm.discoveryPort, entryUrl: swarm.entry.url },
  );
  for (const file of files) {
    mkdirSync(path.dirname(world.path(file)), { recursive: true });
    await writeMixedFile(world.path(file), FILE_BYTES);
  }
  if (config !== undefined) {
    const shown = fencedBlocks(page).find(({ language }) => language === 'toml');
    await world.write(config, `${shown?.lines.join('\n') ?? ''}\n`);
    await world.write(path.join(path.dirname(config), 'swarm.key'), newSwarmKeyText());
  }
  if (certificate !== undefined) await world.certify(...certificate);
  if (leftFolder !== undefined) await world.leaveFolder(leftFolder);
  for (const args of before) expect(await world.run(args), args.join(' ')).toMatchObject({ code: 0 });
  for (const { text, args } of commands) {
    if (args === null) throw new Error(`Neither a command of ours nor excused: ${text}`);
    if (meanwhile !== undefined && args[0] === meanwhile.before) await world.addRelay(meanwhile.folder);
    const { code, stderr } = await world.run(args);
    expect(code, `${text}\n${stderr}`).toBe(0);
  }
}
