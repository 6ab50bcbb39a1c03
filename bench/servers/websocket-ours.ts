// The same by the framework, as a user writes it: node --expose-gc websocket-ours.js <port>
import { IsString } from 'class-validator';
import { Controller, Get, Module, OnMessage, OnOpen, serve, WebSocket, WebSocketSession } from 'rockstar-web';

@WebSocket('/echo')
class EchoSocket {
  @OnMessage()
  echo(message: string | Buffer) {
    return message;
  }
}

class Echo {
  @IsString()
  text!: string;
}

@WebSocket('/json')
class JsonSocket {
  @OnMessage('echo')
  echo(message: Echo) {
    return { type: 'echo', text: message.text };
  }
}

@WebSocket('/feed')
class FeedSocket {
  private count = 0;

  @OnOpen()
  open(socket: WebSocketSession) {
    socket.join('feed');
  }

  @OnMessage()
  go(_message: string, socket: WebSocketSession) {
    void socket.to('feed').send({ type: 'said', user: 'ada', text: 'x'.repeat(64), n: this.count++ % 10 });
  }
}

@Controller()
class StatsController {
  @Get('/stats')
  stats() {
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heapUsed, resources: process.getActiveResourcesInfo() };
  }
}

@Module({ controllers: [EchoSocket, JsonSocket, FeedSocket, StatsController] })
class AppModule {}

void serve(AppModule, { port: Number(process.argv[2]), logger: false });
