/** Plain JavaScript on purpose: it must run, and say what is missing, on a Node that cannot run the rest. */
const [major = 0] = process.versions.node.split('.').map(Number);
if (major < 24) {
  console.error(
    `Lanvault needs Node 24 or newer and found ${process.versions.node}. On Linux and Windows "npm ci" brings it along; elsewhere install Node 24 and run the command again.`,
  );
  process.exit(1);
}
