/** The public catalog. */
import type { Command } from 'commander';
import { restartWithTunedMalloc } from '../adapters/malloc.ts';
import type { CatalogGetOptions, CatalogListOptions, CatalogPublishOptions } from '../commands/catalog.ts';
import type { Outcome } from '../exit-codes.ts';
import { withHelp } from './command-help.ts';
import { outputOf, swarmOptions } from './shared-options.ts';
import type { Json, ProgramContext } from './shared-options.ts';

const READING: readonly Outcome[] = ['ok', 'usage', 'relays', 'lost', 'io', 'forbidden', 'interrupted'];

export function addCatalogCommands(program: Command, { signal }: ProgramContext): void {
  const catalog = program.command('catalog').description('files that anyone on the swarm can find and read');
  const load = () => import('../commands/catalog.ts');
  const list = swarmOptions(catalog.command('list'))
    .description('list what is published')
    .option('--mine', 'only what this device has published')
    .action(async (options: CatalogListOptions & Json) => {
      await (await load()).catalogList(null, options, outputOf(options), signal);
    });
  withHelp(list, {
    examples: [
      ['catalog list --scan', 'everything'],
      ['catalog list --scan --mine', 'what this device has published'],
    ],
    outcomes: READING,
  });

  const search = swarmOptions(catalog.command('search'))
    .description('list what has the text in its name')
    .argument('<text>', 'a part of a name; case does not matter')
    .action(async (query: string, options: CatalogListOptions & Json) => {
      await (await load()).catalogList(query, options, outputOf(options), signal);
    });
  withHelp(search, { examples: [['catalog search slides --scan', 'by name']], outcomes: READING });

  const get = swarmOptions(catalog.command('get'))
    .description('get a published file')
    .argument('<name>', 'its whole name, or at least 8 characters of its id')
    .argument('<output>', 'where the file goes; a folder keeps its name, - = stdout')
    .option('--force', 'replace an existing file')
    .action(async (name: string, target: string, options: CatalogGetOptions & Json) => {
      restartWithTunedMalloc();
      await (await load()).catalogGet(name, target, options, outputOf(options), signal);
    });
  withHelp(get, {
    examples: [['catalog get slides.pdf . --scan', 'into this folder, under its name']],
    outcomes: [...READING.slice(0, -2), 'conflict', 'forbidden', 'interrupted'],
  });

  const publish = swarmOptions(catalog.command('publish'))
    .description('publish a file that is on relays: anyone on the swarm can then find and read it')
    .argument('<manifest>', 'its manifest; - = stdin')
    .option('--yes', 'do not ask')
    .action(async (manifest: string, options: CatalogPublishOptions & Json) => {
      await (await load()).catalogPublish(manifest, options, outputOf(options), signal);
    });
  withHelp(publish, {
    examples: [['catalog publish manifests/slides.pdf.manifest --scan', 'asks first']],
    outcomes: READING,
  });

  const unpublish = swarmOptions(catalog.command('unpublish'))
    .description('take back what this device has published')
    .argument('<name>', 'its whole name, or at least 8 characters of its id')
    .action(async (name: string, options: CatalogListOptions & Json) => {
      await (await load()).catalogUnpublish(name, options, outputOf(options), signal);
    });
  withHelp(unpublish, {
    details: ['Whoever has opened the file before may have kept its key.'],
    examples: [['catalog unpublish slides.pdf --scan', 'for good, from every relay']],
    outcomes: READING,
  });
}
