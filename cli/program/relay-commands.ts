/** Relays, in the foreground. */
import type { Command } from 'commander';
import { DEFAULT_DISCOVERY_PORT } from '../../shared/limits.ts';
import type { FsckOptions } from '../commands/fsck.ts';
import type { StartNodeOptions } from '../commands/start-node.ts';
import { repeatable } from '../option-parsers.ts';
import { withHelp } from './command-help.ts';
import { jsonOption, outputOf, text } from './shared-options.ts';
import type { Json, ProgramContext } from './shared-options.ts';

export function addRelayCommands(program: Command, { setStatus }: ProgramContext): void {
  const swarmKey = jsonOption(program.command('swarm-key'))
    .description('make the key of a private swarm')
    .argument('<file>', 'where the key goes; copy it to every machine by hand')
    .action(async (file: string, options: Json) => {
      const commands = await import('../commands/swarm-key.ts');
      await commands.swarmKey(file, outputOf(options));
    });
  withHelp(swarmKey, {
    examples: [
      ['swarm-key lab.key', 'make it once'],
      ['start-node --swarm-key lab.key', 'on every machine'],
      ['list --scan --swarm-key lab.key', 'and with every command'],
    ],
    outcomes: ['ok', 'usage', 'io', 'conflict'],
  });

  const startNode = relayOptions(program.command('start-node'))
    .description('run a relay that stores chunks, in the foreground')
    .option('--port <n>', 'HTTP port; 0 = any (default: 8000)')
    .option('--capacity <size>', 'bytes to lend, e.g. 10G; 0 = none (default: 10G)')
    .option('--min-free <size>', 'bytes of the disk that are never used (default: 64M)')
    .action(async (options: StartNodeOptions) => {
      const commands = await import('../commands/start-node.ts');
      setStatus(await commands.startNode(options));
    });
  withHelp(startNode, {
    details: [
      'Once it answers, it prints one line of JSON with its id and ports on stdout; its log goes to stderr. SIGINT or SIGTERM ends it in order.',
    ],
    examples: [
      ['start-node --storage-dir /srv/lanvault --capacity 200G', 'lend 200 GB'],
      ['start-node --join http://10.0.0.5:8000', 'where broadcasts do not reach'],
      ['start-node --config /etc/lanvault/relay.toml --print-config', 'see what it would run with'],
    ],
    outcomes: ['ok', 'usage', 'lost', 'io', 'conflict'],
  });
  const webUi = relayOptions(program.command('web-ui'))
    .description('run the web app with a relay that stores nothing, in the foreground')
    .option('--port <n>', 'HTTP port; 0 = any (default: 8888)')
    .action(async (options: StartNodeOptions) => {
      const commands = await import('../commands/start-node.ts');
      setStatus(await commands.webUi(options));
    });
  withHelp(webUi, {
    examples: [
      ['web-ui', 'then open http://localhost:8888'],
      ['web-ui --tls', 'phones too: http://localhost:8888/trust says how'],
      [
        'web-ui --tls-cert vault.crt --tls-key vault.key --allow-host vault.example.org',
        'a certificate of your own',
      ],
    ],
    outcomes: ['ok', 'usage', 'lost', 'io', 'conflict'],
  });
  addFsck(program, setStatus);
}

function addFsck(program: Command, setStatus: ProgramContext['setStatus']): void {
  const fsck = jsonOption(program.command('fsck'))
    .description('check the storage folder of a stopped relay, and mend it')
    .option('--storage-dir <folder>', 'where chunks, index and identity are kept')
    .option('--config <file>', 'the relay’s config file, which names the folder')
    .option('--repair', 'mend what is found; without it nothing is changed')
    .action(async (options: FsckOptions) => {
      const commands = await import('../commands/fsck.ts');
      setStatus(await commands.fsck(options));
    });
  withHelp(fsck, {
    details: [
      'Every chunk is hashed; the index and the deletions are compared with what is there. What has rotted is set aside, and comes back from other holders once the relay runs.',
    ],
    examples: [
      ['fsck --storage-dir /srv/lanvault', 'look'],
      ['fsck --storage-dir /srv/lanvault --repair', 'mend'],
    ],
    outcomes: ['ok', 'usage', 'lost', 'io', 'conflict', 'interrupted'],
  });
}

function relayOptions(command: Command): Command {
  return command
    .option('--storage-dir <folder>', 'where chunks, index and identity are kept')
    .option('--host <address>', 'address to listen on (default: 0.0.0.0)')
    .option('--link-port <n>', 'TCP port for links between relays; 0 = any (default: 0)')
    .option('--discovery-port <n>', `UDP port of beacons; 0 = off (default: ${DEFAULT_DISCOVERY_PORT})`)
    .option('--join <url>', 'a relay to join where broadcasts do not reach; repeatable', repeatable(text))
    .option('--allow-host <name>', 'a host name that clients may use for it; repeatable', repeatable(text))
    .option('--web-dir <folder>', 'the built web app (default: dist/web)')
    .option('--repair-grace <time>', 'how long a relay may be away before repair (default: 5m)')
    .option('--swarm-key <file>', 'key of a private swarm: only who has it takes part')
    .option(
      '--tls',
      'HTTPS too, by a certificate authority of one’s own, which devices trust once: see /trust',
    )
    .option('--tls-port <n>', 'HTTPS port; 0 = any (default: 8443)')
    .option('--tls-dir <folder>', 'where the authority is kept (default: tls in the storage folder)')
    .option('--tls-cert <file>', 'a certificate chain in PEM to use instead')
    .option('--tls-key <file>', 'its key in PEM')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent (default: info)')
    .option('--config <file>', 'a TOML file with any of these settings; flags count before it')
    .option('--print-config', 'print what the relay would run with, and where each value comes from');
}
