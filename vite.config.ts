import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import packageJson from './package.json' with { type: 'json' };
import { routes } from './shared/protocol/routes.ts';

/** `npx vite` serves the sources and forwards the relay's paths to a relay that runs here. */
const DEV_RELAY = 'http://localhost:8888';

/** The page and its workers. The service worker is built afterwards, by `vite.sw.config.ts`. */
export default defineConfig({
  root: 'web',
  define: { __APP_VERSION__: JSON.stringify(packageJson.version) },
  publicDir: '../public',
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    // The relay's policy is `script-src 'self' 'wasm-unsafe-eval'; style-src 'self'`: nothing inline, no data: URLs.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    sourcemap: false,
    rolldownOptions: {
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
