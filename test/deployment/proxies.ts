import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Application, ApplicationOptions } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { moduleOf, serveOn } from '../journeys/doors';
import { configurationOf, fitted, freePort, makeFolder, ProxyProcess } from './proxy-process';

/** A proxy as docs/deployment.md sets it up, and the application that goes with it. */
export interface Kind {
  readonly name: string;
  readonly options: ApplicationOptions;
  readonly httpVersion: string;
  /** Writes the configuration; out: what to start it with. */
  configure(folder: string, port: number, appPort: string): readonly string[];
}

export const nginx: Kind = {
  name: 'nginx',
  options: { trustProxy: '127.0.0.1' },
  httpVersion: '1.1',
  configure(folder, port, appPort) {
    const server = fitted(configurationOf('nginx'), {
      '127.0.0.1:3000': `127.0.0.1:${appPort}`,
      'listen 443': `listen 127.0.0.1:${port}`,
      '/etc/ssl': folder,
    });
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
    const main = `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}`;
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, `${main} http { access_log off; ${paths.join(' ')}\n${server} }`);
    return ['-p', folder, '-e', 'stderr', '-c', file];
  },
};

export const haproxy: Kind = {
  name: 'haproxy',
  options: { trustProxy: { proxies: '127.0.0.1', headers: 'forwarded' } },
  httpVersion: '2.0',
  configure(folder, port, appPort) {
    const file = join(folder, 'haproxy.cfg');
    const text = fitted(configurationOf('haproxy'), {
      '127.0.0.1:3000': `127.0.0.1:${appPort}`,
      'bind :443': `bind 127.0.0.1:${port}`,
      '/etc/ssl': folder,
    });
    writeFileSync(file, text);
    return ['-db', '-f', file];
  },
};

/** The client has an address of its own, so that nobody takes the proxy for it. */
export const CLIENT = { localAddress: '127.0.0.2', host: '127.0.0.1', servername: 'example.com', rejectUnauthorized: false };

/** The application and the proxy in front of it, for as long as `use` takes: each keeps connections to the other. */
export async function withProxy(
  { options, configure }: Kind,
  program: string,
  controllers: readonly ConcreteClass[],
  use: (port: number, app: Application) => Promise<void>,
): Promise<void> {
  const served = await serveOn(moduleOf(controllers), options);
  try {
    const port = await freePort();
    const folder = await makeFolder();
    const proxy = await ProxyProcess.start(program, configure(folder, port, served.url.port), folder, port);
    try {
      await use(port, served.app);
    } finally {
      await proxy.stop();
    }
  } finally {
    await served.app.close();
  }
}
