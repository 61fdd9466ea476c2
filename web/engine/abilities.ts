import type { Abilities } from './contract.ts';

/** What this browser and this address allow. `streaming` is asked for each time: the first visit gains it late. */
export function detectAbilities(options: { persistent: boolean; streaming: () => boolean }): Abilities {
  const secureContext = globalThis.isSecureContext;
  return {
    secureContext,
    get streaming() {
      return options.streaming();
    },
    savePicker: 'showSaveFilePicker' in globalThis,
    fileHandles: secureContext && 'showOpenFilePicker' in globalThis,
    persistent: options.persistent,
  };
}
