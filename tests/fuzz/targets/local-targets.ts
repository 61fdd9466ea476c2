/** What people write, browsers ask and disks keep: settings, arguments, headers, addresses, files. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CommanderError } from 'commander';
import type { Command } from 'commander';
import { parseEntry, parseHeader } from '../../../cli/adapters/journal-format.ts';
import { openVault } from '../../../cli/adapters/vault.ts';
import { readState } from '../../../cli/network/state.ts';
import { parseRelayUrl } from '../../../cli/option-parsers.ts';
import { createProgram } from '../../../cli/program.ts';
import { isLink } from '../../../cli/transfer/open-link.ts';
import { readCommandLine } from '../../../relay/config/command-line.ts';
import { parseDuration } from '../../../relay/config/durations.ts';
import { SETTING_NAMES, readValue } from '../../../relay/config/settings.ts';
import { parseSize } from '../../../relay/config/sizes.ts';
import { readEnvironment, readFlags } from '../../../relay/config/sources.ts';
import { isBearer } from '../../../relay/http/bearer.ts';
import { guardHost } from '../../../relay/http/host-guard.ts';
import { SessionTokens } from '../../../relay/http/session-tokens.ts';
import { AppError } from '../../../shared/errors.ts';
import { parseServiceWorkerRequest } from '../../../web/engine/service-worker-messages.ts';
import { formatStreamUrl, parseStreamUrl } from '../../../web/engine/stream-url.ts';
import { decideRange } from '../../../web/sw/byte-range.ts';
import { contentDisposition } from '../../../web/sw/content-disposition.ts';
import { isolationHeaders, safeContentType } from '../../../web/sw/safe-content-type.ts';
import { parseManifestId } from '../../../shared/ids.ts';
import { jsonTextTarget, textTarget } from '../target.ts';
import type { Target } from '../target.ts';

const ID = 'ab'.repeat(32);
const GIB = 2 ** 30;
/** A file that is written for each input. */
const FILE_COST = 8;

const MAX_ARGUMENTS_CHARS = 8192;
const TOML = `# a relay\nstorage-dir = "/srv/lanvault"\nport = 8000\ncapacity = "10G"\njoin = ["http://192.168.1.5:8000", 'http://nas.local']\ntls = true\nrepair-grace = "5m"\n`;

export async function localTargets(): Promise<{ targets: Target[]; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lanvault-fuzz-'));
  const tokens = new SessionTokens(() => 0);
  const journal = {
    format: 'lanvault-journal/1',
    origin: { path: '/a', target: 'swarm' },
    ...{
      upload_id: 'x',
      name: 'a',
      type: 'text/plain',
      size: 5,
      fingerprint: 'f',
      created: '2026-11-23T05:00:00Z',
    },
    ...{ mode: 'smallest', key: 'A'.repeat(43) },
  };
  const hashes = { block_hash: ID, body_hash: ID, iv: 'ab'.repeat(16) };
  const lines = [
    { kind: 'sealed', index: 0, id: ID, size: 5, compression: 'xz', ...hashes },
    { kind: 'stored', index: 0, holders: [ID, ID] },
    { kind: 'granted', id: ID, body_hash: ID, token: ID },
    { kind: 'deleted', id: ID, pending: [ID] },
    { kind: 'finished', manifest_id: ID },
  ];
  const network = {
    ...{ format: 'lanvault-network/1', host: '0.0.0.0', discovery_port: 9999 },
    nodes: [{ name: 'relay-8000', index: 0, pid: 77, started: '1', id: ID, port: 8000, link: 9000 }],
  };
  const vault = { format: 'lanvault-vault/1', secret: 'A'.repeat(43), device_id: 'ab'.repeat(16) };

  const targets = [
    textTarget('setting: duration', ['500ms', '1.5h'], (text) => parseDuration(text)),
    textTarget('setting: size', ['10G', '1.5TiB'], (text) => parseSize(text)),
    textTarget(
      'setting: any',
      ['8000', '10G', '5m', 'http://nas:8000', 'true', 'info', '/srv'],
      (text, random) => readValue(random.pick(SETTING_NAMES), text, '/srv', 'here'),
    ),
    textTarget(
      'relay’s arguments',
      ['--storage-dir /srv --port 80 --join http://nas', '--tls --help', '--port=8 -h'],
      // Typed by who runs the relay. Of a group of short options, Node's parser takes time by the square of its length.
      (text) => readFlags(text.slice(0, MAX_ARGUMENTS_CHARS).split(' ')),
    ),
    textTarget('relay’s environment', ['PORT 8000', 'STORAGE_DIR /srv', 'JOIN http://a,http://b'], (text) => {
      const [name = '', ...rest] = text.split(' ');
      return readEnvironment({ [`LANVAULT_RELAY_${name}`]: rest.join(' ') });
    }),
    textTarget(
      'relay’s config file',
      [TOML],
      async (text) => {
        const file = path.join(folder, 'relay.toml');
        await writeFile(file, text);
        return readCommandLine(['--config', file], {});
      },
      { cost: FILE_COST },
    ),
    textTarget(
      'CLI arguments',
      [
        'distribute a.pdf b.pdf --entry-node http://10.0.0.1:8000 --json',
        'reconstruct a.manifest out --scan --kill-node node_3',
        'network start --nodes 50 --port 8000',
        'catalog publish a.manifest --name x',
        'vault restore --json',
        'start-node --port 0 --storage-dir /srv --capacity 10G',
      ],
      (text) => parsedArguments(text.split(' ')),
    ),
    textTarget('CLI: a relay’s URL', ['http://10.0.0.1:8000', 'nas:80'], (text) =>
      asAppError(() => parseRelayUrl(text)),
    ),
    textTarget('CLI: link or path', ['lanvault:x', `http://nas/#/open/${ID}`], (text) => isLink(text)),
    jsonTextTarget('journal: header', [journal], (text) => parseHeader(text)),
    jsonTextTarget('journal: line', lines, (text) => parseEntry(text)),
    jsonTextTarget(
      'CLI: state of a network',
      [network],
      async (text) => {
        await writeFile(path.join(folder, 'network.json'), text);
        return readState(folder);
      },
      { cost: FILE_COST },
    ),
    jsonTextTarget(
      'CLI: vault file',
      [vault],
      async (text) => {
        await writeFile(path.join(folder, 'vault.json'), text, { mode: 0o600 });
        return openVault(folder, () => undefined);
      },
      { cost: FILE_COST },
    ),
    textTarget('header: Host', ['127.0.0.1:8000', '[::1]:80', 'nas.local', 'localhost'], (host, random) =>
      guardHost(
        {
          method: random.pick(['GET', 'PUT']),
          host,
          origin: 'http://nas.local',
          upgrade: random.chance(0.3),
        },
        ['nas'],
      ),
    ),
    textTarget('header: Origin', ['http://127.0.0.1:8000', 'null', 'https://nas.local:443'], (origin) =>
      guardHost({ method: 'PUT', host: '127.0.0.1:8000', origin, upgrade: false }, ['nas']),
    ),
    textTarget('header: Authorization', [`Bearer ${ID}`], (text) => isBearer(text, ID)),
    textTarget(
      'header: Range',
      ['bytes=0-499', 'bytes=-5', 'bytes=5-', 'bytes=0-0,5-9', 'bytes=1-99999999999999999999'],
      (text, random) => checkedRange(text, random.pick([0, 1, 500, GIB, Number.MAX_SAFE_INTEGER])),
    ),
    textTarget('session token', [tokens.issue('session', 1000)], (text) => tokens.isValid('session', text)),
    textTarget('service worker: URL', [formatStreamUrl(parseManifestId(ID), 'a 💥.mp4', true)], (text) => {
      const url = URL.parse(text, 'http://localhost:8888');
      return url === null ? null : parseStreamUrl(url);
    }),
    textTarget(
      'service worker: media type',
      ['text/html; charset=x', 'image/svg+xml', 'video/mp4'],
      (text) =>
        // A header that a browser refuses would be an exception.
        new Headers(isolationHeaders(safeContentType(text))),
    ),
    textTarget(
      'service worker: file name',
      ['a/b.mp4', 'x"; filename=y', '\ud800'],
      (text) => new Headers({ 'content-disposition': contentDisposition('attachment', text) }),
    ),
    textTarget('service worker: message', ['claim', 'skip-waiting'], (text) =>
      parseServiceWorkerRequest(text),
    ),
  ];
  return { targets, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** What is answered must lie in the file. */
function checkedRange(text: string, sizeBytes: number): void {
  const range = decideRange(text, sizeBytes);
  if (range.kind === 'part' && !(range.start >= 0 && range.start < range.end && range.end <= sizeBytes))
    throw new Error(`A range outside of the file: ${JSON.stringify(range)}`);
}

/** Parsed as `lanvault` does it, up to the moment when a command would begin its work. */
async function parsedArguments(args: readonly string[]): Promise<void> {
  const program = createProgram({ signal: AbortSignal.abort(), setStatus: () => undefined });
  program.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  disarm(program);
  await asAppError(() => program.parseAsync(args, { from: 'user' }));
}

function disarm(command: Command): void {
  command.action(() => undefined);
  for (const child of command.commands) {
    child.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
    disarm(child);
  }
}

/** Commander's own error is what `runCommand` tells in a line. */
async function asAppError(work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    throw new AppError('BAD_INPUT', cause.message, { cause });
  }
}
