// node bench/hijack-step.mjs bare|hijacked: nanoseconds that a piece of data takes through an echo on a stream of no system, the best
// of many batches. A process of its own for each: what V8 learned of the one would have it run the other more slowly.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Duplex } from 'node:stream';

/** What is pushed comes, what is written is gone. */
class Nowhere extends Duplex {
  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
}

const echo = (stream) => stream.on('data', (chunk) => stream.write(chunk));

/** The same on a `HijackedConnection` over it: no system and no other process has a part in that. */
function echoHijacked(stream) {
  const require = createRequire(join(import.meta.dirname, '../dist/bench.js'));
  const { HijackedConnection } = require('./hijack/hijacked-connection.js');
  const takeover = {
    stream,
    protocol: '1.1',
    exchange: { host: { clock: performance, deadlines: {} }, connection: {}, wire: { method: 'GET' } },
    lifetime: {},
    destroy: () => undefined,
  };
  echo(new HijackedConnection(takeover, 'echo', () => undefined));
}

const stream = new Nowhere();
(process.argv[2] === 'hijacked' ? echoHijacked : echo)(stream);
await new Promise((resolve) => setImmediate(resolve));
const piece = Buffer.alloc(64);
let best = Infinity;
for (let batch = 0; batch < 120; batch++) {
  const start = performance.now();
  for (let at = 0; at < 4_000; at++) {
    stream.push(piece);
    // What streams put off happens now.
    await null;
    if (at % 16 === 0) await new Promise((resolve) => process.nextTick(resolve));
  }
  best = Math.min(best, ((performance.now() - start) * 1e6) / 4_000);
}
console.log(best.toFixed(0));
