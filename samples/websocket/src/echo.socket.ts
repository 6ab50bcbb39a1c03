import { OnMessage, WebSocket } from 'rockstar-web';

/** Sends back what comes, text as text and bytes as bytes. */
@WebSocket('/ws/echo')
export class EchoSocket {
  @OnMessage()
  echo(message: string | Buffer) {
    return message;
  }
}
