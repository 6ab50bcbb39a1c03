// node bench/dashboard.mjs [--viewers 1000] [--seconds 8] [--rounds 3]
// The sample monitoring-dashboard with many viewers, beside a bare `ws` loop that sends as many bytes: CPU time of the server
// a second without viewers and with them, and what each viewer adds to a frame; in the clear and over TLS. Fails when a
// viewer misses a frame, or gets other bytes than the rest; never on timing. Linux only: it reads /proc.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import { cpuNsOf, describeMachine } from './machine.mjs';
import { startServer } from './server-process.mjs';
import { markdownTable, median } from './statistics.mjs';

const { values } = parseArgs({
  options: {
    viewers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
  },
});
const [viewers, seconds, rounds] = [values.viewers, values.seconds, values.rounds].map(Number);
const root = join(import.meta.dirname, '..');

const OURS = [
  process.execPath,
  '--conditions=rockstar-source',
  '--require',
  join(root, 'samples/compile.cjs'),
  join(root, 'samples/start.ts'),
  'monitoring-dashboard',
];
const bare = (bytes, door) => [process.execPath, join(root, 'bench/servers/dashboard-bare.mjs'), String(bytes), door];
const ENVIRONMENT = { DEMO: '0', ADMIN_TOKEN: 'bench', LOG_LEVEL: 'error' };
const DOORS = { plain: { HTTP2: '0' }, tls: { HTTP2: '1' } };

const HEAD =
  'GET /ws/metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

/** A viewer that reads bytes and does nothing with them but to keep a sum of what a frame was. */
function openViewer(port, door) {
  const viewer = { frames: 0, sum: '', bytes: 0, socket: undefined };
  let unread = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const ready = () => socket.write(HEAD);
    const at = { port, host: '127.0.0.1' };
    const socket =
      door === 'tls' ? connectTls({ ...at, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, ready) : connect(at, ready);
    viewer.socket = socket;
    let isOpen = false;
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
      if (!isOpen) {
        const end = unread.indexOf('\r\n\r\n');
        if (end < 0) return;
        if (!unread.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101')))
          return reject(new Error(unread.toString('latin1', 0, 200)));
        unread = unread.subarray(end + 4);
        isOpen = true;
        resolve(viewer);
      }
      // A server's text frame: two bytes, and two more of its length (RFC 6455 §5.2).
      while (unread.length >= 4 && unread.length >= 4 + unread.readUInt16BE(2)) {
        const end = 4 + unread.readUInt16BE(2);
        viewer.sum = createHash('sha1').update(unread.subarray(4, end)).digest('base64');
        viewer.bytes = end;
        viewer.frames++;
        unread = unread.subarray(end);
      }
    });
  });
}

async function openViewers(port, door, count) {
  const all = [];
  while (all.length < count) {
    all.push(...(await Promise.all(Array.from({ length: Math.min(50, count - all.length) }, () => openViewer(port, door)))));
  }
  return all;
}

async function cpuMsEachSecond(pid) {
  const [began, before] = [performance.now(), cpuNsOf(pid)];
  await sleep(seconds * 1_000);
  return (cpuNsOf(pid) - before) / 1e6 / ((performance.now() - began) / 1_000);
}

/** Nobody frames alike by chance: all viewers have seen the same last frame, each as many as the seconds were. */
function check(all, before) {
  const counts = all.map(({ frames }, at) => frames - before[at]);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (least < seconds - 1 || most - least > 1) throw new Error(`viewers got from ${least} to ${most} frames in ${seconds} s`);
}

async function untilSame(all) {
  for (let turn = 0; turn < 40; turn++) {
    if (new Set(all.map(({ sum }) => sum)).size === 1) return;
    await sleep(50);
  }
  throw new Error('viewers were sent different bytes');
}

async function measure(command, door) {
  const server = await startServer(command, { ...ENVIRONMENT, ...DOORS[door] });
  try {
    await sleep(3_000);
    const alone = await cpuMsEachSecond(server.pid);
    const all = await openViewers(server.port, door, viewers);
    await sleep(3_000);
    const before = all.map(({ frames }) => frames);
    const watched = await cpuMsEachSecond(server.pid);
    check(all, before);
    await untilSame(all);
    for (const { socket } of all) socket.destroy();
    return { alone, watched, bytes: all[0]?.bytes ?? 0 };
  } finally {
    await server.stop();
  }
}

const of = (list, what) => median(list.map((one) => one[what]));
const perFrameUs = (list) => ((of(list, 'watched') - of(list, 'alone')) * 1_000) / viewers;
const row = (title, list) => [
  title,
  of(list, 'alone').toFixed(2),
  of(list, 'watched').toFixed(2),
  `**${perFrameUs(list).toFixed(1)}**`,
];

console.log(describeMachine());
for (const door of Object.keys(DOORS)) {
  const found = { ours: [], bare: [] };
  for (let round = 0; round < rounds; round++) {
    const ours = await measure(OURS, door);
    found.ours.push(ours);
    found.bare.push(await measure(bare(ours.bytes - 4, door), door));
  }
  const bytes = of(found.ours, 'bytes');
  console.log(`\n${door}: ${viewers} viewers, a frame of ${bytes} bytes a second to each; CPU time of the server\n`);
  console.log(
    markdownTable([
      ['', 'ms a second, alone', `ms a second, ${viewers} viewers`, 'µs a viewer and frame'],
      row('bare `ws` loop', found.bare),
      row('the sample', found.ours),
    ]),
  );
  console.log(`\nthe sample / bare: ${(perFrameUs(found.ours) / perFrameUs(found.bare)).toFixed(2)}`);
}
