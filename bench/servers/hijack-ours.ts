// The same by the framework, as a user writes it: node --expose-gc hijack-ours.js <port> [plain: no route takes connections over]
import { Controller, Get, Hijack, HijackedConnection, Module, OnMessage, serve, WebSocket } from 'rockstar-web';

@Controller()
class Raw {
  @Hijack('/data', { protocol: 'echo' })
  data(connection: HijackedConnection) {
    connection.accept();
    connection.on('data', (chunk: Buffer) => connection.write(chunk)).once('end', () => connection.end());
    return connection.whenClosed();
  }

  @Hijack('/pipe', { protocol: 'echo' })
  pipe(connection: HijackedConnection) {
    connection.accept();
    connection.pipe(connection);
    return connection.whenClosed();
  }

  @Hijack('/lines', { protocol: 'echo' })
  async lines(connection: HijackedConnection) {
    connection.accept();
    for (;;) {
      const line = await connection.readLine();
      if (line === undefined) return;
      await connection.send(`${line}\n`);
    }
  }

  @Hijack('/some/:id/other', { protocol: 'echo' })
  other(connection: HijackedConnection) {
    connection.end();
  }
}

@WebSocket('/socket')
class Socket {
  @OnMessage()
  echo(message: string | Buffer) {
    return message;
  }
}

@Controller()
class Plain {
  @Get('/')
  hello() {
    return { hello: 'world' };
  }

  @Get('/stats')
  stats() {
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed, resources: process.getActiveResourcesInfo() };
  }
}

@Module({ controllers: process.argv[3] === 'plain' ? [Plain] : [Plain, Raw, Socket] })
class AppModule {}

void serve(AppModule, { port: Number(process.argv[2]), logger: false });
