/**
 * Sets up what the tests need beyond npm: a Chromium, Python's `cryptography`, `xz`, `ip`, `openssl` and `certutil`. What is there
 * is used; what is not comes from the distribution's packages (Debian, Ubuntu). Elsewhere it says what to install.
 */
import { spawnSync } from 'node:child_process';
import { findChromium } from '../tests/helpers/chromium.ts';

interface Need {
  readonly name: string;
  readonly package: string;
  readonly present: () => boolean;
}

const runs = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

const NEEDS: readonly Need[] = [
  { name: 'Chromium', package: 'chromium', present: () => findChromium() !== undefined },
  {
    name: 'Python with cryptography',
    package: 'python3-cryptography',
    present: () => runs('/usr/bin/python3', '-c', 'import cryptography, lzma'),
  },
  { name: 'xz', package: 'xz-utils', present: () => runs('xz', '--version') },
  { name: 'OpenSSL', package: 'openssl', present: () => runs('openssl', 'version') },
  { name: 'certutil', package: 'libnss3-tools', present: () => runs('sh', '-c', 'command -v certutil') },
  { name: 'ip (network namespaces)', package: 'iproute2', present: () => runs('ip', '-V') },
];

const missing = NEEDS.filter((need) => !need.present());
if (missing.length > 0) {
  const packages = missing.map((need) => need.package);
  console.log(`Installing for the tests: ${packages.join(', ')}`);
  const apt = (...args: string[]): boolean =>
    spawnSync('apt-get', args, {
      stdio: 'inherit',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status === 0;
  const installed =
    apt('update', '-qq') && apt('install', '-y', '-qq', '--no-install-recommends', ...packages);
  const still = NEEDS.filter((need) => !need.present());
  if (!installed || still.length > 0) {
    console.error(
      `The tests need ${still.map((need) => `${need.name} (Debian package ${need.package})`).join(', ')}. Install and run again; CHROMIUM_PATH names a Chromium elsewhere.`,
    );
    process.exit(1);
  }
}
