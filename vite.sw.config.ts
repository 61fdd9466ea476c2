import { getManifest } from 'workbox-build';
import { defineConfig } from 'vite';

const OUT_DIR = 'dist/web';

/**
 * The service worker: one classic script at the root of the site, since `import()` does not exist inside one.
 * Workbox lists what the first build wrote, and the list takes the place of `self.__WB_MANIFEST`.
 */
export default defineConfig(async () => {
  const { manifestEntries, count, size, warnings } = await getManifest({
    globDirectory: OUT_DIR,
    globPatterns: ['**/*.{html,js,css,wasm,svg,png,ico,woff2,webmanifest}'],
    globIgnores: ['sw.js', 'screenshots/**'],
    // Vite's names hold a hash of the content, so that the HTTP cache may answer for them.
    dontCacheBustURLsMatching: /^assets\//,
    maximumFileSizeToCacheInBytes: 4 * 1024 * 1024,
  });
  return {
    root: 'web',
    publicDir: false as const,
    plugins: [
      {
        name: 'lanvault:precache',
        // Told when a build starts, not when this file is loaded: knip loads it in a checkout that was never built.
        buildStart(): void {
          if (count === 0) throw new Error(`Nothing to precache in ${OUT_DIR}: run "vite build" first.`);
          if (warnings.length > 0) throw new Error(warnings.join('\n'));
          console.log(
            `service worker: ${String(count)} files precached, ${String(Math.ceil(size / 1024))} KiB`,
          );
        },
      },
    ],
    define: {
      'self.__WB_MANIFEST': JSON.stringify(manifestEntries),
      'process.env.NODE_ENV': '"production"',
      // A classic script has none; liblzma's loader wants to know where it is.
      'import.meta.url': 'self.location.href',
    },
    build: {
      outDir: `../${OUT_DIR}`,
      emptyOutDir: false,
      target: 'es2023',
      modulePreload: false as const,
      assetsInlineLimit: 0,
      sourcemap: false,
      rolldownOptions: {
        input: 'web/sw/main.ts',
        output: { format: 'iife' as const, entryFileNames: 'sw.js', codeSplitting: false },
      },
    },
  };
});
