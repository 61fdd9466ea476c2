/** The tables of the specification say what the code does: limits, requests, headers, errors, events, channels. */
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { AppError, isErrorCode } from '../../../shared/errors.ts';
import type { ErrorCode } from '../../../shared/errors.ts';
import * as limits from '../../../shared/limits.ts';
import { DELETE_HEADER } from '../../../shared/protocol/deletion-routes.ts';
import { Datagram } from '../../../shared/protocol/datagrams.ts';
import { RelayEvent } from '../../../shared/protocol/events.ts';
import { healthRoutes } from '../../../shared/protocol/health-routes.ts';
import { HEADER, routes } from '../../../shared/protocol/routes.ts';
import { SESSION_HEADER } from '../../../shared/protocol/swarm-session.ts';
import { METRICS_PATH } from '../../../relay/http/metrics-route.ts';
import { REPO } from '../../helpers/programs.ts';

const PAGES = ['formats', 'protocol', 'relay-protocol'] as const;
const pages = new Map<string, string>();

beforeAll(async () => {
  for (const name of PAGES) pages.set(name, await readFile(path.join(REPO, `docs/${name}.md`), 'utf8'));
});

/** First cells of table rows below a heading, without their back-quotes. */
function cells(page: (typeof PAGES)[number], heading: string): string[] {
  const [, section = ''] = (pages.get(page) ?? '').split(`\n${heading}\n`);
  const [own = ''] = section.split(/\n##? /);
  return Array.from(own.matchAll(/^\| `([^`]+)`/gm), ([, cell = '']) => cell);
}

async function sourcesOf(folder: string): Promise<string> {
  const files = await readdir(path.join(REPO, folder), { recursive: true });
  const texts = files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFile(path.join(REPO, folder, file), 'utf8'));
  return (await Promise.all(texts)).join('\n');
}

const namesIn = (text: string, pattern: RegExp): Set<string> =>
  new Set(Array.from(text.matchAll(pattern), ([, name = '']) => name));

describe('the specification', () => {
  it('has every limit that it names as it is', () => {
    const tables = [...pages.values()].flatMap((page) => page.split('| limit | value | |\n').slice(1));
    const named = tables.flatMap((table) =>
      Array.from(
        (table.split('\n\n')[0] ?? '').matchAll(/^\| `(\w+)` \| ([\d,]+) \|/gm),
        ([, name = '', value = '']) => ({ name, value: Number(value.replaceAll(',', '')) }),
      ),
    );
    expect(named.length).toBeGreaterThan(60);
    const known = new Map<string, unknown>(Object.entries(limits));
    for (const { name, value } of named) expect(known.get(name), name).toBe(value);
  });

  it('has every request, and no other', () => {
    const inCode = Object.values({ ...healthRoutes, ...routes }).map(
      (route) => `${route.method} ${route.path.replace(/:(\w+)/g, '{$1}')}`,
    );
    const served = [...inCode, 'GET /events', `GET ${METRICS_PATH}`, 'GET /openapi.json'];
    const written = cells('protocol', '## HTTP').filter((cell) => /^[A-Z]+ \//.test(cell));
    expect(written.toSorted()).toEqual(served.toSorted());
  });

  it('has every header of its own, and no other', () => {
    const inCode = [...Object.values(HEADER), ...Object.values(DELETE_HEADER), SESSION_HEADER];
    const written = cells('protocol', '## HTTP').filter((cell) => cell.startsWith('x-'));
    expect(written.toSorted()).toEqual(inCode.toSorted());
  });

  it('has every error code with its status and whether to try again', async () => {
    const rows = Array.from(
      (pages.get('protocol') ?? '').matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| (yes|no) \|$/gm),
      ([, code = '', status = '', again = '']) => ({ code, status: Number(status), again: again === 'yes' }),
    );
    for (const { code, status, again } of rows) {
      expect(isErrorCode(code), code).toBe(true);
      const error = new AppError(code as ErrorCode, '');
      expect({ code, status: error.status, again: error.retryable }).toEqual({ code, status, again });
    }
    const source = await readFile(path.join(REPO, 'shared/errors.ts'), 'utf8');
    const [, table = ''] = /const CODES = \{([\s\S]*?)\n\} as const/.exec(source) ?? [];
    const codes = namesIn(table, /^ {2}([A-Z_]+): \{/gm);
    expect(codes.size).toBeGreaterThan(10);
    expect(new Set(rows.map(({ code }) => code))).toEqual(codes);
  });

  it('has every event, and no other', () => {
    const types: readonly string[] = RelayEvent.anyOf.map(({ properties }) => properties.type.const);
    expect(cells('protocol', '## Events')).toEqual(types);
  });

  it('has every datagram, and no other', () => {
    const types: readonly string[] = Datagram.anyOf.map(({ properties }) => properties.type.const);
    const written = cells('relay-protocol', '## Beacons').filter((cell) => cell.startsWith('{'));
    expect(written.map((cell) => /"type":"(\w+)"/.exec(cell)?.[1])).toEqual(types);
  });

  it('has every channel of links and every method, and no other', async () => {
    const written = cells('relay-protocol', '## Links');
    const channels = namesIn(await sourcesOf('relay/p2p'), /'(lanvault\/[a-z]+\/\d+)'/g);
    expect(new Set(written.filter((cell) => cell.startsWith('lanvault/')))).toEqual(channels);
    const methods = namesIn(await sourcesOf('relay/services'), /rpcMethod\(\s*'([a-z.-]+)'/g);
    expect(methods.size).toBeGreaterThan(20);
    const named = written.filter((cell) => /^[a-z]+\.[a-z-]+$/.test(cell));
    expect(named.toSorted()).toEqual([...methods].toSorted());
  });
});
