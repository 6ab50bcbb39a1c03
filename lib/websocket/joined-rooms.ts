import { websocketErrors } from './errors';
import type { Member, Rooms } from './rooms';

const MOST_ROOMS = 1_000;

/** The rooms that one session is in. */
export class JoinedRooms {
  readonly #rooms: Rooms;
  readonly #member: Member;
  readonly #names: Set<string>;

  constructor(rooms: Rooms, member: Member) {
    this.#rooms = rooms;
    this.#member = member;
    this.#names = new Set();
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  /** Fails with: WEBSOCKET_ROOMS_LIMIT. */
  join(name: string): void {
    if (this.#names.size >= MOST_ROOMS && !this.#names.has(name))
      throw websocketErrors.WEBSOCKET_ROOMS_LIMIT({ limit: MOST_ROOMS });
    this.#names.add(name);
    this.#rooms.join(name, this.#member);
  }

  leave(name: string): void {
    if (this.#names.delete(name)) this.#rooms.leave(name, this.#member);
  }

  leaveAll(): void {
    for (const name of this.#names) this.#rooms.leave(name, this.#member);
    this.#names.clear();
  }
}
