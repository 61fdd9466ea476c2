import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'relay/main.ts',
    'relay/fsck.ts',
    // Started by URL, as a worker thread.
    'cli/adapters/block-worker.ts',
    // Started as a process.
    'cli/network/freezer-main.ts',
    'web/sw/main.ts',
    'web/workers/*.ts',
    'scripts/*.{ts,mjs}',
    'tests/**/*.{test,spec}.ts',
    // Started as a process in a network namespace.
    'tests/helpers/netns-door.ts',
    // Started as a process.
    'tests/helpers/hostile-relay-main.ts',
  ],
  project: ['{shared,relay,cli,web,scripts,tests}/**/*.{ts,svelte}'],
  ignoreBinaries: [
    'apt-get',
    'mount',
    'umount',
    'mkfs.ext4',
    'fallocate',
    'mkfifo',
    'ip',
    'openssl',
    'certutil',
  ],
  // Loaded by a library that is built in; installed beside the built files.
  ignoreDependencies: ['sodium-native'],
  ignoreExportsUsedInFile: true,
  // Limits that happen to be equal are not the same limit.
  exclude: ['duplicates'],
};

export default config;
