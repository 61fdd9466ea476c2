/**
 * A way into a network namespace for a test outside of it: `node netns-door.ts SOCKET`. Whoever connects to the Unix socket sends
 * a port and a newline first, and is then connected to that port on this side's loopback.
 */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

const [, , file] = process.argv;
if (file === undefined) throw new Error('Usage: netns-door.ts SOCKET');

const server = createServer((outside) => {
  outside.on('error', () => outside.destroy());
  outside.once('data', (first) => {
    outside.pause();
    const end = first.indexOf('\n');
    const inside = connect(Number(first.subarray(0, end).toString()), '127.0.0.1');
    inside.write(first.subarray(end + 1));
    join(outside, inside);
    join(inside, outside);
  });
});
server.listen(file, () => console.log('open'));

function join(from: Socket, to: Socket): void {
  from.on('error', () => to.destroy());
  from.pipe(to);
}
