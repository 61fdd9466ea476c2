import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';
import packageJson from './package.json' with { type: 'json' };
import { routes } from './shared/protocol/routes.ts';

/** `npx vite` serves the sources and forwards the relay's paths to a relay that runs here. */
const DEV_RELAY = 'http://localhost:8888';

/** The page asks for the engine at once, not when its own code has come and run: a round trip less on every first visit. */
const preloadEngine: Plugin = {
  name: 'lanvault:preload-engine',
  transformIndexHtml: {
    order: 'post',
    handler: (_html, { bundle }) => {
      if (bundle === undefined) return [];
      const engine = Object.values(bundle).find(({ fileName }) => fileName.startsWith('assets/engine-'));
      if (engine === undefined) throw new Error('There is no chunk of the engine to preload.');
      return [
        {
          tag: 'link',
          attrs: { rel: 'modulepreload', crossorigin: true, href: `/${engine.fileName}` },
          injectTo: 'head',
        },
      ];
    },
  },
};

/** The page and its workers. The service worker is built afterwards, by `vite.sw.config.ts`. */
export default defineConfig({
  root: 'web',
  define: { __APP_VERSION__: JSON.stringify(packageJson.version) },
  publicDir: '../public',
  plugins: [svelte({ configFile: false }), preloadEngine],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // The relay's policy is `script-src 'self' 'wasm-unsafe-eval'; style-src 'self'`: nothing inline, no data: URLs.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      output: {
        // What every visit loads comes in two files, the shell and the engine: each further one is a request before the first paint.
        codeSplitting: {
          groups: [
            { name: 'app', tags: ['$initial'], priority: 1 },
            { name: 'engine', test: /web[\\/]engine[\\/]app-engine\.ts$/ },
          ],
        },
      },
      treeshake: { moduleSideEffects: [{ test: /node_modules\/typebox\//, sideEffects: false }] },
    },
  },
  worker: { format: 'es' },
  server: {
    proxy: Object.fromEntries(
      Object.values(routes).map(({ path }) => [path.replace(/\/:.*$/, ''), { target: DEV_RELAY }]),
    ),
  },
});
