/** A swarm with a key: who does not have it neither joins, lists, reads, writes nor deletes, and learns no peer. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { openLink } from '../../relay/p2p/open-link.ts';
import { ByteBudget } from '../../relay/p2p/byte-budget.ts';
import { noiseKeyPair } from '../../relay/p2p/secure-stream.ts';
import { RpcRouter } from '../../relay/services/rpc.ts';
import { systemClock } from '../../relay/services/system-clock.ts';
import { AppError } from '../../shared/errors.ts';
import { newSwarmKeyText, parseSwarmKey } from '../../shared/protocol/swarm-key.ts';
import type { SwarmKey } from '../../shared/protocol/swarm-key.ts';
import { withSwarmSession } from '../../shared/protocol/swarm-session.ts';
import { CliUser } from '../helpers/cli.ts';
import { writeRandomFile } from '../helpers/files.ts';
import { startRelays } from '../helpers/relays.ts';
import type { RelayProcess, RelaySwarm } from '../helpers/relays.ts';
import { until } from '../helpers/until.ts';
import { makeIdentity } from './p2p-rig.ts';

/** A user whose folder holds the key of the swarm, and five relays that have it. */
async function privateSwarm(
  user: CliUser,
): Promise<AsyncDisposable & { swarm: RelaySwarm; key: SwarmKey; keyFile: string }> {
  const keyFile = user.path('swarm.key');
  expect((await user.run('swarm-key', keyFile)).code).toBe(0);
  const key = parseSwarmKey(await readFile(keyFile, 'utf8'));
  const swarm = await startRelays(5, {
    extraArgs: ['--swarm-key', keyFile],
    fetch: withSwarmSession(fetch, key),
  });
  return { swarm, key, keyFile, [Symbol.asyncDispose]: () => swarm[Symbol.asyncDispose]() };
}

/** The outsider has tried to join and was turned away. */
async function turnedAway(outsider: RelayProcess): Promise<void> {
  await until(async () => {
    const log = await readFile(outsider.log, 'utf8').catch(() => '');
    return log.split('could not join yet').length > 2;
  }, 'the outsider was turned away twice');
}

test('relays without the key, or with another one, neither join nor learn a peer', async () => {
  await using user = await CliUser.create();
  await using members = await privateSwarm(user);
  const { swarm, key } = members;
  const insiders = [...swarm.relays];
  const otherKey = user.path('other.key');
  await writeFile(otherKey, newSwarmKeyText());
  const other = withSwarmSession(fetch, parseSwarmKey(await readFile(otherKey, 'utf8')));
  // Each attempt is told then, not only the first.
  const join = ['--join', swarm.entry.url, '--log-level', 'debug'];
  const stranger = await swarm.add(join);
  const foreigner = await swarm.add([...join, '--swarm-key', otherKey], other);
  await Promise.all([turnedAway(stranger), turnedAway(foreigner)]);

  expect((await stranger.peers()).map(({ id }) => id)).toEqual([stranger.id]);
  expect((await foreigner.peers()).map(({ id }) => id)).toEqual([foreigner.id]);
  const ids = insiders.map(({ id }) => id).sort();
  for (const member of insiders) expect((await member.peers()).map(({ id }) => id).sort()).toEqual(ids);
  for (const outsider of [stranger, foreigner]) {
    const log = await readFile(outsider.log, 'utf8');
    for (const id of ids) expect(log).not.toContain(id);
  }

  // Straight to the link port, which a port scan finds.
  for (const swarmKey of [null, parseSwarmKey(newSwarmKeyText())]) {
    await expect(dialLink(swarm.entry, swarmKey)).rejects.toMatchObject({ name: 'AppError' });
  }
  const link = await dialLink(swarm.entry, key);
  link.close();
});

test('clients with the key do everything, those without it nothing', async () => {
  await using user = await CliUser.create();
  await using members = await privateSwarm(user);
  const { swarm, keyFile } = members;
  const file = user.path('secret.bin');
  await writeRandomFile(file, 2_500_000);
  const entry = ['--entry-node', swarm.entry.url];
  const scan = ['--scan', '--discovery-port', String(swarm.discoveryPort)];
  const withKey = ['--swarm-key', keyFile];
  const manifest = user.path('secret.manifest');

  const refused = await user.run('distribute', file, ...entry, '-m', manifest);
  expect(refused.code).toBe(4);
  expect(refused.stderr).toContain('private');
  expect((await user.run('distribute', file, ...scan, '-m', manifest)).code).toBe(4);
  expect((await user.run('distribute', file, ...entry, ...withKey, '-m', manifest)).code).toBe(0);
  expect((await user.run('reconstruct', manifest, user.path('no'), ...entry)).code).toBe(4);
  const back = await user.run('reconstruct', manifest, user.path('back.bin'), ...scan, ...withKey);
  expect(back).toMatchObject({ code: 0 });
  expect(await readFile(user.path('back.bin'))).toEqual(await readFile(file));

  const { chunks } = JSON.parse(await readFile(manifest, 'utf8')) as { chunks: { id: string }[] };
  const id = chunks[0]?.id ?? '';
  for (const [method, path] of [
    ['GET', `/chunk/${id}`],
    ['HEAD', `/chunk/${id}`],
    ['PUT', `/chunk/${id}`],
    ['DELETE', `/chunk/${id}`],
    ['POST', '/chunks/delete_batch'],
    ['POST', '/chunks/locate'],
    ['GET', '/catalog'],
    ['GET', '/chunks'],
    ['GET', '/peers'],
    ['GET', '/status'],
    ['GET', '/topology'],
    ['GET', '/metrics'],
    ['GET', '/events'],
  ] as const) {
    const answer = await fetch(`${swarm.entry.url}${path}`, { method });
    expect(answer.status, `${method} ${path}`).toBe(401);
    expect(await answer.text()).not.toContain(id);
  }
  // The operator's own token opens these two.
  for (const path of ['/repair', '/unjoin']) {
    expect((await fetch(`${swarm.entry.url}${path}`, { method: 'POST' })).status).toBe(403);
  }
});

test('its datagrams tell nobody anything, and foreign ones are not answered', async () => {
  await using user = await CliUser.create();
  await using members = await privateSwarm(user);
  const { swarm, keyFile } = members;
  const file = user.path('small.bin');
  await writeRandomFile(file, 1000);
  const manifest = user.path('small.manifest');
  const args = ['--entry-node', swarm.entry.url, '--swarm-key', keyFile, '-m', manifest];
  expect((await user.run('distribute', file, ...args)).code).toBe(0);
  const { chunks } = JSON.parse(await readFile(manifest, 'utf8')) as { chunks: { id: string }[] };
  const id = chunks[0]?.id ?? '';

  const listener = createSocket({ type: 'udp4', reuseAddr: true });
  const asker = createSocket('udp4');
  const heard: Buffer[] = [];
  const answers: Buffer[] = [];
  listener.on('message', (bytes) => heard.push(bytes));
  asker.on('message', (bytes) => answers.push(bytes));
  try {
    listener.bind(swarm.discoveryPort, '0.0.0.0');
    await once(listener, 'listening');
    asker.bind(0, '127.0.0.1');
    await once(asker, 'listening');
    asker.setBroadcast(true);
    const query = JSON.stringify({ type: 'QUERY_CHUNK', chunk_id: id, reply: asker.address().port });
    asker.send(query, swarm.discoveryPort, '127.255.255.255');
    // Each relay's next beacon comes after it has had the question.
    await until(() => Promise.resolve(heard.length >= 15), 'fifteen datagrams were heard');
  } finally {
    listener.close();
    asker.close();
  }
  expect(answers).toEqual([]);
  const sealed = heard.filter((bytes) => !bytes.toString('latin1').startsWith('{"type":"QUERY_CHUNK"'));
  const words = ['HELLO', 'port', ...swarm.relays.map((relay) => relay.id)];
  for (const bytes of sealed) for (const word of words) expect(bytes.includes(word)).toBe(false);
  expect(new Set(sealed.map((bytes) => bytes.toString('hex'))).size).toBe(sealed.length);
});

async function dialLink(relay: RelayProcess, swarmKey: SwarmKey | null): Promise<{ close: () => void }> {
  const identity = makeIdentity();
  const none = (): never => {
    throw new AppError('NOT_FOUND', 'None.');
  };
  const quiet = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const context = {
    selfId: identity.id,
    keyPair: noiseKeyPair(identity),
    swarmKey,
    chunks: { store: none, read: none, has: () => false },
    router: new RpcRouter(),
    budget: new ByteBudget(0),
    clock: systemClock,
    log: quiet,
    onPeers: () => undefined,
    hello: () => ({ port: 1, link: 1, capacity: 0, machine: '', beat: 0 }),
  };
  const address = { host: '127.0.0.1', link: relay.linkPort };
  const socket = connect({ host: address.host, port: address.link });
  await once(socket, 'connect');
  return openLink(context, { socket, dialled: address }, new AbortController().signal);
}
