/** Put in by `vite.config.ts`. */
declare const __APP_VERSION__: string;

/** Of this build. */
export const APP_VERSION = __APP_VERSION__;
