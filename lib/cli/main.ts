#!/usr/bin/env node
import { runInApp } from './own-copy';

// What the shell calls: `rockstar <command>`.
const interrupt = new AbortController();
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  // The first asks for the end, the second does not wait for it.
  process.on(signal, () => (interrupt.signal.aborted ? process.exit(code) : interrupt.abort(signal)));
}

const { stdin, stdout, stderr } = process;
// Who read what is written has read enough (`rockstar routes | head`): what is under way comes to its end all the same.
for (const stream of [stdout, stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const terminal = {
  cwd: process.cwd(),
  env: process.env,
  input: stdin,
  output: stdout,
  errors: stderr,
  isInteractive: stdin.isTTY && stdout.isTTY,
  signal: interrupt.signal,
};

void runInApp(process.argv.slice(2), terminal).then((code) => {
  // The program of an application that was looked at may have opened something; what is written gets out first.
  stdout.write('', () => stderr.write('', () => process.exit(code)));
});
