import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { once } from 'node:events';
import { generate } from 'selfsigned';
import { soon } from '../support/soon';

/** Where a program is installed; `undefined`: nowhere. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** The configuration that a document shows. */
export function configurationOf(language: string, document = 'docs/deployment.md'): string {
  const text = readFileSync(join(__dirname, '..', '..', document), 'utf8');
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(text)?.[1];
  if (block === undefined) throw new Error(`${document} has no block of ${language}`);
  return block;
}

/** Replaces what every machine has of its own; all of it must be there. */
export function fitted(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce((before, [from, to]) => {
    if (!before.includes(from)) throw new Error(`the configuration has no ${from}`);
    return before.replaceAll(from, to);
  }, text);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** A folder with a key and a certificate for example.com, as one file and as two. */
export async function makeFolder(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rockstar-proxy-'));

  const { cert, private: key } = await generate([{ name: 'commonName', value: 'example.com' }], {
    keyType: 'ec',
    algorithm: 'sha256',
  });
  writeFileSync(join(folder, 'example.com.crt'), cert);
  writeFileSync(join(folder, 'example.com.key'), key);
  writeFileSync(join(folder, 'example.com.pem'), `${cert}\n${key}`);
  return folder;
}

/** A proxy of this test alone. */
export class ProxyProcess {
  readonly #process: ChildProcess;
  readonly #folder: string;
  #said = '';

  private constructor(process: ChildProcess, folder: string) {
    this.#process = process;
    this.#folder = folder;
    const hear = (chunk: Buffer): void => void (this.#said += chunk.toString());
    process.stdout?.on('data', hear);
    process.stderr?.on('data', hear);
  }

  /** Settles when it answers at the port. */
  static async start(program: string, args: readonly string[], folder: string, port: number): Promise<ProxyProcess> {
    const proxy = new ProxyProcess(spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] }), folder);
    let isOpen = false;
    const knock = (): void => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => (isOpen = true)).once('close', () => (isOpen ? undefined : setImmediate(again)));
      socket.on('error', () => undefined).once('connect', () => socket.destroy());
    };
    const again = (): void => (proxy.#process.exitCode === null ? knock() : undefined);
    knock();
    await soon(() => {
      if (!isOpen) throw new Error(`the proxy does not answer: ${proxy.#said}`);
    }, 10_000);
    return proxy;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const closed = once(this.#process, 'close');
      this.#process.kill('SIGTERM');
      await closed;
    }
    rmSync(this.#folder, { recursive: true });
  }
}
