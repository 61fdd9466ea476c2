/** What people do while all goes wrong. Each gives its outcome in a word, and throws `Broken` for what must never be. */
import { EXIT_CODES } from '../../cli/exit-codes.ts';
import { REPLICAS } from '../../shared/limits.ts';
import type { CliResult } from '../helpers/cli.ts';
import type { ChaosRelay } from './chaos-relay.ts';
import { Broken } from './broken.ts';
import { pick } from './model.ts';
import type { Person, StoredFile } from './person.ts';
import type { World } from './world.ts';

const MIB = 2 ** 20;
/** So that deletions keep up with uploads. */
const MAX_FILES = 10;

export interface Scene {
  readonly world: World;
  readonly people: readonly Person[];
  readonly random: () => number;
}

interface Operation {
  readonly name: string;
  /** How often it is chosen beside the others. */
  readonly weight: number;
  readonly run: (person: Person, entry: ChaosRelay, scene: Scene) => Promise<CliResult | null>;
}

const OPERATIONS: readonly Operation[] = [
  { name: 'upload', weight: 8, run: upload },
  { name: 'download', weight: 10, run: download },
  {
    name: 'delete',
    weight: 4,
    run: (person, entry, scene) =>
      person.kept.length < 4 ? upload(person, entry, scene) : remove(person, entry, scene),
  },
  {
    name: 'publish',
    weight: 1,
    run: (person, entry, scene) =>
      ofOne(person, scene, (file) =>
        file.published === null ? person.publish(file, entry) : person.unpublish(file, entry),
      ),
  },
  {
    name: 'prune',
    weight: 1,
    run: (person, entry, { random }) => person.prune(entry, ...(random() < 0.5 ? ['--ignore-absent'] : [])),
  },
  { name: 'list', weight: 1, run: (person, entry) => person.list(entry) },
  { name: 'trespass', weight: 1, run: trespass },
];
const WEIGHTS = OPERATIONS.reduce((sum, { weight }) => sum + weight, 0);

/** One operation of the person's, by way of any relay. Gives its name and exit code. */
export async function operate(person: Person, scene: Scene): Promise<string> {
  const { random, world } = scene;
  let at = random() * WEIGHTS;
  const chosen = OPERATIONS.find(({ weight }) => (at -= weight) < 0) ?? OPERATIONS[0];
  if (chosen === undefined) throw new Error('There is nothing to do.');
  const entry = pick(world.relays, random);
  const result = await chosen.run(person, entry, scene);
  if (result === null) return `${chosen.name}: nothing`;
  if (result.code === null)
    throw new Broken(`${chosen.name} of ${person.name} by way of ${entry.name} hangs`);
  if (result.code === EXIT_CODES.unexpected.status || /\n\s+at /.test(result.stderr))
    throw new Broken(
      `${chosen.name} of ${person.name} by way of ${entry.name} is at a loss: ${result.stderr}`,
    );
  return `${chosen.name}: ${String(result.code)}`;
}

async function upload(person: Person, entry: ChaosRelay, scene: Scene): Promise<CliResult | null> {
  if (person.kept.length >= MAX_FILES) return remove(person, entry, scene);
  const { world, random } = scene;
  const sizeBytes = random() < 0.7 ? Math.ceil(random() * 200_000) : Math.ceil(random() * 2.5 * MIB);
  const { isHostile, hostileCount } = world;
  const result = await person.upload(sizeBytes, entry);
  const { file } = result;
  if (file === null || file.degraded) return result;
  // Five have signed, and at most one of them lies; it may have come and gone meanwhile.
  const least = isHostile || world.hostileCount > hostileCount ? REPLICAS - 1 : REPLICAS;
  for (const id of file.chunks) {
    const copies = await world.intactCopies(id);
    if (copies < least)
      throw new Broken(`${id} of ${file.name} is acknowledged with ${String(copies)} copies`);
  }
  return result;
}

async function download(person: Person, entry: ChaosRelay, scene: Scene): Promise<CliResult | null> {
  return ofOne(person, scene, async (file) => {
    const result = await person.read(file, entry);
    if (result.code === EXIT_CODES.ok.status && !result.same)
      throw new Broken(`${file.name} of ${person.name} comes back as something else`);
    return result;
  });
}

function remove(person: Person, entry: ChaosRelay, scene: Scene): Promise<CliResult | null> {
  return ofOne(person, scene, (file) => person.delete(file, entry));
}

/** Whoever has a manifest may read, and never delete. */
async function trespass(
  person: Person,
  entry: ChaosRelay,
  { people, random }: Scene,
): Promise<CliResult | null> {
  const foreign = people.flatMap((other) => (other === person ? [] : other.kept));
  if (foreign.length === 0) return null;
  const file = pick(foreign, random);
  const result = await person.trespass(file, entry);
  if (result.code === EXIT_CODES.ok.status)
    throw new Broken(`${person.name} deletes ${file.name}, which is ${file.owner.name}'s`);
  return result;
}

async function ofOne(
  person: Person,
  { random }: Scene,
  run: (file: StoredFile) => Promise<CliResult>,
): Promise<CliResult | null> {
  return person.kept.length === 0 ? null : run(pick(person.kept, random));
}
