import { AppError, throwIfAborted } from '../../../../shared/errors.ts';
import type { ManifestId } from '../../../../shared/ids.ts';
import type {
  BrowserStorage,
  ManifestsExport,
  ManifestsImport,
  ThisDevice,
} from '../../../../web/engine/device/device-contract.ts';

/** A browser's storage that a test drives by hand. Manifests are the texts `{}`, one a line. */
export class FakeDevice implements ThisDevice {
  readonly calls: string[] = [];
  readonly hasPassphrase = false;
  state: BrowserStorage = { usedBytes: 1024, quotaBytes: 4096, persisted: false };
  /** What the browser answers when it is asked to keep what it stores. */
  promises = true;
  failure: AppError | null = null;
  /** Told between two manifests. */
  pause: () => Promise<void> = () => Promise.resolve();

  storage(): Promise<BrowserStorage> {
    return Promise.resolve(this.state);
  }

  persist(): Promise<boolean> {
    this.state = { ...this.state, persisted: this.promises };
    return Promise.resolve(this.promises);
  }

  async exportManifests(
    ids: readonly ManifestId[],
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<ManifestsExport> {
    this.calls.push(`export ${ids.length}`);
    for (const done of ids.keys()) {
      onProgress(done);
      await this.pause();
      throwIfAborted(signal);
    }
    const failures = this.failure === null ? [] : [this.failure];
    const exported = ids.length - failures.length;
    return { text: new Blob(['{}\n'.repeat(exported)]), exported, failures };
  }

  async importManifests(file: Blob, signal: AbortSignal): Promise<ManifestsImport> {
    this.calls.push('import');
    await this.pause();
    throwIfAborted(signal);
    const lines = (await file.text()).split('\n').filter((line) => line !== '');
    const good = lines.filter((line) => line === '{}');
    const failures = lines.slice(good.length).map(() => new AppError('CORRUPT', 'This is not a manifest.'));
    return { imported: good.length, firstName: good.length === 0 ? null : 'imported.pdf', failures };
  }
}
