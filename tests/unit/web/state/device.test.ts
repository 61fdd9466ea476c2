import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { Device } from '../../../../web/state/device.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeDevice } from './fake-device.ts';
import { storedFile } from './fake-engine.ts';

let notices = new Notices();

afterEach(() => {
  notices[Symbol.dispose]();
  notices = new Notices();
});

function start(): { fake: FakeDevice; device: Device } {
  const fake = new FakeDevice();
  return { fake, device: new Device(fake, notices) };
}

const told = (): string[] => notices.list.map(({ tone, title }) => `${tone}: ${title}`);

describe('Device', () => {
  it('tells what the browser stores, and asks it to keep that', async () => {
    const { device } = start();
    expect(device.storage).toBeNull();
    await device.refresh();
    expect(device.storage?.persisted).toBe(false);
    await device.persist();
    expect(device.storage?.persisted).toBe(true);
    expect(told()).toEqual([]);
  });

  it('says so when the browser does not promise anything', async () => {
    const { fake, device } = start();
    fake.promises = false;
    await device.persist();
    expect(device.storage?.persisted).toBe(false);
    expect(told()).toEqual(['info: The browser did not promise it']);
  });

  it('exports all manifests into one file, and says what could not be read', async () => {
    const { fake, device } = start();
    expect(await (await device.exportAll([storedFile(), storedFile()]))?.text()).toBe('{}\n{}\n');
    expect(told()).toEqual(['info: 2 manifests saved']);
    fake.failure = new AppError('NOT_FOUND', 'It is gone.');
    await device.exportAll([storedFile(), storedFile()]);
    expect(told()).toEqual([
      'info: 2 manifests saved',
      'error: 1 of 2 manifests could not be read',
      'info: 1 manifest saved',
    ]);
  });

  it('imports what it can', async () => {
    const { device } = start();
    await device.importFrom(new File(['{}\nnonsense'], 'mixed.manifests'));
    await device.importFrom(new File(['nonsense'], 'bad.manifests'));
    await device.importFrom(new File([''], 'empty.manifests'));
    expect(told()).toEqual([
      'error: Some of mixed.manifests could not be imported',
      'info: 1 manifest imported',
      'error: bad.manifests could not be imported',
      'info: empty.manifests is empty',
    ]);
  });

  it('can be cancelled, without a word; one at a time', async () => {
    const { fake, device } = start();
    const between = Promise.withResolvers<undefined>();
    fake.pause = () => between.promise;
    const exporting = device.exportAll([storedFile(), storedFile()]);
    expect(device.moving).toEqual({ what: 'export', done: 0, count: 2 });
    expect(await device.exportAll([storedFile()])).toBeNull();
    device.cancel();
    between.resolve(undefined);
    expect(await exporting).toBeNull();
    expect(device.moving).toBeNull();
    expect(told()).toEqual([]);
  });
});
