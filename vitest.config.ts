import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/**
 * Integration tests start real relay processes, and wait most of the time: four files at once on two cores. Long ones measure, and
 * run alone.
 */
const processes = {
  globalSetup: 'tests/helpers/build-first.ts',
  testTimeout: 120_000,
  hookTimeout: 60_000,
};

/** A busy machine is no fault of a test: only one that hangs is. */
const patient = { testTimeout: 120_000, hookTimeout: 120_000 };

/** Tests of Svelte modules. */
const RUNES = 'tests/unit/web/{ui,state}/**/*.test.ts';

/** What takes longest, in that order: begun last, one of them would run alone at the end. */
const LONGEST = [
  ...['unit/relay/care/repair-liars', 'unit/relay/care/hostile-and-rotten', 'unit/relay/care/look-again'],
  ...['unit/relay/care/repair', 'unit/relay/care/departure'],
  ...['integration/hostile-replicas', 'integration/repair-unjoin', 'integration/delete-cli'],
  ...['integration/prune', 'integration/crash-rounds', 'integration/cli-local', 'integration/relay-faults'],
  ...['integration/netns-discovery', 'integration/four-of-five', 'integration/cli-vault-files'],
];

/** Vitest goes by durations where it has run before, and by size on a fresh clone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const position = LONGEST.findIndex((name) => moduleId.endsWith(`/tests/${name}.test.ts`));
      return position < 0 ? LONGEST.length : position;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['tests/unit/**/*.test.ts'],
          exclude: [RUNES],
          ...patient,
          // Vitest would leave one core idle: half of two.
          maxWorkers: '100%',
          // Loading every module anew for each of 190 files took a quarter of the time.
          isolate: false,
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
          maxWorkers: 4,
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
