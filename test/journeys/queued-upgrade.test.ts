import { Controller, Get, Hijack, HijackedConnection, Module, OnOpen, Plugin, WebSocket as Gateway } from 'rockstar-web';
import type { ConcreteClass } from '../../lib/metadata/slot';
import { RawClient } from '../support/raw-client';
import { gate, type Gate, soon } from '../support/soon';
import { QUIET, serveOn } from './doors';

let go: Gate<void>;

beforeEach(() => {
  go = gate();
});

@Controller()
class Slow {
  @Get('/slow')
  async slow() {
    await go.promise;
    return 'slow';
  }
}
@Plugin({ name: 'slow-plugin', version: '1.0.0', controllers: [Slow] })
class SlowPlugin {}

function livePlugin(version: string): ConcreteClass {
  @Gateway('/live')
  class Live {
    @OnOpen()
    opened() {
      return `live ${version}`;
    }
  }
  @Controller()
  class Raw {
    @Hijack('/raw')
    raw(connection: HijackedConnection) {
      connection.accept(200, { 'Content-Type': 'text/plain' });
      connection.write(`raw ${version}\r\n`);
      void connection.close();
    }
    @Get('/plain')
    plain() {
      return `plain ${version}`;
    }
  }
  @Plugin({ name: 'live-plugin', version, controllers: [Live, Raw] })
  class LivePlugin {}
  return LivePlugin;
}

const UPGRADE = [
  'GET /live HTTP/1.1',
  'Host: test',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');

describe('what waits behind an unanswered request while its plugin is replaced and goes', () => {
  it.each([
    ['an upgrade', UPGRADE, 'live 2.0.0'],
    ['a take-over', 'GET /raw HTTP/1.1\r\nHost: test\r\n\r\n', 'raw 2.0.0'],
    // It was begun when it came, and its answer waits.
    ['a request', 'GET /plain HTTP/1.1\r\nHost: test\r\n\r\n', 'plain 1.0.0'],
  ])('is answered, by the new one where it had not begun: %s', async (_, text, answer) => {
    @Module({ imports: [SlowPlugin, livePlugin('1.0.0')] })
    class App {}
    const { app, url } = await serveOn(App, QUIET);
    const client = await RawClient.connect(url);
    client.write(`GET /slow HTTP/1.1\r\nHost: test\r\n\r\n${text}`);
    await soon(() => expect(app.requests.list()).toHaveLength(1));
    const { stopped } = await app.plugins.replace('live-plugin', livePlugin('2.0.0'), { drainMs: 0 });
    await stopped;
    go.open();
    await client.until(answer);
    client.close();
    await client.closed();
    await app.close();
  });
});
