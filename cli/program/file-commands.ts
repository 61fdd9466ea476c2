/** Files: in, out and away. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { COMPRESSION_MODES } from '../../shared/codec/compression.ts';
import { REPLICAS } from '../../shared/limits.ts';
import { restartWithTunedMalloc } from '../adapters/malloc.ts';
import type { DeleteOptions } from '../commands/delete.ts';
import type { DistributeOptions } from '../commands/distribute.ts';
import type { ExportOptions } from '../commands/export.ts';
import type { HealthOptions } from '../commands/health.ts';
import type { PruneOptions } from '../commands/prune.ts';
import type { ReconstructOptions } from '../commands/reconstruct.ts';
import type { ShareOptions } from '../commands/share.ts';
import type { VisualizeOptions } from '../commands/visualize.ts';
import { PICTURE_FORMATS } from '../picture/picture.ts';
import { integerBetween, parseRelayUrl, repeatable } from '../option-parsers.ts';
import { withHelp } from './command-help.ts';
import { killNodeOption, outputOf, swarmOptions, text } from './shared-options.ts';
import type { Json, ProgramContext } from './shared-options.ts';

export function addFileCommands(program: Command, context: ProgramContext): void {
  addDistribute(program, context);
  addReconstruct(program, context);
  addShare(program, context);
  addHealth(program, context);
  addVisualize(program, context);
  addDelete(program, context);
  addExport(program, context);
  addPrune(program, context);
}

function addDistribute(program: Command, { signal, setStatus }: ProgramContext): void {
  const command = swarmOptions(program.command('distribute'))
    .description('encrypt files and spread them; without --scan or --entry-node, over simulated nodes')
    .argument('[files...]', 'files, or folders with -r; - = stdin, with --name')
    .option('-f, --file <file>', 'a file to upload; repeatable', repeatable(text))
    .option('-r, --recursive', 'upload every file in a folder')
    .option('-m, --manifest <path>', 'where the manifest goes; - = stdout (default: manifests/NAME.manifest)')
    .option('--name <name>', 'what the file is called from now on, or a path in your vault')
    .addOption(
      new Option('--compression <mode>', 'how blocks are compressed')
        .choices(COMPRESSION_MODES)
        .default('smallest'),
    )
    .option('--min-replicas <n>', 'fail with fewer copies of a chunk', integerBetween(1, REPLICAS), 1)
    .option('--publish', 'into the public catalog too: anyone on the swarm can then read it')
    .option('--yes', 'do not ask before publishing')
    .action(async (files: string[], options: DistributeOptions & Json) => {
      restartWithTunedMalloc();
      const { distribute } = await import('../commands/distribute.ts');
      setStatus(await distribute(files, options, outputOf(options), signal));
    });
  withHelp(command, {
    details: [
      'The manifest is the key to the file: whoever has it can read the file, and without it nobody can. An upload that was interrupted goes on when the same command is given again.',
    ],
    examples: [
      ['distribute thesis.pdf --scan', 'to relays on the LAN; manifests/thesis.pdf.manifest'],
      ['distribute -r photos --entry-node 10.0.0.5:8000', 'a whole folder'],
      ['tar c home | lanvault distribute - --name home.tar --scan', 'from another program'],
      ['distribute video.mp4', 'to the local simulation, for a try'],
    ],
    outcomes: [
      'ok',
      'usage',
      'degraded',
      'relays',
      'lost',
      'io',
      'changed',
      'conflict',
      'forbidden',
      'interrupted',
    ],
  });
}

function addReconstruct(program: Command, { signal }: ProgramContext): void {
  const command = killNodeOption(swarmOptions(program.command('reconstruct')))
    .description('get a file back: by its manifest, by a link, or from your vault’s list')
    .argument('[names...]', 'the file, and where it goes')
    .usage('[options] MANIFEST|LINK|PATH OUTPUT')
    .option('-m, --manifest <path>', 'the manifest; - = stdin')
    .option('-o, --output <path>', 'where the file goes; a folder keeps its name, - = stdout')
    .option('--force', 'replace an existing file')
    .action(async (names: string[], options: ReconstructOptions & Json) => {
      restartWithTunedMalloc();
      const { reconstruct } = await import('../commands/reconstruct.ts');
      await reconstruct(names, options, outputOf(options), signal);
    });
  withHelp(command, {
    details: [
      'Every chunk is verified, and OUTPUT is either whole or not there. --kill-node leaves nodes of the simulation out, as if they were dead.',
    ],
    examples: [
      ['reconstruct manifests/thesis.pdf.manifest copy.pdf --scan', 'from relays on the LAN'],
      ['reconstruct photos/harbour.jpg . --scan', 'a file of your vault’s list'],
      ['reconstruct manifests/home.tar.manifest - --scan | tar x', 'to another program'],
      ['reconstruct manifests/video.mp4.manifest copy.mp4 --kill-node node_3', 'with a dead node'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}

function addShare(program: Command, { signal }: ProgramContext): void {
  const command = swarmOptions(program.command('share'))
    .description('give the link of a file: whoever has it can read the file')
    .argument('<file>', 'its manifest, or its path or id in your vault’s list; - = a manifest on stdin')
    .option('--qr', 'as a QR code too')
    .option('--web <url>', 'the relay that the web form of the link leads to', parseRelayUrl)
    .action(async (file: string, options: ShareOptions & Json) => {
      const { share } = await import('../commands/share.ts');
      await share(file, options, outputOf(options), signal);
    });
  withHelp(command, {
    details: [
      'A file of your vault’s list has a link already. Of any other the manifest is stored on the relays first, and the file comes into the list.',
    ],
    examples: [
      ['share photos/harbour.jpg', 'needs no network'],
      ['share photos/harbour.jpg --qr --web http://10.0.0.5:8000', 'for a phone'],
      ['share friend.manifest --scan', 'a file that is not in the list'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}

function addHealth(program: Command, { signal, setStatus }: ProgramContext): void {
  const command = killNodeOption(swarmOptions(program.command('health')))
    .description('ask who holds a file now, and what may fail before it is lost')
    .argument(
      '<file>',
      'its manifest, a link, or its path or id in your vault’s list; - = a manifest on stdin',
    )
    .action(async (file: string, options: HealthOptions & Json) => {
      const { health } = await import('../commands/health.ts');
      setStatus(await health(file, options, outputOf(options), signal));
    });
  withHelp(command, {
    details: [
      'Relays are asked what they hold; nothing is read. To have every chunk verified, use "reconstruct FILE /dev/null".',
    ],
    examples: [
      ['health photos/harbour.jpg --scan', 'a file of your vault’s list'],
      ['health manifests/video.mp4.manifest --kill-node node_3', 'in the local simulation'],
    ],
    outcomes: ['ok', 'usage', 'degraded', 'relays', 'lost', 'io', 'forbidden', 'interrupted'],
  });
}

function addVisualize(program: Command, { signal }: ProgramContext): void {
  const command = killNodeOption(swarmOptions(program.command('visualize')))
    .description('draw the network, or where a file lies')
    .argument(
      '[file]',
      'its manifest, a link, or its path or id in your vault’s list; - = a manifest on stdin',
    )
    .addOption(
      new Option(
        '--format <format>',
        'what to draw it as (default: as the name of OUTPUT says, else mermaid)',
      ).choices(PICTURE_FORMATS),
    )
    .option('-o, --output <path>', 'where the picture goes; - = stdout (default: stdout)')
    .option('--force', 'replace an existing file')
    .action(async (file: string | undefined, options: VisualizeOptions & Json) => {
      const { visualize } = await import('../commands/visualize.ts');
      await visualize(file, options, outputOf(options), signal);
    });
  withHelp(command, {
    details: [
      'The network: its relays by host, and the links between them as one of them knows it. A file: who holds how many of its chunks, and how many copies there are along it. Mermaid is drawn by GitHub, GitLab and many editors; an SVG by every browser, light or dark as its reader likes.',
    ],
    examples: [
      ['visualize --scan -o network.svg', 'the relays on the LAN'],
      ['visualize photos/harbour.jpg --scan', 'a file of your vault’s list, as Mermaid'],
      ['visualize manifests/video.mp4.manifest -o video.svg', 'in the local simulation'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}

function addDelete(program: Command, { signal, setStatus }: ProgramContext): void {
  const command = killNodeOption(swarmOptions(program.command('delete')))
    .description('delete a file for everybody: one that this device has uploaded, or of an owner’s manifest')
    .argument('<manifest>', 'its manifest, its id, or an owner’s link; - = stdin')
    .option('--yes', 'do not ask')
    .action(async (manifest: string, options: DeleteOptions & Json) => {
      const { deleteFile } = await import('../commands/delete.ts');
      setStatus(await deleteFile(manifest, options, outputOf(options), signal));
    });
  withHelp(command, {
    details: [
      'A relay that is away is shown as pending: it deletes when it comes back, before it serves anything. The right to delete comes from the vault and the journal of this device, or from an owner’s manifest or link; a reader’s gives the right to read only.',
    ],
    examples: [
      ['delete manifests/thesis.pdf.manifest --scan', 'asks first'],
      ['delete manifests/thesis.pdf.manifest --scan --yes', 'for scripts'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}

function addExport(program: Command, { signal }: ProgramContext): void {
  const command = swarmOptions(program.command('export'))
    .description('write a manifest: of a link, or with --owner one that gives the right to delete')
    .argument('<manifest>', 'a manifest or a link; - = stdin')
    .argument('[output]', 'where it goes (default: NAME.manifest or NAME.owner.manifest here); - = stdout')
    .option('--owner', 'with the right to delete the file for everybody')
    .action(async (manifest: string, target: string | undefined, options: ExportOptions & Json) => {
      const { exportManifest } = await import('../commands/export.ts');
      await exportManifest(manifest, target ?? null, options, outputOf(options), signal);
    });
  withHelp(command, {
    details: [
      'A reader’s manifest gives the right to read, never to delete. An owner’s has the delete tokens of the file’s chunks besides, and whoever has it can use "lanvault delete" on it. It is the same file: both manifests have one id.',
    ],
    examples: [
      ['export manifests/plan.pdf.manifest --owner --scan', 'plan.pdf.owner.manifest'],
      ["export 'lanvault:…' plan.manifest --scan", 'keeps what a link leads to'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}

function addPrune(program: Command, { signal, setStatus }: ProgramContext): void {
  const command = swarmOptions(program.command('prune'))
    .description('find and delete what this device has stored and no file of it needs any more')
    .option('--dry-run', 'only list')
    .option('--ignore-absent', 'go on though relays that have chunks of yours are away')
    .option('--yes', 'do not ask')
    .action(async (options: PruneOptions & Json) => {
      const { prune } = await import('../commands/prune.ts');
      setStatus(await prune(options, outputOf(options), signal));
    });
  withHelp(command, {
    details: [
      'It deletes nothing when it cannot know everything, spares what is younger than an hour, and cannot touch chunks of other people or devices.',
    ],
    examples: [
      ['prune --scan --dry-run', 'what would be deleted'],
      ['prune --scan', 'lists, asks, deletes'],
    ],
    outcomes: ['ok', 'usage', 'relays', 'lost', 'io', 'conflict', 'forbidden', 'interrupted'],
  });
}
