/** The pages that start relays of their own: quick start and deployments. Their commands are typed as they stand there. */
import { expect, test } from 'vitest';
import { readStories, tellStory } from '../helpers/doc-stories.ts';

const stories = (await readStories()).filter(({ isLong }) => isLong);

test.each(stories.map((story) => [story.page.name, story] as const))('%s', async (_name, story) => {
  expect(story.commands.length).toBeGreaterThan(5);
  await tellStory(story, null);
});
