import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../../shared/errors.ts';
import type { ErrorCode } from '../../../../shared/errors.ts';
import { ERROR_HINTS } from '../../../../web/state/error-hints.ts';
import { problemOfError, problemOfText } from '../../../../web/state/link-problem.ts';
import { liveCheck } from '../../../../web/state/live-check.ts';
import { Notices } from '../../../../web/state/notices.svelte.ts';
import { OpenLink } from '../../../../web/state/open-link.svelte.ts';
import { FakeEngine, storedFile } from './fake-engine.ts';

const ID = 'ab'.repeat(32);
const KEY = 'K'.repeat(43);
const LINK = `lanvault:${ID}#${KEY}`;

const notices = new Notices();
afterEach(() => notices[Symbol.dispose]());

function start(listed = false) {
  const engine = new FakeEngine();
  const file = storedFile({ name: 'shared.pdf', owned: false });
  engine.linked = { file, listed, mayDelete: false };
  return { engine, file, openLink: new OpenLink(engine, notices) };
}

describe('OpenLink', () => {
  it('opens a file, says how safe it is, and forgets it when it is closed', async () => {
    const { engine, file, openLink } = start();
    await openLink.open(` ${LINK}\n`);
    expect(openLink.opened).toEqual({
      phase: 'open',
      file,
      listed: false,
      mayDelete: false,
      check: liveCheck(engine.distribution),
    });
    openLink.close();
    expect(openLink.opened).toBeNull();
    expect(engine.calls).toEqual([`open ${LINK}`, `check ${file.manifestId}`, `close ${file.manifestId}`]);
  });

  it('keeps what was added, and what is being downloaded', async () => {
    const { engine, file, openLink } = start();
    await openLink.open(LINK);
    await openLink.add();
    expect(openLink.opened).toMatchObject({ listed: true });
    openLink.close();
    await openLink.open(LINK);
    openLink.downloads();
    openLink.close();
    expect(engine.calls).not.toContain(`close ${file.manifestId}`);
    await openLink.open(LINK);
    openLink.close();
    expect(engine.calls).toContain(`close ${file.manifestId}`);
  });

  it('opens an entry of the catalog in the same way, and says what it was when it fails', async () => {
    const { engine, file, openLink } = start();
    await openLink.openPublished('e1');
    expect(openLink.opened).toMatchObject({
      phase: 'failed',
      problem: { title: 'This file is not there any more' },
    });
    engine.catalog.linked = { file, listed: false, mayDelete: false };
    await openLink.retry();
    expect([openLink.opened?.phase, openLink.from]).toEqual(['open', 'catalog']);
    expect(engine.catalog.calls).toEqual(['open e1', 'open e1']);
    openLink.close();
    expect(engine.calls).toContain(`close ${file.manifestId}`);
    engine.catalog.failure = new AppError('CORRUPT', 'It lies.');
    await openLink.openPublished('e2');
    expect(openLink.opened).toMatchObject({ problem: { title: 'What was published is not a file' } });
  });

  it('deletes for everybody with the right that the link gave, and says when that fails', async () => {
    const { engine, file, openLink } = start();
    engine.linked = { file, listed: false, mayDelete: true };
    await openLink.open(`${LINK}.${KEY}`);
    expect(openLink.opened).toMatchObject({ mayDelete: true });
    await openLink.delete();
    expect(openLink.opened).toBeNull();
    expect(engine.calls).toContain(`keep ${file.manifestId}`);
    expect(engine.calls).toContain(`delete ${file.manifestId}`);
    await openLink.open(LINK);
    engine.failure = new AppError('CONFLICT', 'Another tab is at it.');
    await openLink.delete();
    expect([openLink.opened?.phase, notices.list.at(-1)?.tone]).toEqual(['open', 'error']);
  });

  it('asks nobody about what is no link', async () => {
    const { engine, openLink } = start();
    await openLink.open(LINK.slice(0, -1));
    expect(openLink.opened).toMatchObject({ phase: 'failed', mayRetry: false });
    expect(engine.calls).toEqual([]);
  });

  it('says what to do when nobody has it, and tries again', async () => {
    const { engine, file, openLink } = start();
    engine.linked = null;
    await openLink.open(LINK);
    expect(openLink.opened).toMatchObject({
      phase: 'failed',
      mayRetry: true,
      problem: { title: 'No relay here can open this link' },
    });
    engine.linked = { file, listed: false, mayDelete: false };
    await openLink.retry();
    expect(openLink.opened).toMatchObject({ phase: 'open', file });
  });

  it('forgets a file that came after its dialog was closed', async () => {
    const { engine, file, openLink } = start();
    const opening = openLink.open(LINK);
    openLink.close();
    await opening;
    expect(openLink.opened).toBeNull();
    expect(engine.calls).toContain(`close ${file.manifestId}`);
  });

  it('shows why a file could not be added', async () => {
    const { engine, openLink } = start();
    await openLink.open(LINK);
    engine.failure = new AppError('NO_SPACE', 'Full.');
    await openLink.add();
    expect(openLink.opened).toMatchObject({ listed: false });
    expect(notices.list.at(-1)?.title).toBe('The file could not be added');
  });
});

describe('problems of links', () => {
  it.each([LINK, `http://192.168.1.7:8888/#/open/${ID}.${KEY}`, `#/open/${ID}.${KEY}`, `  ${LINK} `])(
    '%s looks well',
    (text) => expect(problemOfText(text)).toBeNull(),
  );

  it.each([
    [LINK.slice(0, -1), 'This link is not complete'],
    [`${LINK}.`, 'This link is not complete'],
    [`http://localhost:8888/#/open/${ID}`, 'This link is not complete'],
    ['http://example.org/', 'This is not a Lanvault link'],
    ['', 'This is not a Lanvault link'],
  ])('%s does not', (text, title) => expect(problemOfText(text)?.title).toBe(title));

  it('every error says what to do', () => {
    for (const code of Object.keys(ERROR_HINTS) as ErrorCode[]) {
      const { title, text } = problemOfError(new AppError(code, 'Why.'));
      expect(title).not.toBe('');
      expect(text.length).toBeGreaterThan(30);
    }
  });
});
