import type { Class } from '../metadata/slot';
import { websocketErrors } from './errors';
import { type Audience, Rooms } from './rooms';
import { readWebSocket } from './web-socket';

/** The rooms of one class. */
export interface ClassRooms {
  /** All sessions of the class. */
  readonly everybody: Audience;
  /** The names of the rooms that somebody is in. */
  readonly names: readonly string[];
  /** All that are in a room. */
  to(room: string): Audience;
}

/**
 * The rooms of the application's WebSockets, for whoever has something to tell their clients without holding a session: a
 * service, a route. Inject it: `rooms.of(LiveFeed).to('lobby').send({ … })`. Each `@WebSocket` class has rooms of its own.
 */
export class WebSocketRooms {
  readonly #byClass = new Map<Class, Rooms>();

  /** The rooms of a class. Fails with: WEBSOCKET_UNKNOWN. */
  of(gateway: Class): ClassRooms {
    if (readWebSocket(gateway) === undefined) throw websocketErrors.WEBSOCKET_UNKNOWN({ name: String(gateway.name) });
    return new RoomsOfClass(this.allOf(gateway));
  }

  /** @internal */
  allOf(gateway: Class): Rooms {
    let rooms = this.#byClass.get(gateway);
    if (rooms === undefined) {
      rooms = new Rooms();
      this.#byClass.set(gateway, rooms);
    }
    return rooms;
  }
}

class RoomsOfClass implements ClassRooms {
  readonly everybody: Audience;
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.everybody = rooms.everybody;
    this.#rooms = rooms;
  }

  get names(): readonly string[] {
    return this.#rooms.names();
  }

  to(room: string): Audience {
    return this.#rooms.to(room);
  }
}
