import { Server, ServerResponse } from 'node:http';
import { RecordingLogger } from '../support/kernel';

type Framework = typeof import('../../lib/index');
type Testing = typeof import('../../lib/testing/index');

/** The framework as a process has it that begins on a Node with something missing: the verdict is of the process, so each has its own. */
async function onNode(
  lack: () => void,
  use: (framework: Framework, testing: Testing, log: RecordingLogger) => Promise<void>,
): Promise<void> {
  await jest.isolateModulesAsync(async () => {
    const framework = jest.requireActual<Framework>('../../lib/index');
    const testing = jest.requireActual<Testing>('../../lib/testing/index');
    lack();
    try {
      await use(framework, testing, new RecordingLogger());
    } finally {
      jest.restoreAllMocks();
    }
  });
}

/** Does `change` to the arguments of an event of a server, before or after who listens has had them. */
function around(event: string, change: (args: unknown[]) => void, when: 'before' | 'after'): void {
  const emit = Server.prototype.emit as (this: Server, name: string | symbol, ...args: unknown[]) => boolean;
  jest.spyOn(Server.prototype, 'emit').mockImplementation(function (this: Server, name: string | symbol, ...args: unknown[]) {
    if (name === event && when === 'before') change(args);
    const isHeard = emit.call(this, name, ...args);
    if (name === event && when === 'after') change(args);
    return isHeard;
  });
}

/** What the self-test relies on and Node does not promise, each as a later version could have it. */
const LACKS: readonly [string, () => void, RegExp][] = [
  [
    'a response cannot be taken off its socket',
    () =>
      void jest.spyOn(ServerResponse.prototype, 'detachSocket').mockImplementation(() => {
        throw new TypeError('detachSocket is gone');
      }),
    /detachSocket is gone/,
  ],
  [
    'no parser stands on the socket',
    () => around('connection', ([socket]) => Object.assign(socket as object, { parser: undefined }), 'after'),
    /undefined/,
  ],
  [
    'what came behind the head is lost',
    () => around('upgrade', (args) => (args[2] = Buffer.alloc(0)), 'before'),
    /what follows a head is "" and should be as it was sent/,
  ],
];

describe.each(LACKS)('where %s', (_, lack, reason) => {
  it('an application with @Hijack, a HijackedConnection or a WebSocket does not start, and says why', () =>
    onNode(lack, async (framework, { createTestApp }) => {
      const { Controller, Get, Hijack, HijackedConnection, Module, OnMessage, WebSocket } = framework;

      @Controller()
      class Declared {
        @Hijack('/')
        take() {}
      }
      class Asking {
        take() {}
      }
      Controller()(Asking);
      Get('/')(Asking.prototype, 'take');
      Reflect.defineMetadata('design:paramtypes', [HijackedConnection], Asking.prototype, 'take');
      @WebSocket('/')
      class Socket {
        @OnMessage()
        any() {}
      }

      for (const controller of [Declared, Asking, Socket]) {
        @Module({ controllers: [controller] })
        class App {}
        const failure: unknown = await createTestApp(App, { logger: false }).catch((error: unknown) => error);
        expect(failure).toMatchObject({ code: 'HIJACK_UNSUPPORTED', message: expect.stringMatching(reason) as unknown });
        expect((failure as Error).message).toContain(process.version);
      }
    }));

  it('any other starts and says so in the log; who asks for a connection is told, and can still answer', () =>
    onNode(lack, async (framework, { createTestApp }, log) => {
      const { Controller, Get, Module, RequestContext } = framework;

      class Asking {
        async take(context: InstanceType<typeof RequestContext>) {
          return context.hijack().then(
            () => 'had it',
            (error: unknown) => (error as { code: unknown }).code,
          );
        }
      }
      Controller()(Asking);
      Get('/')(Asking.prototype, 'take');
      Reflect.defineMetadata('design:paramtypes', [RequestContext], Asking.prototype, 'take');

      @Module({ controllers: [Asking] })
      class App {}
      const app = await createTestApp(App, { logger: log });
      expect(log.lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'connections cannot be taken over' }));
      jest.restoreAllMocks();
      expect((await app.request({ url: '/' })).text()).toBe('HIJACK_UNSUPPORTED');
      await app.close();
    }));
});

it('here, all is as it has to be', () =>
  onNode(
    () => undefined,
    async (framework, { createTestApp }, log) => {
      const { Controller, Hijack, Module } = framework;

      @Controller()
      class Declared {
        @Hijack('/')
        take() {}
      }
      @Module({ controllers: [Declared] })
      class App {}
      const app = await createTestApp(App, { logger: log });
      expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
      await app.close();
    },
  ));
