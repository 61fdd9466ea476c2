import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import { FileDeletions } from '../../../../web/state/deletion.svelte.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { FakeEngine, deletion, storedFile } from './fake-engine.ts';

const notices = new Notices();
afterEach(() => notices[Symbol.dispose]());

describe('FileDeletions', () => {
  it('deletes what is this device’s, and takes the rest off the list', async () => {
    const engine = new FakeEngine();
    const deletions = new FileDeletions(engine, notices);
    const [own, foreign] = [storedFile(), storedFile({ owned: false })];
    await deletions.delete([own, foreign]);
    expect(engine.calls).toEqual([`delete ${own.manifestId}`, `forget ${foreign.manifestId}`]);
  });

  it('goes on with the next when one fails, and says which', async () => {
    const engine = new FakeEngine();
    const deletions = new FileDeletions(engine, notices);
    engine.failure = new AppError('CONFLICT', 'Another tab is at it.');
    await deletions.delete([storedFile({ name: 'a' }), storedFile({ name: 'b' })]);
    expect(notices.list.map(({ title }) => title)).toEqual([
      'a could not be deleted',
      'b could not be deleted',
    ]);
  });

  it('announces how each ends, and clears what is done', async () => {
    const engine = new FakeEngine();
    const deletions = new FileDeletions(engine, notices);
    const item = deletion({ name: 'plan.pdf', state: 'running' });
    engine.deleted.set([item]);
    expect(deletions.active).toBe(true);
    expect(deletions.announcement).toBe('');
    engine.deleted.set([{ ...item, state: 'pending' }]);
    expect(deletions.active).toBe(false);
    expect(deletions.announcement).toBe('plan.pdf is deleted, save on relays that are away');
    engine.deleted.set([{ ...item, state: 'deleted' }, deletion({ state: 'stopped' })]);
    expect(deletions.announcement).toBe('plan.pdf is deleted');
    expect(deletions.hasFinished).toBe(true);
    await deletions.dismissFinished();
    expect(engine.calls).toEqual([`dismiss ${item.id}`]);
    deletions[Symbol.dispose]();
    expect(engine.watcherCount).toBe(0);
  });
});
