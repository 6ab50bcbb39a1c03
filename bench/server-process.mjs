// Servers in processes of their own.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { onServerCpu } from './machine.mjs';

const START_MS = 60_000;
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));

async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/** Starts a server and waits for its line with `listening`. In: its command, where `{port}` stands for the port. */
export async function startServer(command, env = {}) {
  const port = await freePort();
  const [file, ...args] = onServerCpu(command.map((word) => word.replaceAll('{port}', port)));
  const child = spawn(file, args, { env: { ...process.env, PORT: String(port), ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  void ended.then(() => running.delete(child));
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`not listening after ${START_MS} ms: ${command.join(' ')}`)), START_MS);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it listened: ${command.join(' ')}`)));
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (!text.includes('listening')) return;
      clearTimeout(late);
      resolve();
    });
  });
  return {
    port,
    pid: child.pid,
    async stop() {
      const impatient = setTimeout(() => child.kill('SIGKILL'), 8_000);
      child.kill('SIGTERM');
      await ended;
      clearTimeout(impatient);
    },
  };
}
