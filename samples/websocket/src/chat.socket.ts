import { OnMessage, OnOpen, Query, WebSocket, WebSocketSession } from 'rockstar-web';
import { Say, Visitor } from './messages';

/** A chat room: whoever says something is heard by all in the room. */
@WebSocket('/ws/chat')
export class ChatSocket {
  /** The query is checked before the upgrade: without a room and a name there is none (400). */
  @OnOpen()
  enter(socket: WebSocketSession, @Query() { room }: Visitor) {
    socket.join(room);
  }

  @OnMessage('say')
  say({ text }: Say, socket: WebSocketSession, @Query() { room, user }: Visitor) {
    void socket.to(room).send({ type: 'said', user, text, at: new Date().toISOString() });
  }
}
