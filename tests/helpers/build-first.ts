/** Runs before tests that start programs or open the app: no test runs what its sources no longer say. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { REPO } from './programs.ts';

export default function buildFirst(): void {
  execFileSync(process.execPath, [path.join(REPO, 'scripts/build-if-stale.ts')], {
    cwd: REPO,
    stdio: 'inherit',
  });
}
