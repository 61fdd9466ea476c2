/** The layer rules of DESIGN §9. `npm run layers` checks them, types included. */

const relayMayUse =
  '^shared/(protocol/|placement/|crypto/(hash|sign|backend|random|swarm-seal)[^/]*\\.ts$|(errors|ids|bytes|limits)\\.ts$)';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans-missing',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\.wasm\\?url$' },
    },
    {
      name: 'shared-is-isomorphic',
      comment: 'shared imports itself and isomorphic libraries only: no node built-ins, no other layer.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(relay|cli|web|tests|scripts)/' },
    },
    {
      name: 'shared-no-node',
      severity: 'error',
      from: { path: '^shared/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'relay-cannot-decrypt',
      comment: 'A relay never holds key handling: it may import only these parts of shared.',
      severity: 'error',
      from: { path: '^relay/' },
      to: { path: '^shared/', pathNot: relayMayUse },
    },
    {
      name: 'relay-alone',
      severity: 'error',
      from: { path: '^relay/' },
      to: { path: '^(web|cli|tests|scripts)/' },
    },
    {
      name: 'web-alone',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(relay|cli|tests|scripts)/' },
    },
    { name: 'cli-alone', severity: 'error', from: { path: '^cli/' }, to: { path: '^(relay|web|tests)/' } },
    {
      name: 'crypto-owns-primitives',
      comment: 'Only shared/crypto imports @noble.',
      severity: 'error',
      from: { pathNot: '^(shared/crypto|tests)/' },
      to: { path: 'node_modules/@noble/' },
    },
    {
      name: 'codec-owns-liblzma',
      comment: 'Only shared/codec imports liblzma; workers may hand it its WebAssembly binary by URL.',
      severity: 'error',
      from: { pathNot: '^(shared/codec|tests)/' },
      to: { path: 'node_modules/node-liblzma/', pathNot: '\\.wasm$' },
    },
    {
      name: 'relay-storage-is-lowest',
      severity: 'error',
      from: { path: '^relay/storage/' },
      to: { path: '^relay/(http|p2p|services|app|main)' },
    },
    {
      name: 'relay-services-below-transports',
      severity: 'error',
      from: { path: '^relay/services/' },
      to: { path: '^relay/(http|p2p|app|main)' },
    },
    {
      name: 'relay-http-not-p2p',
      severity: 'error',
      from: { path: '^relay/http/' },
      to: { path: '^relay/p2p/' },
    },
    {
      name: 'relay-p2p-not-http',
      severity: 'error',
      from: { path: '^relay/p2p/' },
      to: { path: '^relay/http/' },
    },
    {
      name: 'web-engine-below-state',
      severity: 'error',
      from: { path: '^web/engine/' },
      to: { path: '^web/(ui|state)/' },
    },
    {
      name: 'web-state-below-ui',
      severity: 'error',
      from: { path: '^web/state/' },
      to: { path: '^web/ui/' },
    },
    {
      name: 'web-ui-through-state',
      severity: 'error',
      from: { path: '^web/ui/' },
      to: { path: '^web/(engine|workers|sw)/' },
    },
    {
      name: 'web-background-alone',
      severity: 'error',
      from: { path: '^web/(workers|sw)/' },
      to: { path: '^web/(ui|state)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules/typescript)' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'svelte', 'types'],
      extensions: ['.ts', '.js', '.svelte', '.mjs', '.json'],
    },
  },
};
