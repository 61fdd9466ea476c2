/** A Chromium with a profile of its own on a host of a `Lan`, and the authorities that its user has told it to trust. */
import { chromium } from '@playwright/test';
import type { BrowserContext } from '@playwright/test';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CHROMIUM_ARGS, chromiumPath } from './chromium.ts';
import type { LanHost } from './netns.ts';

/** `home`: a folder that is made for it. `trusting`: certificate files, imported as Chromium's own settings page does. */
export async function launchOnHost(
  host: LanHost,
  home: string,
  trusting: readonly string[] = [],
  extraArgs: readonly string[] = [],
): Promise<BrowserContext> {
  await mkdir(home);
  for (const file of trusting) await trust(home, file);
  const launcher = path.join(home, 'chromium.sh');
  const command = [...host.within, chromiumPath()].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  await writeFile(launcher, `#!/bin/sh\nexec ${command.join(' ')} "$@"\n`, { mode: 0o755 });
  // Not a private window, which Playwright's other contexts are: nothing is installed there.
  return chromium.launchPersistentContext(path.join(home, 'profile'), {
    executablePath: launcher,
    args: [...CHROMIUM_ARGS, ...extraArgs],
    env: { ...process.env, HOME: home },
    acceptDownloads: true,
  });
}

/** Chromium on Linux keeps what its user trusts in an NSS database; `C`: an authority for servers. */
async function trust(home: string, certificate: string): Promise<void> {
  const folder = path.join(home, '.pki/nssdb');
  await mkdir(folder, { recursive: true });
  certutil('-N', '-d', `sql:${folder}`, '--empty-password');
  certutil('-A', '-d', `sql:${folder}`, '-n', path.basename(certificate), '-t', 'C,,', '-i', certificate);
}

function certutil(...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('certutil', args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new Error(`certutil ${args.join(' ')}: ${error?.message ?? stderr.trim()} (package libnss3-tools)`);
}
