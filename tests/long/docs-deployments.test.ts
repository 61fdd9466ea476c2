/** The pages that start relays of their own: quick start, deployments, operations. Their commands are typed as they stand there. */
import { expect, test } from 'vitest';
import { readStories, tellStory } from '../helpers/doc-stories.ts';

const stories = (await readStories()).filter(({ isLong }) => isLong);

test('there are such pages', () => expect(stories.length).toBeGreaterThan(2));

test.each(stories.map((story) => [story.page.name, story] as const))('%s', async (_name, story) => {
  await tellStory(story, null);
});
