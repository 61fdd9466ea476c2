import type { IncomingFiles } from './incoming-contract.ts';
import { takeSharedFiles } from './shared-files.ts';

/** https://wicg.github.io/web-app-launch/#launchqueue-interface; TypeScript's DOM library lacks it. */
interface LaunchQueue {
  setConsumer(consumer: (launch: { readonly files?: readonly FileSystemHandle[] }) => void): void;
}

export function createPageIncoming(): IncomingFiles {
  return {
    async takeShared() {
      // Not there without a secure context.
      const { caches } = globalThis as { caches?: CacheStorage };
      return caches === undefined ? [] : takeSharedFiles(caches);
    },

    watchOpened(callback) {
      const { launchQueue } = globalThis as { launchQueue?: LaunchQueue };
      launchQueue?.setConsumer(({ files = [] }) => {
        const handles = files.filter((handle) => handle instanceof FileSystemFileHandle);
        if (handles.length === 0) return;
        Promise.all(handles.map((handle) => handle.getFile())).then(callback, reportError);
      });
    },
  };
}
