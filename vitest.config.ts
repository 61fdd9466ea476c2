import { defineConfig } from 'vitest/config';

/** Integration tests start real relay processes: one file at a time on two cores. */
const processes = { fileParallelism: false, testTimeout: 120_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['tests/unit/**/*.test.ts'], testTimeout: 30_000 } },
      { test: { name: 'integration', include: ['tests/integration/**/*.test.ts'], ...processes } },
      { test: { name: 'long', include: ['tests/long/**/*.test.ts'], ...processes, testTimeout: 3_600_000 } },
    ],
  },
});
