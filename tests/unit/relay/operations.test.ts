/** docs/operations.md and packaging/ say what the relay does. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../cli/program.ts';
import { startRelay } from '../../../relay/app.ts';
import { readCommandLine } from '../../../relay/config/command-line.ts';
import { SETTING_NAMES, settingOf } from '../../../relay/config/settings.ts';
import { readEnvironment, variableOf } from '../../../relay/config/sources.ts';
import { FINDINGS } from '../../../relay/storage/fsck/findings.ts';
import { RelayEvent } from '../../../shared/protocol/events.ts';
import { REPO } from '../../helpers/programs.ts';
import { relayConfig } from '../../helpers/relay-config.ts';
import { tempFolder } from './fixtures.ts';

/** As for tests: a machine under load compiles a relay slowly. */
const HOOK_TIMEOUT_MS = 120_000;
const read = (file: string): Promise<string> => readFile(path.join(REPO, file), 'utf8');

let page: string;
/** Name → help, as a relay tells them. */
let metrics: Map<string, string>;
beforeAll(async () => {
  page = await read('docs/operations.md');
  await using folder = await tempFolder();
  const places = [
    '--storage-dir',
    folder.path,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--discovery-port',
    '0',
  ];
  await using relay = await startRelay(await relayConfig(...places, '--log-level', 'silent'));
  const text = await (await fetch(`http://127.0.0.1:${relay.httpPort}/metrics`)).text();
  metrics = new Map(
    Array.from(text.matchAll(/^# HELP (\S+) (.+)$/gm), ([, name = '', help = '']) => [name, help]),
  );
}, HOOK_TIMEOUT_MS);

/** The rows of a section's table whose first cells are code. */
function rowsOf(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}`);
  return (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('| `'));
}

describe('docs/operations.md', () => {
  it('has every setting as it is', () => {
    const rows = SETTING_NAMES.map((name) => {
      const { help, fallback, required, repeatable } = settingOf(name);
      const initial = required === true ? 'required' : fallback === undefined ? '–' : `\`${fallback}\``;
      return `| \`${name}\` | \`${variableOf(name)}\` | ${initial} | ${help}${repeatable === true ? '; a list' : ''} |`;
    });
    expect(rowsOf('Settings')).toEqual(rows);
  });

  it('has every metric as it is', () => {
    const rows = Array.from(metrics, ([name, help]) => `| \`${name}\` | ${help} |`);
    expect(rowsOf('Metrics')).toEqual(rows);
  });

  it('has every finding of fsck as it is', () => {
    const rows = Object.entries(FINDINGS).map(
      ([kind, finding]) =>
        `| \`${kind}\` | ${finding.says} | ${'remedy' in finding ? finding.remedy : '–'} |`,
    );
    expect(rowsOf('Check and mend')).toEqual(rows);
  });
});

describe('packaging', () => {
  it('the dashboard asks for metrics and events that there are', async () => {
    const dashboard = JSON.parse(await read('packaging/grafana/lanvault-relays.json')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const asked = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    const found = (pattern: RegExp): Set<string> =>
      new Set(asked.flatMap((expr) => Array.from(expr.matchAll(pattern), ([, name = '']) => name)));
    expect(found(/(lanvault_\w+)/g)).toEqual(new Set(metrics.keys()));
    const types: readonly string[] = RelayEvent.anyOf.map(({ properties }) => properties.type.const);
    const asks = found(/type="([a-z-]+)"/g);
    expect(asks.size).toBeGreaterThan(0);
    for (const type of asks) expect(types).toContain(type);
  });

  it('the sample config is taken as it is, and so is what it has commented out', async () => {
    const file = path.join(REPO, 'packaging/relay.toml');
    expect(await readCommandLine(['--config', file], {})).toMatchObject({
      config: { storageDir: '/var/lib/lanvault', capacityBytes: 100 * 2 ** 30, linkPort: 8100 },
    });
    for (const [, name = ''] of (await read('packaging/relay.toml')).matchAll(/^# ([a-z-]+) = /gm))
      expect(SETTING_NAMES).toContain(name);
  });

  it('the unit runs a command that there is, under the exit codes that there are', async () => {
    const unit = await read('packaging/systemd/lanvault-relay.service');
    const [, command = '', flags = ''] = /^ExecStart=\S*\/lanvault (\S+) (.+)$/m.exec(unit) ?? [];
    const program = createProgram({ signal: new AbortController().signal, setStatus: () => undefined });
    const found = program.commands.find((candidate) => candidate.name() === command);
    const options = found?.options.map(({ long }) => long);
    const named = flags.match(/--[a-z-]+/g) ?? [];
    expect(named).toEqual(['--config']);
    for (const flag of named) expect(options).toContain(flag);
    expect(unit).toContain('RestartPreventExitStatus=2\n');
    expect(unit).toContain('StateDirectory=lanvault\n');
  });

  it('the container sets what there is to set, and runs a command of the package', async () => {
    const file = await read('packaging/Containerfile');
    const env: Record<string, string> = {};
    for (const [, name = '', value = ''] of file.matchAll(/^ENV (\w+)=(\S+)$/gm)) env[name] = value;
    expect([...readEnvironment(env).settings.keys()]).toEqual(['storage-dir', 'port', 'link-port']);
    const { bin } = JSON.parse(await read('package.json')) as { bin: Record<string, string> };
    const [, program = '', command = ''] = /^ENTRYPOINT \["([^"]+)", "([^"]+)"\]$/m.exec(file) ?? [];
    expect(Object.keys(bin)).toContain(program);
    const { commands } = createProgram({ signal: new AbortController().signal, setStatus: () => undefined });
    expect(commands.map((candidate) => candidate.name())).toContain(command);
  });
});
