import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/**
 * Integration tests start real relay processes, and wait most of the time: three files at once on two cores. Long ones measure, and
 * run alone.
 */
const processes = { testTimeout: 120_000, hookTimeout: 60_000 };

/** A busy machine is no fault of a test: only one that hangs is. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000 };

/** Tests of Svelte modules. */
const RUNES = 'tests/unit/web/{ui,state}/**/*.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          exclude: [RUNES],
          ...patient,
          // Vitest would leave one core idle: half of two.
          maxWorkers: '100%',
        },
      },
      {
        // Compiled as for the browser, so that runes are the real signals.
        plugins: [svelte({ configFile: false, dynamicCompileOptions: () => ({ generate: 'client' }) })],
        resolve: { conditions: ['browser'] },
        test: { name: 'web', include: [RUNES], server: { deps: { inline: [/svelte/] } }, ...patient },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          ...processes,
          maxWorkers: 3,
        },
      },
      {
        test: {
          name: 'long',
          include: ['tests/long/**/*.test.ts'],
          ...processes,
          fileParallelism: false,
          testTimeout: 3_600_000,
        },
      },
    ],
  },
});
