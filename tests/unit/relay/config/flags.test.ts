import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { HELP, parseFlags } from '../../../../relay/config/flags.ts';
import { parseSize } from '../../../../relay/config/sizes.ts';
import { AppError } from '../../../../shared/errors.ts';

function refusal(...argv: string[]): string {
  try {
    parseFlags(argv);
  } catch (error) {
    if (error instanceof AppError && error.code === 'BAD_INPUT') return error.message;
    throw error;
  }
  throw new Error('The flags were accepted.');
}

describe('parseFlags', () => {
  it('fills in what is not said', () => {
    const config = parseFlags(['--storage-dir', 'data']);
    expect(config).toMatchObject({
      storageDir: path.resolve('data'),
      host: '0.0.0.0',
      httpPort: 8000,
      linkPort: 0,
      discoveryPort: 9999,
      join: [],
      repairGraceMs: 300_000,
      allowedHosts: [],
      capacityBytes: 10 * 2 ** 30,
      logLevel: 'info',
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes every flag', () => {
    const argv = [
      ...['--storage-dir', '/data', '--port', '0', '--host', '::1', '--link-port', '4000'],
      ...['--discovery-port', '0', '--join', 'http://10.0.0.1:8000', '--join', 'https://a.local/x'],
      ...['--capacity', '512M', '--web-dir', '/web', '--allow-host', 'Box.lan', '--log-level', 'debug'],
      ...['--repair-grace', '90s'],
    ];
    expect(parseFlags(argv)).toMatchObject({
      storageDir: '/data',
      httpPort: 0,
      host: '::1',
      linkPort: 4000,
      discoveryPort: 0,
      join: ['http://10.0.0.1:8000', 'https://a.local'],
      capacityBytes: 512 * 2 ** 20,
      webDir: '/web',
      repairGraceMs: 90_000,
      allowedHosts: ['box.lan'],
      logLevel: 'debug',
    });
  });

  it('knows help, and help names every flag', () => {
    expect(parseFlags(['--help'])).toBe('help');
    for (const flag of [
      '--storage-dir',
      '--port',
      '--host',
      '--link-port',
      '--discovery-port',
      '--join',
      '--capacity',
    ])
      expect(HELP).toContain(flag);
  });

  it.each([
    [['--port', '1'], '--storage-dir DIR is required'],
    [['--storage-dir', ''], '--storage-dir DIR is required'],
    [['--storage-dir', 'd', '--repair-grace', '5'], '--repair-grace: "5" is not a duration'],
    [['--storage-dir', 'd', '--repair-grace', '-5m'], '--repair-grace'],
    [['--storage-dir', 'd', '--repair-grace', '10ms'], '--repair-grace takes from 1s to 7d'],
    [['--storage-dir', 'd', '--repair-grace', '8d'], '--repair-grace takes from 1s to 7d'],
    [['--storage-dir', 'd', '--port', '70000'], '--port takes a port'],
    [['--storage-dir', 'd', '--port', '80a'], '--port takes a port'],
    [['--storage-dir', 'd', '--port', '-1'], '--port'],
    [['--storage-dir', 'd', '--discovery-port', ''], '--discovery-port takes a port'],
    [['--storage-dir', 'd', '--capacity', 'lots'], '--capacity: "lots" is not a size'],
    [['--storage-dir', 'd', '--join', 'ftp://x'], '--join takes'],
    [['--storage-dir', 'd', '--join', 'nonsense'], '--join takes'],
    [['--storage-dir', 'd', '--log-level', 'loud'], '--log-level takes one of'],
    [['--storage-dir', 'd', '--host', 'a b'], '--host takes'],
    [['--storage-dir', 'd', '--allow-host', 'http://x'], '--allow-host takes'],
    [['--storage-dir', 'd', '--nonsense'], '--nonsense'],
    [['--storage-dir', 'd', 'extra'], 'extra'],
    [['--storage-dir'], '--storage-dir'],
  ])('refuses %j in one clear line', (argv, message) => {
    const text = refusal(...argv);
    expect(text).toContain(message);
    expect(text).not.toContain('\n');
  });
});

describe('parseSize', () => {
  it.each([
    ['0', 0],
    ['1048576', 1_048_576],
    ['1K', 1024],
    ['512m', 536_870_912],
    ['10G', 10_737_418_240],
    ['10GiB', 10_737_418_240],
    ['1.5T', 1_649_267_441_664],
    ['7B', 7],
  ])('%s is %i bytes', (text, sizeBytes) => {
    expect(parseSize(text)).toBe(sizeBytes);
  });

  it.each(['', '-1', '1e9', 'G', '1X', '1 2', '99999999T', '0x10', 'NaN', '١'])('%j is no size', (text) => {
    expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });
});
