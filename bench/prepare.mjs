// What must be there before anything is measured: the built package, the servers over it, the peers, a certificate.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { generate } from 'selfsigned';

const HERE = import.meta.dirname;
export const OUT = join(HERE, 'out');

/** Builds the package in a folder of this project, and its server for the benchmark. Out: the file of the server. */
export function buildOurs(folder) {
  const require = createRequire(join(folder, 'package.json'));
  const run = (...args) => execFileSync(process.execPath, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  execFileSync('npm', ['run', '-s', 'build'], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
  run(require.resolve('typescript/bin/tsc'), '-p', 'bench/tsconfig.json');
  return join(folder, 'bench/out/servers/ours.js');
}

/** Installs what we are compared with, in the versions that package.json here names; does nothing when they are there. */
export function installPeers() {
  const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));
  const isThere = ([name, version]) => {
    const file = join(HERE, 'node_modules', name, 'package.json');
    return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).version === version;
  };
  if (Object.entries(dependencies).every(isThere)) return;
  const args = ['install', '--prefix', HERE, '--no-audit', '--no-fund', '--no-package-lock'];
  execFileSync('npm', args, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/** One certificate for all servers. Out: the environment that names it. */
export async function makeCertificate() {
  const folder = join(OUT, 'tls');
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  mkdirSync(folder, { recursive: true });
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' });
  writeFileSync(key, pems.private);
  writeFileSync(cert, pems.cert);
  return { HTTP2: '1', TLS_KEY: key, TLS_CERT: cert };
}
