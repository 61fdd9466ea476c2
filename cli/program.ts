/** The commands and their options. Each command's module is loaded when it runs, so that `--help` is quick. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { DEFAULT_DISCOVERY_PORT, REPLICAS } from '../shared/limits.ts';
import { restartWithTunedMalloc } from './adapters/malloc.ts';
import { exitCodeHelp } from './exit-codes.ts';
import {
  integerBetween,
  parseCompression,
  parsePort,
  parsePortOrZero,
  parseRelayUrl,
  repeatable,
} from './option-parsers.ts';
import { createOutput } from './output.ts';
import { PROJECT_FOLDER } from './paths.ts';
import type { CatalogGetOptions, CatalogListOptions, CatalogPublishOptions } from './commands/catalog.ts';
import type { DeleteOptions } from './commands/delete.ts';
import type { DistributeOptions } from './commands/distribute.ts';
import type { NetworkStartOptions } from './commands/network-start.ts';
import type { NetworkStatusOptions } from './commands/network-status.ts';
import type { NetworkStopOptions } from './commands/network-stop.ts';
import type { PruneOptions } from './commands/prune.ts';
import type { RepairOptions } from './commands/repair.ts';
import type { ReconstructOptions } from './commands/reconstruct.ts';
import type { UnjoinOptions } from './commands/unjoin.ts';
import type { StartNodeOptions } from './commands/start-node.ts';
import type { VaultPhraseOptions, VaultRestoreOptions } from './commands/vault.ts';
import type { ListOptions } from './commands/list.ts';

interface Json {
  readonly json?: boolean;
}

type SetStatus = (status: number) => void;

/** `setStatus` gets the exit status of a command that ended without an error. */
export function createProgram(signal: AbortSignal, setStatus: SetStatus): Command {
  const program = new Command('lanvault')
    .description('One private, redundant store out of the spare disks on your LAN.')
    .version(packageVersion())
    .helpCommand(false)
    .showHelpAfterError(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', `\n${exitCodeHelp()}`);
  addFileCommands(program, signal, setStatus);
  addVaultCommands(program, signal);
  addCatalogCommands(program, signal);
  addRelayCommands(program, setStatus);
  addNetworkCommands(program, signal, setStatus);
  addOperatorCommands(program, signal, setStatus);
  return program;
}

function swarmOptions(command: Command): Command {
  return command
    .option('--scan', 'find relays by their beacons')
    .option('--entry-node <url>', 'a relay to talk to; repeatable, tried in turn', repeatable(parseRelayUrl))
    .option('--discovery-port <n>', 'UDP port that --scan listens on', parsePort, DEFAULT_DISCOVERY_PORT)
    .option('--data-dir <folder>', 'nodes of the local simulation (default: network_data)')
    .option('--swarm-key <file>', 'key of a private swarm')
    .option('--json', 'print JSON');
}

function addFileCommands(program: Command, signal: AbortSignal, setStatus: SetStatus): void {
  const text = (value: string): string => value;
  swarmOptions(program.command('distribute [files...]'))
    .description('encrypt files and spread them; without --scan or --entry-node, over simulated nodes')
    .option('-f, --file <file>', 'a file to upload; repeatable', repeatable(text))
    .option('-r, --recursive', 'upload every file in a folder')
    .option('-m, --manifest <path>', 'where the manifest goes (default: manifests/NAME.manifest)')
    .option('--compression <mode>', 'smallest, fast or none', parseCompression, 'smallest')
    .option('--min-replicas <n>', 'fail with fewer copies of a chunk', integerBetween(1, REPLICAS), 1)
    .option('--publish', 'into the public catalog too: anyone on the swarm can then read it')
    .option('--yes', 'do not ask before publishing')
    .action(async (files: string[], options: DistributeOptions & Json) => {
      restartWithTunedMalloc();
      const { distribute } = await import('./commands/distribute.ts');
      setStatus(await distribute(files, options, outputOf(options), signal));
    });
  swarmOptions(program.command('reconstruct [names...]'))
    .description('get a file back: reconstruct MANIFEST|LINK OUTPUT')
    .usage('[options] MANIFEST|LINK OUTPUT')
    .option('-m, --manifest <path>', 'the manifest; - = stdin')
    .option('-o, --output <path>', 'where the file goes; a folder keeps its name, - = stdout')
    .option('--kill-node <name>', 'take a simulated node as dead; repeatable', repeatable(text))
    .option('--force', 'replace an existing file')
    .action(async (names: string[], options: ReconstructOptions & Json) => {
      restartWithTunedMalloc();
      const { reconstruct } = await import('./commands/reconstruct.ts');
      await reconstruct(names, options, outputOf(options), signal);
    });
  swarmOptions(program.command('delete <manifest>'))
    .description('delete a file that this device has uploaded, for everybody; MANIFEST or its id')
    .option('--kill-node <name>', 'take a simulated node as dead; repeatable', repeatable(text))
    .option('--yes', 'do not ask')
    .action(async (manifest: string, options: DeleteOptions & Json) => {
      const { deleteFile } = await import('./commands/delete.ts');
      setStatus(await deleteFile(manifest, options, outputOf(options), signal));
    });
  swarmOptions(program.command('prune'))
    .description('find and delete what this device has stored and no file of it needs any more')
    .option('--dry-run', 'only list')
    .option('--ignore-absent', 'go on though relays that have chunks of yours are away')
    .option('--yes', 'do not ask')
    .action(async (options: PruneOptions & Json) => {
      const { prune } = await import('./commands/prune.ts');
      setStatus(await prune(options, outputOf(options), signal));
    });
}

function addVaultCommands(program: Command, signal: AbortSignal): void {
  const load = () => import('./commands/vault.ts');
  swarmOptions(program.command('list'))
    .description('list the files of your vault; with --scan or --entry-node, as all of its devices know them')
    .option('--links', 'with the link of each: whoever has it can read the file')
    .action(async (options: ListOptions & Json) => {
      const { list } = await import('./commands/list.ts');
      await list(options, outputOf(options), signal);
    });
  const vault = program.command('vault').description('your vault: what all your files can be read with');
  vault
    .command('phrase')
    .description('show the 24 words that bring the vault and its files back on another device')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .action(async (options: VaultPhraseOptions & Json) => {
      await (await load()).vaultPhrase(options, outputOf(options), signal);
    });
  swarmOptions(vault.command('restore'))
    .description('make this device one of the vault whose 24 words are typed or piped in')
    .action(async (options: VaultRestoreOptions & Json) => {
      await (await load()).vaultRestore(options, outputOf(options), signal);
    });
}

function addCatalogCommands(program: Command, signal: AbortSignal): void {
  const catalog = program.command('catalog').description('files that anyone on the swarm can find and read');
  const load = () => import('./commands/catalog.ts');
  swarmOptions(catalog.command('list'))
    .description('list what is published')
    .option('--mine', 'only what this device has published')
    .action(async (options: CatalogListOptions & Json) => {
      await (await load()).catalogList(null, options, outputOf(options), signal);
    });
  swarmOptions(catalog.command('search <text>'))
    .description('list what has the text in its name')
    .action(async (query: string, options: CatalogListOptions & Json) => {
      await (await load()).catalogList(query, options, outputOf(options), signal);
    });
  swarmOptions(catalog.command('get <name> <output>'))
    .description('get a published file; NAME or id, OUTPUT as for reconstruct')
    .option('--force', 'replace an existing file')
    .action(async (name: string, target: string, options: CatalogGetOptions & Json) => {
      restartWithTunedMalloc();
      await (await load()).catalogGet(name, target, options, outputOf(options), signal);
    });
  swarmOptions(catalog.command('publish <manifest>'))
    .description('publish a file that is on relays: anyone on the swarm can then find and read it')
    .option('--yes', 'do not ask')
    .action(async (manifest: string, options: CatalogPublishOptions & Json) => {
      await (await load()).catalogPublish(manifest, options, outputOf(options), signal);
    });
  swarmOptions(catalog.command('unpublish <name>'))
    .description('take back what this device has published; NAME or id')
    .action(async (name: string, options: CatalogListOptions & Json) => {
      await (await load()).catalogUnpublish(name, options, outputOf(options), signal);
    });
}

function addRelayCommands(program: Command, setStatus: SetStatus): void {
  const text = (value: string): string => value;
  const relayOptions = (command: Command): Command =>
    command
      .option('--storage-dir <folder>', 'where chunks, index and identity are kept')
      .option('--host <address>', 'address to listen on (default: 0.0.0.0)')
      .option('--link-port <n>', 'TCP port for links between relays; 0 = any (default: 0)')
      .option('--discovery-port <n>', `UDP port of beacons; 0 = off (default: ${DEFAULT_DISCOVERY_PORT})`)
      .option('--join <url>', 'a relay to join where broadcasts do not reach; repeatable', repeatable(text))
      .option('--allow-host <name>', 'a host name that clients may use for it; repeatable', repeatable(text))
      .option('--web-dir <folder>', 'the built web app (default: dist/web)')
      .option('--repair-grace <time>', 'how long a relay may be away before repair (default: 5m)')
      .option('--swarm-key <file>', 'key of a private swarm: only who has it takes part')
      .option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: info)');

  program
    .command('swarm-key <file>')
    .description('make the key of a private swarm')
    .option('--json', 'print JSON')
    .action(async (file: string, options: Json) => {
      const { swarmKey } = await import('./commands/swarm-key.ts');
      await swarmKey(file, outputOf(options));
    });
  relayOptions(program.command('start-node'))
    .description('run a relay that stores chunks, in the foreground')
    .option('--port <n>', 'HTTP port; 0 = any', '8000')
    .option('--capacity <size>', 'bytes to lend, e.g. 10G; 0 = none (default: 10G)')
    .action(async (options: StartNodeOptions) => {
      const { startNode } = await import('./commands/start-node.ts');
      setStatus(await startNode(options));
    });
  relayOptions(program.command('web-ui'))
    .description('run the web app with a relay that stores nothing, in the foreground')
    .option('--port <n>', 'HTTP port; 0 = any', '8888')
    .action(async (options: StartNodeOptions) => {
      const { webUi } = await import('./commands/start-node.ts');
      setStatus(await webUi(options));
    });
}

function addNetworkCommands(program: Command, signal: AbortSignal, setStatus: SetStatus): void {
  const network = program.command('network').description('a whole network of relays on this machine');
  const dataDir = new Option('--data-dir <folder>', 'data of the relays (default: network_data)');
  const logDir = new Option('--log-dir <folder>', 'their logs (default: logs)');
  const json = new Option('--json', 'print JSON');

  network
    .command('start')
    .description('start relays and the web UI in the background')
    .option('--nodes <n>', 'how many relays', integerBetween(1, 1000), 50)
    .option('--base-port <n>', 'HTTP port of the first; 0 = any ports', parsePortOrZero, 8000)
    .option('--web-port <n>', 'port of the web UI; 0 = any', parsePortOrZero, 8888)
    .option('--host <address>', 'address to listen on; 0.0.0.0 opens it to the LAN', '127.0.0.1')
    .option('--discovery-port <n>', 'UDP port of beacons', parsePort, DEFAULT_DISCOVERY_PORT)
    .option('--swarm-key <file>', 'key that makes the network private')
    .addOption(dataDir)
    .addOption(logDir)
    .addOption(json)
    .action(async (options: NetworkStartOptions & Json) => {
      const { networkStart } = await import('./commands/network-start.ts');
      await networkStart(options, outputOf(options), signal);
    });
  network
    .command('stop')
    .description('stop them')
    .option('--clean', 'remove their data and logs as well')
    .addOption(dataDir)
    .addOption(logDir)
    .addOption(json)
    .action(async (options: NetworkStopOptions & Json) => {
      const { networkStop } = await import('./commands/network-stop.ts');
      await networkStop(options, outputOf(options));
    });
  network
    .command('status')
    .description('show each of them')
    .addOption(dataDir)
    .addOption(json)
    .action(async (options: NetworkStatusOptions & Json) => {
      const { networkStatus } = await import('./commands/network-status.ts');
      setStatus(await networkStatus(options, outputOf(options), signal));
    });
}

function addOperatorCommands(program: Command, signal: AbortSignal, setStatus: SetStatus): void {
  const operated = (command: Command): Command =>
    command
      .option('--storage-dir <folder>', 'the storage folder of the relay, with its operator.token')
      .option('--entry-node <url>', 'where the relay is reached, if not at its own address', parseRelayUrl)
      .option('--data-dir <folder>', 'data of the running network (default: network_data)')
      .option('--json', 'print JSON');

  operated(program.command('repair [relays...]'))
    .description('make missing copies now: on one relay, or on each of the running network')
    .action(async (relays: string[], options: RepairOptions & Json) => {
      const { repair } = await import('./commands/repair.ts');
      setStatus(await repair(relays, options, outputOf(options), signal));
    });
  operated(program.command('unjoin [relay]'))
    .description('have a relay hand its chunks over to others, wipe them and stop')
    .option('--yes', 'do not ask')
    .action(async (relay: string | undefined, options: UnjoinOptions & Json) => {
      const { unjoin } = await import('./commands/unjoin.ts');
      setStatus(await unjoin(relay, options, outputOf(options), signal));
    });
}

function outputOf(options: Json): ReturnType<typeof createOutput> {
  return createOutput({ json: options.json === true });
}

function packageVersion(): string {
  const text = readFileSync(join(PROJECT_FOLDER, 'package.json'), 'utf8');
  const { version } = JSON.parse(text) as { version: string };
  return version;
}
