import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { CliUser } from '../helpers/cli.ts';
import { sha256OfFile, writeMixedFile } from '../helpers/files.ts';
import { REPO } from '../helpers/programs.ts';
import { startRelays } from '../helpers/relays.ts';

const run = promisify(execFile);

test.each(['smallest', 'fast', 'none'])(
  'the Python script of the docs rebuilds a file stored as %s from its manifest and the relays’ folders alone',
  async (mode) => {
    await using user = await CliUser.create();
    const file = user.path('thesis.bin');
    const manifest = user.path('thesis.manifest');
    await writeMixedFile(file, 3 * 2 ** 20 + 17);
    await using swarm = await startRelays(5);
    const up = await user.run(
      'distribute',
      file,
      '--entry-node',
      swarm.entry.url,
      '-m',
      manifest,
      '--compression',
      mode,
    );
    expect(up, up.stderr).toMatchObject({ code: 0 });
    await Promise.all(swarm.relays.map((relay) => relay.kill()));

    const page = await readFile(path.join(REPO, 'docs/get-your-data-back.md'), 'utf8');
    const script = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(script.trim().split('\n').length).toBeLessThan(30);
    await writeFile(user.path('recover.py'), script);
    const folders = swarm.relays.slice(2).map((relay) => relay.dir);
    await run('/usr/bin/python3', [user.path('recover.py'), manifest, user.path('copy'), ...folders]);
    expect(await sha256OfFile(user.path('copy'))).toBe(await sha256OfFile(file));
  },
);
